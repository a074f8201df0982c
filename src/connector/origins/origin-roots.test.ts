import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { OriginRoots } from './origin-roots.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-roots-'));
after(() => rmSync(folder, { recursive: true }));

test('rules that trust the same share one context, until the pool has changed', () => {
  const roots = new OriginRoots();
  const file = join(folder, 'ca.pem');
  const twin = join(folder, 'twin.pem');
  const { cert } = createCertificate({ name: 'CA', isCa: true });
  writeFileSync(file, cert);
  writeFileSync(twin, cert);
  const plain = roots.contextWith('');
  const pooled = roots.contextWith(file);
  assert.equal(roots.contextWith(''), plain);
  assert.equal(roots.contextWith(twin), pooled);
  assert.notEqual(plain, pooled);
  writeFileSync(file, createCertificate({ name: 'Other CA', isCa: true }).cert);
  assert.notEqual(roots.contextWith(file), pooled);
  assert.equal(roots.none, roots.none);
});

for (const [what, text, code] of [
  ['is missing', undefined, 'file-unreadable'],
  ['holds none', 'hello', 'certificate-invalid'],
  [
    'holds a broken one',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'certificate-invalid',
  ],
] as const) {
  test(`a pool that ${what} is refused by name`, () => {
    const file = join(folder, `${what}.pem`);
    if (text !== undefined) writeFileSync(file, text);
    assert.throws(
      () => new OriginRoots().contextWith(file),
      (error) => isSallyportError(error, code) && error.message.includes(file),
    );
  });
}
