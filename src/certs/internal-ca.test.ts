import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import type { Certificate } from './certificate.ts';
import { type InternalCaOptions, openInternalCa } from './internal-ca.ts';

const dayMs = 86_400_000;
const ownNames = ['edge.example.com', 'localhost', '127.0.0.1'];

function optionsFor(context: TestContext): InternalCaOptions & { readonly clock: FakeClock } {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-ca-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return {
    ...{ folder, ownNames, hostnames: ['*.example.com'] },
    ...{ clock: new FakeClock(), random: seededRandom(1) },
  };
}

function leafOf(certificate: Certificate): X509Certificate {
  return new X509Certificate(certificate.options.cert as string);
}

/** Certificates in ca.pem. */
function rootsIn(file: string): X509Certificate[] {
  const pem = readFileSync(file, 'utf8').match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? [];
  return pem.map((text) => new X509Certificate(text));
}

test('a root is kept: the same pin after a restart, its key readable by its owner only', (context) => {
  const options = optionsFor(context);
  const first = openInternalCa(options);
  assert.equal(openInternalCa(options).pin, first.pin);
  assert.equal(statSync(join(options.folder, 'internal-ca.json')).mode & 0o777, 0o600);
  assert.equal(rootsIn(first.caFile).length, 1);
  assert.equal(rootsIn(first.caFile)[0]!.ca, true);
});

test('a broken root is an error and is left as it is', (context) => {
  const options = optionsFor(context);
  openInternalCa(options);
  const file = join(options.folder, 'internal-ca.json');
  replaceFile(file, '{', 0o600);
  assert.throws(
    () => openInternalCa(options),
    (error) => isSallyportError(error, 'certificate-invalid') && error.message.includes('backup'),
  );
  assert.equal(readFileSync(file, 'utf8'), '{');
});

test('a leaf is remembered for two thirds of its week, then made anew', (context) => {
  const options = optionsFor(context);
  const ca = openInternalCa(options);
  const leaf = ca.certificateFor(['blog.example.com']);
  options.clock.advance(4.6 * dayMs);
  assert.equal(ca.certificateFor(['blog.example.com']), leaf);
  options.clock.advance(0.1 * dayMs);
  const renewed = ca.certificateFor(['blog.example.com']);
  assert.notEqual(renewed, leaf);
  assert.equal(renewed.notAfterMs, options.clock.wallMs() + 7 * dayMs);
  assert.equal(leafOf(renewed).checkHost('blog.example.com'), 'blog.example.com');
});

test('names that come later get a further root, and the first stays as it was', (context) => {
  const options = optionsFor(context);
  const ca = openInternalCa(options);
  const { pin } = ca;
  const [first] = rootsIn(ca.caFile);
  assert.equal(ca.permits('app.example.net'), false);
  assert.throws(
    () => ca.certificateFor(['app.example.net']),
    (error) => isSallyportError(error),
  );

  assert.deepEqual(ca.extend(['blog.example.com', 'app.example.net']), ['app.example.net']);
  assert.deepEqual(ca.extend(['app.example.net', 'x.app.example.net']), []);
  assert.equal(ca.pin, pin);
  const roots = rootsIn(ca.caFile);
  assert.deepEqual(roots.length, 2);
  assert.equal(roots[0]!.fingerprint256, first!.fingerprint256);
  assert.ok(leafOf(ca.certificateFor(['app.example.net'])).verify(roots[1]!.publicKey));
  assert.ok(leafOf(ca.certificateFor(['blog.example.com'])).verify(roots[0]!.publicKey));

  const again = openInternalCa(options);
  assert.equal(again.permits('app.example.net'), true);
  assert.equal(rootsIn(again.caFile).length, 2);
});

test('an edge that is renamed has a root for its new name, which comes first in ca.pem', (context) => {
  const options = optionsFor(context);
  const before = openInternalCa(options);
  const renamed = openInternalCa({ ...options, ownNames: ['edge.example.net', 'localhost', '127.0.0.1'] });
  assert.notEqual(renamed.pin, before.pin);
  const leaf = leafOf(renamed.certificateFor(['edge.example.net', 'localhost', '127.0.0.1']));
  assert.ok(leaf.verify(rootsIn(renamed.caFile)[0]!.publicKey));
});

test('a root at its end is replaced at the next start', (context) => {
  const options = optionsFor(context);
  const { pin } = openInternalCa(options);
  options.clock.advance(3_640 * dayMs);
  assert.equal(openInternalCa(options).pin, pin);
  options.clock.advance(4 * dayMs);
  assert.notEqual(openInternalCa(options).pin, pin);
  assert.equal(existsSync(join(options.folder, 'internal-ca-2.json')), false);
});
