import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { isSallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/private-file.ts';
import { systemRandom } from '#base/random.ts';
import { openInternalCa } from './internal-ca.ts';

test('the internal CA keeps its pin, its key private, and refuses to replace a broken root', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ca-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const options = {
    folder,
    names: ['localhost'],
    mayReplace: false,
    clock: systemClock,
    random: systemRandom,
  };
  const first = openInternalCa(options);
  assert.equal(openInternalCa(options).pin, first.pin);
  assert.equal(statSync(join(folder, 'internal-ca.json')).mode & 0o777, 0o600);
  assert.equal(new X509Certificate(readFileSync(first.caFile)).ca, true);
  assert.equal(first.permits('blog.localhost'), true);
  assert.equal(first.permits('example.com'), false);
  assert.equal(first.certificateFor(['a.localhost']), first.certificateFor(['a.localhost']));
  replaceFile(join(folder, 'internal-ca.json'), '{', 0o600);
  assert.throws(
    () => openInternalCa(options),
    (error) => isSallyportError(error, 'certificate-invalid'),
  );
});
