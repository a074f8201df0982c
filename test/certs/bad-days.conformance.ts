// Bad days, with the real authority of the trade's own tests and a real edge process: everything that issue trackers say
// goes wrong with certificates. Each says what it is, and heals or keeps serving.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, rmSync, statfsSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { createWebClient } from '#base/web-client.ts';
import { AcmeClient } from '#certs/acme/acme-client.ts';
import type { AccountRecord, CertificateRecord } from '#model/certificate-record.ts';
import { startSallyport } from '../support/demo.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { freePort, isInstalled } from '../support/process.ts';
import { AcmeWorld, type AcmeWorldOptions } from './world.ts';

const missing = await pebbleIsMissing();
const blog = 'blog.example.com';

async function begin(context: TestContext, options: Partial<AcmeWorldOptions> = {}): Promise<AcmeWorld> {
  const world = await AcmeWorld.create({
    hostnames: [blog],
    acme: { methods: ['http-01'] },
    // What is kept is looked at, and changed, in files.
    edge: { store: 'off' },
    ...options,
  });
  context.after(() => world.close());
  world.writeConfig();
  return world;
}

const hosts = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}.example.com`);

test(
  'nonces refused at every second try, slow validation and nothing reused: three methods come through',
  { skip: missing },
  async (context) => {
    const env = { PEBBLE_WFE_NONCEREJECT: '50', PEBBLE_VA_NOSLEEP: '0', PEBBLE_VA_SLEEPTIME: '3' };
    const world = await begin(context, { pebble: { env }, acme: {} });
    await world.startEdge();
    await world.trusted(blog, 120_000);
    world.writeConfig({ hostnames: [blog, ...hosts(3)] });
    for (const hostname of hosts(3)) await world.trusted(hostname, 120_000);
  },
);

test(
  'Pebble at its strictest, with a long chain and a profile of six days',
  { skip: missing },
  async (context) => {
    const profiles = {
      default: { description: 'ninety days', validityPeriod: 7_776_000 },
      shortlived: { description: 'six days', validityPeriod: 518_400 },
    };
    const world = await begin(context, {
      pebble: { env: { PEBBLE_CHAIN_LENGTH: '3' }, config: { profiles }, args: ['-strict'] },
    });
    const { directory, caFile } = world.pebble;
    world.writeConfig({ acme: { authorities: [{ directory, caFile, profile: 'shortlived' }] } });
    await world.startEdge();
    const { certificate } = await world.trusted(blog);
    const lifeMs = certificate.validToDate.getTime() - certificate.validFromDate.getTime();
    assert.equal(Math.round(lifeMs / 86_400_000), 6);
  },
);

test(
  'the authority is away, comes back having forgotten everything, and the hostname has its certificate',
  { skip: missing },
  async (context) => {
    const world = await begin(context);
    await world.startEdge();
    await world.trusted(blog);
    await world.pebble.goAway();
    world.writeConfig({ hostnames: [blog, 'app.example.com'] });
    await world.said(
      /could not be reached \(.*ECONNREFUSED.*There is no certificate yet\. It is tried again/,
    );
    assert.deepEqual((await world.shown(blog)).names, [blog], 'what there was is shown as ever');
    await world.pebble.comeBack();
    await world.trusted('app.example.com', 90_000);
  },
);

test(
  'an authority that takes connections and answers nothing is given up and asked again',
  { skip: missing },
  async (context) => {
    const world = await begin(context);
    world.pebble.freeze();
    await world.startEdge();
    await world.said(/could not be reached \(no whole answer within 30 s\)/, 150_000);
    world.pebble.thaw();
    await world.trusted(blog, 90_000);
  },
);

test('a second authority takes over from one that is away', { skip: missing }, async (context) => {
  const world = await begin(context);
  const { directory, caFile } = world.pebble;
  const away = `https://127.0.0.1:${await freePort()}/dir`;
  world.writeConfig({
    acme: {
      authorities: [
        { directory: away, caFile },
        { directory, caFile },
      ],
    },
  });
  await world.startEdge();
  await world.trusted(blog);
});

test(
  'a hostname that leads elsewhere: the cause and the cure in one line, and it heals',
  { skip: missing },
  async (context) => {
    const world = await begin(context);
    // Nobody listens at this address.
    await world.pebble.dns('/add-a', { host: `${blog}.`, addresses: ['127.0.0.77'] });
    await world.startEdge();
    await world.said(/could not validate blog\.example\.com by http-01: .*; check that .*blog\.example\.com/);
    await world.pebble.dns('/clear-a', { host: `${blog}.` });
    await world.trusted(blog, 120_000);
  },
);

