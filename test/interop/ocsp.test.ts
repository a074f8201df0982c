// Our OCSP messages before OpenSSL: the request is byte for byte what `openssl ocsp` would ask, and what it answers is
// understood; what others sign, or say of another certificate, is not believed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { decodeOcspAnswer, encodeOcspRequest } from '#certs/ocsp/ocsp-message.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { OcspResponder } from '../support/ocsp-responder.ts';
import { run } from '../support/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-ocsp-'));
after(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);

const ca = createCertificate({ name: 'ocsp CA', isCa: true });
const leaf = createCertificate({ name: 'leaf', names: ['blog.example.com'], issuer: ca });
const other = createCertificate({ name: 'other', names: ['app.example.com'], issuer: ca });
const chainOf = ({ cert }: TestCertificate, issuer = ca): string => cert + issuer.cert;

/** What a responder with this issuer's key answers to a request of ours. */
async function answer(
  subject: TestCertificate,
  { issuer = ca, isRevoked = false, known = true } = {},
): Promise<Buffer> {
  const responder = new OcspResponder({ folder, port: 0, issuer });
  responder.writeIndex(known ? [{ cert: subject.cert, isRevoked }] : []);
  writeFileSync(path('request.der'), encodeOcspRequest({ chainPem: chainOf(subject) }));
  const args = ['ocsp', ...responder.flags, '-reqin', path('request.der'), '-respout', path('response.der')];
  await run('openssl', args);
  return readFileSync(path('response.der'));
}

test('the request is byte for byte the one that OpenSSL makes', async () => {
  writeFileSync(path('ca.pem'), ca.cert);
  for (const subject of [leaf, other]) {
    writeFileSync(path('leaf.pem'), subject.cert);
    const args = [
      '-issuer',
      path('ca.pem'),
      '-cert',
      path('leaf.pem'),
      '-no_nonce',
      '-reqout',
      path('theirs.der'),
    ];
    await run('openssl', ['ocsp', ...args]);
    assert.equal(
      encodeOcspRequest({ chainPem: chainOf(subject) }).toString('hex'),
      readFileSync(path('theirs.der')).toString('hex'),
    );
  }
});

test('good, revoked and unknown are told apart, with the times of the answer', async () => {
  const subject = { chainPem: chainOf(leaf) };
  const good = decodeOcspAnswer(await answer(leaf), subject);
  assert.equal(good.status, 'good');
  assert.ok(Math.abs(good.thisUpdateMs - Date.now()) < 600_000);
  assert.equal(good.nextUpdateMs! - good.thisUpdateMs, 2 * 86_400_000);
  assert.equal(decodeOcspAnswer(await answer(leaf, { isRevoked: true }), subject).status, 'revoked');
  assert.equal(decodeOcspAnswer(await answer(leaf, { known: false }), subject).status, 'unknown');
});

test('an answer about another certificate, by another signer, or changed on the way is not believed', async () => {
  const bytes = await answer(leaf);
  assert.throws(() => decodeOcspAnswer(bytes, { chainPem: chainOf(other) }), /about another certificate/);
  const impostor = createCertificate({ name: 'ocsp CA', isCa: true });
  const forged = createCertificate({ name: 'leaf', names: ['blog.example.com'], issuer: impostor });
  assert.throws(
    () => decodeOcspAnswer(bytes, { chainPem: chainOf(forged, impostor) }),
    /signed by nobody who may/,
  );
  for (let at = 0; at < bytes.length; at += 7) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x01;
    try {
      assert.equal(decodeOcspAnswer(changed, { chainPem: chainOf(leaf) }).status, 'good', `byte ${at}`);
    } catch (error) {
      assert.ok(error instanceof Error);
    }
  }
});

test('an answer that is cut short is an error at every length', async () => {
  const bytes = await answer(leaf);
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => decodeOcspAnswer(bytes.subarray(0, length), { chainPem: chainOf(leaf) }));
  }
});
