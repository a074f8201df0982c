import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { chainWarning, importedRecord } from './import-certificate.ts';

const root = createCertificate({ name: 'Root', isCa: true });
const middle = createCertificate({ name: 'Middle', isCa: true, issuer: root });
const leaf = createCertificate({
  name: 'blog',
  names: ['blog.example.com', '*.lab.example.com'],
  issuer: middle,
});
const nowMs = Date.now();

const bring = (certificate: string, key: string = leaf.key) =>
  importedRecord({ certificate, key }, { nowMs, jitter: 0.5 });

const faultOf = (certificate: string, key?: string): string => {
  try {
    bring(certificate, key);
  } catch (error) {
    assert.ok(error instanceof SallyportError);
    assert.equal(error.code, 'certificate-invalid');
    return error.message;
  }
  return '';
};

test('a chain with its key becomes a record, whatever stands around it in the text', () => {
  const record = bring(`Bag Attributes\n${leaf.cert}\nsubject=...\n${middle.cert}`);
  assert.deepEqual(record.names, ['blog.example.com', '*.lab.example.com']);
  assert.equal(record.source, 'imported');
  assert.equal(record.certPem.match(/BEGIN CERTIFICATE/g)?.length, 2);
  assert.match(record.id, /^imported-blog\.example\.com-[0-9a-f]{10}$/);
});

test('one with the same names takes the place of the one before, and one with others does not', () => {
  const again = createCertificate({
    name: 'x',
    names: ['*.lab.example.com', 'blog.example.com'],
    issuer: middle,
  });
  const other = createCertificate({ name: 'x', names: ['blog.example.com'], issuer: middle });
  assert.notEqual(bring(other.cert, other.key).id, bring(leaf.cert).id);
  assert.equal(bring(again.cert, again.key).id.slice(-10), bring(leaf.cert).id.slice(-10));
});

for (const [what, certificate, key, sentence] of [
  ['text that is no certificate', 'hello', leaf.key, /no PEM certificate in the text/],
  [
    'a certificate that is damaged',
    leaf.cert.replace(/M[A-Za-z]/, '!!'),
    leaf.key,
    /no PEM certificate|cannot be read/,
  ],
  ['text that is no key', leaf.cert, leaf.cert, /no PEM private key in the text/],
  ["another certificate's key", leaf.cert, root.key, /key does not belong to the certificate/],
  ['the CA first', `${middle.cert}${leaf.cert}`, middle.key, /first certificate is a CA's/],
  [
    'a link that is missing',
    `${leaf.cert}${root.cert}`,
    leaf.key,
    /chain is broken: certificate 2 \(Root\) has not issued certificate 1 \(blog\)/,
  ],
  ['a bundle', leaf.cert.repeat(11), leaf.key, /11 certificates in the text/],
] as const) {
  test(`${what} is refused with the cure`, () => {
    assert.match(faultOf(certificate, key), sentence);
  });
}

test('one that has expired, is not valid yet, or names nobody is refused with the day', () => {
  const day = 86_400_000;
  const at = (notBefore: number, notAfter: number) =>
    createCertificate({
      name: 'x',
      names: ['blog.example.com'],
      notBefore: new Date(nowMs + notBefore),
      notAfter: new Date(nowMs + notAfter),
    });
  const expired = at(-2 * day, -day);
  assert.match(faultOf(expired.cert, expired.key), /expired at 2\d{3}-/);
  const early = at(day, 2 * day);
  assert.match(faultOf(early.cert, early.key), /not valid before 2\d{3}-/);
  const nameless = createCertificate({ name: 'x', names: [] });
  assert.match(faultOf(nameless.cert, nameless.key), /names no host|CA's/);
});

test('an encrypted key is refused with the command that decrypts it', () => {
  const locked = createPrivateKey(leaf.key).export({
    ...{ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'open sesame' },
  });
  assert.match(
    faultOf(leaf.cert, String(locked)),
    /encrypted with a passphrase; decrypt it first \("openssl pkey/,
  );
});

test('a chain that browsers cannot follow is told of', () => {
  assert.match(
    chainWarning(leaf.cert),
    /chain ends before a root that browsers know; unless your clients trust Middle/,
  );
  assert.match(
    chainWarning(createCertificate({ name: 'me', names: ['a.example'] }).cert),
    /Only clients that trust me/,
  );
});