for (const [what, offset] of [
  ['behind', '-30d'],
  ['ahead', '+30d'],
] as const) {
  test(
    `a clock that is a month ${what}: said once, with the cure; the certificate is got once and shown`,
    { skip: missing },
    async (context) => {
      if (!(await isInstalled('faketime')))
        return context.skip('faketime is not installed; test/system-packages.sh installs it');
      const library = String(spawnSync('faketime', ['now', 'printenv', 'LD_PRELOAD']).stdout).trim();
      const world = await begin(context, {
        pebble: { config: { profiles: { default: { description: 'six days', validityPeriod: 518_400 } } } },
      });
      await world.startEdge({ LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' });
      await world.trusted(blog);
      await world.said(
        new RegExp(`clock is 30\\.0 days ${what === 'behind' ? 'behind' : 'ahead of'} that of .*set it`),
      );
      // A second hostname's order would find the first due, if anything took this machine's time for true.
      world.writeConfig({ hostnames: [blog, 'app.example.com'] });
      await world.trusted('app.example.com');
      assert.equal(world.orders().length, 2);
      const said = world.edge!.stderr().match(/clock is 30\.0 days/g) ?? [];
      assert.equal(said.length, 1);
    },
  );
}

test(
  'a revoked certificate shows in the renewal information, and is replaced by name',
  { skip: missing },
  async (context) => {
    const world = await begin(context);
    await world.startEdge();
    const first = await world.trusted(blog);
    await world.eventually(
      'renewal information is kept',
      () => world.kept('certificates')[0]!.value['renewal'],
    );
    await world.edge!.stop();
    const account = world.kept('accounts')[0]!.value as AccountRecord;
    const { file, value } = world.kept('certificates')[0]!;
    const web = createWebClient({ ca: readFileSync(world.pebble.caFile, 'utf8'), userAgent: 'test' });
    context.after(() => web.close());
    const client = new AcmeClient({
      ...{ directoryUrl: account.authority, accountUrl: account.accountUrl, web, clock: systemClock },
      accountKey: createPrivateKey(account.keyPem),
    });
    await client.revoke(first.certificate.raw, 1, AbortSignal.timeout(10_000));
    // Six hours later: the time has come to ask again.
    const record = value as CertificateRecord;
    const renewal = { ...record.renewal!, askAgainAtMs: Date.now() - 1 };
    writeFileSync(file, JSON.stringify({ ...record, renewal }));
    await world.startEdge();
    await world.said(/wants the certificate renewed ahead of its time; it may have been revoked/);
    const second = await world.eventually('another certificate is shown', async () => {
      const shown = await world.shown(blog);
      return (
        shown.isTrusted && shown.certificate.fingerprint256 !== first.certificate.fingerprint256 && shown
      );
    });
    assert.equal(world.orders().at(-1)!.cause.startsWith('renewal: the authority suggests'), true);
    assert.ok(new X509Certificate(second.certificate.raw));
  },
);

test(
  'a renewal by TLS-ALPN-01 while the old certificate is being shown',
  { skip: missing },
  async (context) => {
    const world = await begin(context, { acme: { methods: ['tls-alpn-01'] } });
    await world.startEdge();
    const first = await world.trusted(blog);
    await world.edge!.stop();
    const { file, value } = world.kept('certificates')[0]!;
    const renewal = { startMs: 1, endMs: 2, explanationUrl: '', askAgainAtMs: Date.now() + 3_600_000 };
    writeFileSync(file, JSON.stringify({ ...value, renewal }));
    await world.startEdge();
    await world.eventually('another certificate is shown', async () => {
      const shown = await world.shown(blog);
      assert.ok(shown.isTrusted, 'there is never a moment without');
      return shown.certificate.fingerprint256 !== first.certificate.fingerprint256;
    });
  },
);

test(
  'the disk fills up between order and certificate: it is shown, kept when there is room, and never ordered twice',
  { skip: missing },
  async (context) => {
    // A certificate that needs more room than the answers that are taken down leave free.
    const world = await begin(context, { pebble: { env: { PEBBLE_CHAIN_LENGTH: '8' } } });
    const data = world.path('data');
    mkdirSync(data);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', data]).status !== 0)
      return context.skip('no tmpfs can be mounted here: this needs root');
    world.atClose(() => spawnSync('umount', ['--lazy', data]));
    await world.startEdge();
    await world.trusted(blog);
    world.writeConfig({ hostnames: [blog, 'app.example.com'] });
    await world.said(/Order for app\.example\.com: order https/);
    world.pebble.freeze();
    const ballast = join(data, 'ballast');
    const { bavail, bsize } = statfsSync(data);
    writeFileSync(ballast, Buffer.alloc(Number(bavail) * Number(bsize)));
    world.pebble.thaw();
    const shown = await world.trusted('app.example.com');
    await world.said(
      /certificate for app\.example\.com is in use but could not be saved: .*no space left on device/,
    );
    assert.equal((await world.shown(blog)).isTrusted, true);
    assert.equal(world.kept('certificates').length, 1);
    // The edge dies like this, and somebody makes room.
    await world.edge!.kill();
    rmSync(ballast);
    await world.startEdge();
    const again = await world.trusted('app.example.com');
    assert.equal(again.certificate.fingerprint256, shown.certificate.fingerprint256);
    await world.eventually('it is kept', () => world.kept('certificates').length === 2);
    assert.equal((world.pebble.log().match(/Added order/g) ?? []).length, 2);
  },
);

test(
  'two edges on one vault: each hostname is ordered once, by either, and both show it',
  { skip: missing },
  async (context) => {
    const world = await begin(context, {
      hostnames: hosts(12),
      acme: { shared: true, namesPerCertificate: 4 },
    });
    const otherPort = await freePort();
    world.writeConfig({ edge: { listen: { https: `127.0.0.1:${otherPort}`, http: [] } } });
    const other = world.path('other.yml');
    // The second has no plain listener of its own: what it orders is answered by the first.
    const listen = { https: `127.0.0.1:${otherPort}`, http: `127.0.0.1:${await freePort()}` };
    const config = JSON.parse(readFileSync(world.path('edge.yml'), 'utf8')) as Record<string, unknown>;
    writeFileSync(other, JSON.stringify({ ...config, listen }));
    world.writeConfig();
    const second = startSallyport(['edge', 'run', '--config', other]);
    context.after(() => second.stop());
    await world.startEdge();
    for (const hostname of hosts(12)) {
      const { certificate } = await world.trusted(hostname);
      await world.eventually(`the second edge shows ${hostname}`, async () => {
        const shown = await world.shown(hostname, otherPort);
        return shown.certificate.fingerprint256 === certificate.fingerprint256;
      });
    }
    const ordered = world.orders().flatMap(({ names }) => names);
    assert.deepEqual(ordered.toSorted(), hosts(12).toSorted());
    assert.equal(world.kept('accounts').length, 1);
  },
);

test(
  'an edge that is killed in the middle of an order goes on with it',
  { skip: missing },
  async (context) => {
    const world = await begin(context);
    await world.startEdge();
    await world.said(/Order for blog\.example\.com: order https/);
    world.pebble.freeze();
    await world.eventually('the order is on record', () =>
      world.kept('pending').some(({ value }) => value['orderUrl'] !== ''),
    );
    await world.edge!.kill();
    await world.startEdge();
    world.pebble.thaw();
    await world.trusted(blog);
    assert.match(world.orders().at(-1)!.lines.join('\n'), /going on with the order/);
    assert.equal((world.pebble.log().match(/Added order/g) ?? []).length, 1);
  },
);

test(
  'two hundred hostnames at once: eight orders, the first ones first',
  { skip: missing },
  async (context) => {
    const world = await begin(context, { hostnames: hosts(200), acme: {} });
    await world.startEdge();
    const startedMs = Date.now();
    await world.trusted('n0.example.com', 120_000);
    await world.trusted('n199.example.com', 120_000);
    const issued = await world.eventually('every hostname has been ordered', () => {
      const good = world.orders().filter(({ failure }) => !failure);
      return good.reduce((sum, { names }) => sum + names.length, 0) === 200 && good;
    });
    assert.equal(new Set(issued.flatMap(({ names }) => names)).size, 200);
    context.diagnostic(`two hundred hostnames after ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
    const [first] = world.orders().toSorted((a, b) => a.startedAtMs - b.startedAtMs);
    assert.deepEqual(first!.names, hosts(25));
    // A name that could not be validated at first, on a machine that is busy, has had an order of its own.
    const alone = issued.filter(({ names }) => names.length === 1).length;
    assert.ok(issued.length - alone <= 9, `${issued.length} orders`);
    assert.equal(world.kept('pending').length, 0);
  },
);
