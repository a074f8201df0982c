import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { systemRandom } from '#base/random.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import * as credentials from './credentials.ts';

const pin = 'A'.repeat(43);
const full = credentials.createCredentials(seededRandom(1), 'edge.example.com:443', pin);

test('a token and a credentials file go round, with and without edge address and pin', () => {
  for (const value of [
    full,
    credentials.createCredentials(systemRandom, '', ''),
    { ...full, edgeAddress: '[::1]:8443' },
  ]) {
    assert.deepEqual(credentials.parseToken(credentials.formatToken(value)), value);
    assert.deepEqual(
      credentials.parseCredentialsFile(credentials.formatCredentialsFile(value), 'x.json'),
      value,
    );
  }
});

test('cloudflared’s own token and file are read', () => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const tunnelId = '6FF42AE2-765D-4ADF-8112-31C55C1551EF';
  const token = Buffer.from(JSON.stringify({ a: 'account', t: tunnelId, s: secret })).toString('base64');
  const file = JSON.stringify({
    AccountTag: 'account',
    TunnelSecret: secret,
    TunnelID: tunnelId,
    Endpoint: '',
  });
  const expected = {
    accountTag: 'account',
    tunnelId: tunnelId.toLowerCase(),
    secret: Buffer.alloc(32, 7),
    edgeAddress: '',
    caPin: '',
  };
  assert.deepEqual(credentials.parseToken(`${token}\n`), expected);
  assert.deepEqual(credentials.parseCredentialsFile(file, 'x.json'), expected);
});

test('a token that cannot be used says so in cloudflared’s words, and why', () => {
  const token = (fields: object): string => Buffer.from(JSON.stringify(fields)).toString('base64');
  const s = Buffer.alloc(32).toString('base64');
  const t = full.tunnelId;
  const cases: readonly [string, RegExp][] = [
    ['', /it is empty/],
    ['not base64!', /not base64/],
    ['abcd', /does not hold JSON/],
    [Buffer.from('7').toString('base64'), /JSON object/],
    [token({ a: '', s }), /not a UUID/],
    [token({ a: '', s: '', t }), /secret has 0 bytes/],
    [token({ a: '', s: Buffer.alloc(31).toString('base64'), t }), /secret has 31 bytes/],
    [token({ a: '', s, t, e: 'http://edge' }), /host:port/],
    [token({ a: '', s, t, p: 'short' }), /pin/],
  ];
  for (const [text, why] of cases) {
    assert.throws(
      () => credentials.parseToken(text),
      (error) =>
        isSallyportError(error, 'credentials-invalid') &&
        error.message.startsWith('Provided Tunnel token is not valid.') &&
        why.test(error.message),
      text,
    );
  }
});

test('a token that came from a file names it in the error', () => {
  assert.throws(() => credentials.parseToken('', '/run/token'), /it is empty; .* again into \/run\/token\.$/);
});

test('an unusable credentials file is named in the error', () => {
  for (const text of ['', '{', '{}', '[]']) {
    assert.throws(
      () => credentials.parseCredentialsFile(text, '/etc/x.json'),
      /file \/etc\/x\.json cannot be used/,
    );
  }
});

test('signatures are by the key of the secret and the tunnel id, and nothing else', () => {
  const message = Buffer.from('message');
  const signature = credentials.signWith(full, message);
  const key = credentials.publicKeyOf(full);
  assert.equal(key.length, 32);
  assert.equal(credentials.verifySignature(key, message, signature), true);
  assert.equal(credentials.verifySignature(key, Buffer.from('massage'), signature), false);
  const other = credentials.publicKeyOf({ ...full, tunnelId: '0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e' });
  assert.equal(credentials.verifySignature(other, message, signature), false);
  assert.equal(credentials.verifySignature(key, message, new Uint8Array(64)), false);
  assert.equal(credentials.verifySignature(key, message, new Uint8Array(3)), false);
  assert.equal(credentials.verifySignature(new Uint8Array(31), message, signature), false);
  assert.equal(credentials.verifySignature(new Uint8Array(32).fill(0xff), message, signature), false);
});
