// Certificates as their owner sees and handles them: `sallyport cert` against an edge that gets them from Pebble.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { CertificateDetail, CertificateView } from '#model/certificates/certificate-view.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { sallyportCommand } from '../support/demo.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { startProcess } from '../support/process.ts';
import { AcmeWorld } from './world.ts';

const missing = await pebbleIsMissing();
const blog = 'blog.example.com';
const own = 'own.example.com';
let world: AcmeWorld;

before(async () => {
  if (missing !== undefined) return;
  world = await AcmeWorld.create({ hostnames: [blog], acme: { methods: ['http-01'] } });
  world.writeConfig();
  await world.startEdge();
  await world.trusted(blog);
});
after(() => world?.close());

async function cert(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const socket = join(world.folder, 'data/admin.sock');
  const running = startProcess(sallyportCommand, [...args, '--socket', socket], {
    env: { HOME: world.folder },
  });
  const code = await running.ended;
  return { code, out: running.stdout(), err: running.stderr() };
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, out, err } = await cert(...args, '--output', 'json');
  assert.equal(code, 0, err);
  return JSON.parse(out) as T;
}

function writePair(name: string, pair: TestCertificate, chain: readonly TestCertificate[] = []): string[] {
  const files = { cert: world.path(`${name}.pem`), key: world.path(`${name}.key`) };
  writeFileSync(files.cert, [pair, ...chain].map((one) => one.cert).join(''));
  writeFileSync(files.key, pair.key);
  return ['--cert', files.cert, '--key', files.key];
}

test(
  'S0-19 cert list and show say how a certificate was got, until when, and what comes next',
  { skip: missing, timeout: 240_000 },
  async () => {
    const { out } = await cert('cert', 'list');
    assert.match(out, /^HOSTNAME +STATE +FROM +METHOD +EXPIRES +RENEWAL\n/);
    assert.match(
      out,
      /blog\.example\.com +good +127\.0\.0\.1:\d+ +http-01 +2\d{3}-\d\d-\d\d +2\d{3}-\d\d-\d\d\n/,
    );
    const [listed] = await json<CertificateView[]>('cert', 'list');
    assert.equal(listed!.hostnames[0], blog);
    const shown = await json<CertificateDetail>('cert', 'show', blog);
    const { certificate } = await world.shown(blog);
    assert.equal(shown.fingerprint, certificate.fingerprint256);
    assert.match(shown.issuer, /Pebble/);
    const text = (await cert('cert', 'show', blog)).out;
    assert.match(text, /METHOD: +http-01, because no DNS provider covers the name/);
    assert.match(
      text,
      /Last order\nblog\.example\.com at 127\.0\.0\.1:\d+: issued after \d+\.\d s\n {2}2\d{3}-.*first certificate/,
    );
  },
);

test(
  'cert renew --wait orders another one and shows how it went',
  { skip: missing, timeout: 240_000 },
  async () => {
    const before = await world.shown(blog);
    const { code, out, err } = await cert('cert', 'renew', blog, '--wait');
    assert.equal(code, 0, err);
    assert.match(out, /issued after .*\n(.*\n)*.*renewal asked for by hand/);
    await world.eventually('another is shown', async () => {
      const now = await world.shown(blog);
      return now.isTrusted && now.certificate.fingerprint256 !== before.certificate.fingerprint256;
    });
  },
);

test(
  'cert import shows a pair of the owner at once, sealed where it is kept; cert remove takes it away',
  { skip: missing, timeout: 240_000 },
  async () => {
    const ca = createCertificate({ name: 'Home CA', isCa: true });
    const pair = createCertificate({ name: own, names: [own], issuer: ca });
    const { code, out, err } = await cert('cert', 'import', ...writePair('own', pair, [ca]));
    assert.equal(code, 0, err);
    assert.match(
      out,
      /^Imported the certificate for own\.example\.com at .*, good until 2\d{3}-\d\d-\d\d\.\n/,
    );
    world.writeConfig({ hostnames: [blog, own] });
    await world.eventually("the owner's is shown", async () => {
      const { certificate } = await world.shown(own);
      return certificate.raw.equals(pair.der);
    });
    const shown = await json<CertificateDetail>('cert', 'show', own);
    assert.equal(shown.source, 'imported');
    assert.match(shown.warning, /Only clients that trust Home CA accept it/);
    assert.equal((await cert('cert', 'renew', own)).code, 1);
    assert.equal((await cert('cert', 'remove', own, '--yes')).code, 0);
    assert.deepEqual((await world.trusted(own)).names, [own]);
    const items = await json<AuditEvent[]>('audit');
    const noted = JSON.stringify(items.filter(({ noun }) => noun === 'certificate'));
    for (const action of ['imported', 'renewed', 'deleted']) assert.match(noted, new RegExp(`"${action}"`));
    assert.doesNotMatch(noted, /PRIVATE KEY/);
  },
);

test(
  'cert import refuses a pair that does not fit, in one sentence, and keeps nothing',
  { skip: missing, timeout: 240_000 },
  async () => {
    const pair = createCertificate({ name: own, names: [own] });
    const other = createCertificate({ name: own, names: [own] });
    const args = writePair('bad', pair);
    writeFileSync(world.path('bad.key'), other.key);
    const { code, err } = await cert('cert', 'import', ...args);
    assert.equal(code, 1);
    assert.match(
      err,
      /^sallyport: The key does not belong to the certificate; give the pair that was made together\.\n$/,
    );
    const usage = await cert('cert', 'import', '--cert', args[1]!);
    assert.equal(usage.code, 2);
    assert.match(usage.err, /Name both files/);
    assert.equal((await cert('cert', 'show', 'nobody.example.com')).code, 1);
    assert.equal(readFileSync(world.path('bad.pem'), 'utf8').includes('CERTIFICATE'), true);
  },
);
