// What is signed, byte by byte, and who is let in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#testkit/seeded-random.ts';
import { createCredentials, publicKeyOf } from '../credentials.ts';
import { answerHello, judgeAuth, signedMessage, versionFault } from './handshake.ts';
import { createUuid } from '#base/text/uuid.ts';

const random = seededRandom(9);
const credentials = createCredentials(random, '', '');
const publicKey = publicKeyOf(credentials);
const nonce = random.bytes(32);
const exporter = random.bytes(32);
const identity = {
  credentials,
  instanceId: createUuid(random),
  index: 3,
  info: { version: '0.1.0', arch: 'linux_x64' },
};
const auth = answerHello(identity, { version: 1, nonce, wallMs: 0 }, exporter);

test('the signed bytes are label, exporter, nonce, tunnel id, instance id and index, in this order', () => {
  const message = signedMessage(exporter, nonce, auth);
  const label = Buffer.from('sallyport/1 connector authentication\0');
  const uuids = Buffer.from((credentials.tunnelId + identity.instanceId).replaceAll('-', ''), 'hex');
  assert.deepEqual(message, Buffer.concat([label, exporter, nonce, uuids, Buffer.from([3])]));
});

test('a good signature names the key that made it', () => {
  const other = publicKeyOf(createCredentials(random, '', ''));
  const verdict = judgeAuth(auth, nonce, exporter, { publicKeys: [other, publicKey] });
  assert.deepEqual(verdict, { isGood: true, publicKey });
});

test('a signature is good for nothing but what it was made for', () => {
  const keys = { publicKeys: [publicKey] };
  const isGood = (changed: Partial<typeof auth>, ownNonce = nonce, ownExporter = exporter): boolean =>
    judgeAuth({ ...auth, ...changed }, ownNonce, ownExporter, keys).isGood;
  assert.equal(isGood({}), true);
  assert.equal(isGood({ index: 4 }), false);
  assert.equal(isGood({ instanceId: createUuid(random) }), false);
  assert.equal(isGood({ tunnelId: createUuid(random) }), false);
  assert.equal(isGood({}, random.bytes(32)), false);
  assert.equal(isGood({}, nonce, random.bytes(32)), false);
  assert.equal(isGood({ signature: new Uint8Array(64) }), false);
});

test('another version of the protocol is refused before anything else is looked at', () => {
  const verdict = judgeAuth({ ...auth, version: 2 }, nonce, exporter, undefined);
  assert.equal(verdict.isGood || verdict.reason, 'version-mismatch');
  assert.equal(versionFault(1), undefined);
});
