import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { type Log, silentLog } from '#base/log.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { createCertificate, type CertificateOptions, type TestCertificate } from '#testkit/certificates.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { CertificateFiles } from './certificate-files.ts';
import { CertificateStore } from './certificate-store.ts';
import { openInternalCa } from './internal-ca.ts';

const dayMs = 86_400_000;
const start = Date.UTC(2026, 0, 1);

interface Scene {
  readonly clock: FakeClock;
  readonly warnings: string[];
  readonly news: readonly string[];
  readonly path: (name: string) => string;
  /** Writes `NAME.pem` and `NAME-key.pem`, and returns what was written. */
  readonly write: (name: string, change?: Partial<CertificateOptions>) => TestCertificate;
  readonly open: (...names: string[]) => Promise<CertificateFiles>;
}

function scene(context: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-certificates-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  const clock = new FakeClock(start);
  const warnings: string[] = [];
  const news: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (message) => void warnings.push(message),
    info: (message) => void news.push(message),
  };
  return {
    ...{ clock, warnings, news, path },
    write(name, change = {}) {
      const names = ['blog.example.com', '*.lab.example.com'];
      const dates = { notBefore: new Date(start - dayMs), notAfter: new Date(start + 90 * dayMs) };
      const made = createCertificate({ name, names, ...dates, ...change });
      writeFileSync(path(`${name}.pem`), made.cert);
      writeFileSync(path(`${name}-key.pem`), made.key);
      return made;
    },
    async open(...names) {
      const pairs = names.map((name) => ({ cert: path(`${name}.pem`), key: path(`${name}-key.pem`) }));
      const files = await CertificateFiles.open({ pairs, clock, log, lookEveryMs: 1_000 });
      context.after(() => files.close());
      return files;
    },
  };
}

/** PEM of what would be shown for a name. */
function shown(files: CertificateFiles, name: string): unknown {
  return files.lookup(name)?.options.cert;
}

test('an exact name is found before a wildcard, which stands for one label', async (context) => {
  const { write, open } = scene(context);
  const wide = write('wide', { names: ['*.example.com'] });
  const exact = write('exact', { names: ['blog.example.com'] });
  const files = await open('wide', 'exact');
  assert.equal(shown(files, 'blog.example.com'), exact.cert);
  assert.equal(shown(files, 'app.example.com'), wide.cert);
  assert.equal(shown(files, 'a.app.example.com'), undefined);
  assert.equal(files.first?.options.cert, wide.cert);
});

const faults: readonly [string, RegExp, (at: Scene) => void][] = [
  [
    'expired',
    /bad\.pem expired at 2025-12-31T.*renew it/,
    (at) => at.write('bad', { notAfter: new Date(start - 1) }),
  ],
  [
    'not yet valid',
    /bad\.pem is not valid before 2026-01-02T.*clock/,
    (at) => at.write('bad', { notBefore: new Date(start + dayMs) }),
  ],
  ['missing', /bad\.pem could not be read/, () => {}],
  ['nameless', /names no host/, (at) => at.write('bad', { names: [] })],
  [
    'beside another key',
    /bad-key\.pem does not belong to the certificate/,
    (at) => {
      at.write('bad');
      writeFileSync(at.path('bad-key.pem'), at.write('other').key);
    },
  ],
];
for (const [what, sentence, spoil] of faults) {
  test(`a certificate that is ${what} stops the start, and later leaves the last good one in force`, async (context) => {
    const fresh = scene(context);
    spoil(fresh);
    await assert.rejects(
      fresh.open('bad'),
      (error) => isSallyportError(error) && sentence.test(error.message),
    );

    const running = scene(context);
    const good = running.write('bad');
    const files = await running.open('bad');
    unlinkSync(running.path('bad.pem'));
    spoil(running);
    await files.look();
    assert.equal(shown(files, 'blog.example.com'), good.cert);
    assert.match(running.warnings.join('\n'), sentence);
    assert.deepEqual(running.news, [], 'nothing is said to be loaded when nothing is');
    const mended = running.write('bad');
    await files.look();
    assert.equal(shown(files, 'blog.example.com'), mended.cert);
  });
}

test('renewals by rename and by a swapped symlink are taken up', async (context) => {
  const { write, open, path } = scene(context);
  write('old');
  for (const part of ['', '-key']) symlinkSync(`old${part}.pem`, path(`live${part}.pem`));
  const files = await open('live');
  const renewed = write('new');
  for (const part of ['', '-key']) {
    symlinkSync(`new${part}.pem`, path('swap'));
    renameSync(path('swap'), path(`live${part}.pem`));
  }
  await files.look();
  assert.equal(shown(files, 'blog.example.com'), renewed.cert);
});

test('a certificate near its end is warned about with its date, and is not shown after it', async (context) => {
  const { clock, warnings, write, open } = scene(context);
  write('short', { notAfter: new Date(start + 5 * dayMs) });
  const files = await open('short');
  assert.match(warnings.join('\n'), /short\.pem expires soon, at 2026-01-06T/);
  clock.advance(6 * dayMs);
  assert.equal(files.lookup('blog.example.com'), undefined);
});

test('the store shows a file, else a leaf for a served hostname, else the first certificate', async (context) => {
  const { clock, path, write, open } = scene(context);
  const file = write('file');
  const random = seededRandom(1);
  const ownNames = ['localhost'];
  const internalCa = openInternalCa({
    folder: path('ca'),
    ownNames,
    hostnames: ['*.example.net'],
    clock,
    random,
  });
  const files = await open('file');
  const store = new CertificateStore({ files, internalCa, ownNames, random });
  store.serve(['*.example.net', 'blog.example.com']);
  assert.equal(store.defaultOptions()?.cert, file.cert);
  assert.equal(store.contextFor('blog.example.com'), files.first!.context);
  assert.equal(store.contextFor('nobody.example.org'), files.first!.context);
  assert.notEqual(store.contextFor('app.example.net'), files.first!.context);
  assert.equal(store.hasFileFor('blog.example.com'), true);
  assert.equal(store.hasFileFor('app.example.net'), false);
  assert.equal(store.covers('app.example.net', 'app.example.net'), true);
  assert.equal(store.covers('app.example.net', 'other.example.net'), false);
  assert.equal(store.covers('blog.example.com', 'a.lab.example.com'), true);
  assert.equal(store.covers('blog.example.com', 'a.b.lab.example.com'), false);
});
