// Bad days of edges, with Pebble and real edge processes: revocation, a full disk, two edges at once, a kill in the middle,
// two hundred hostnames. Each heals or keeps serving.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { createWebClient } from '#base/net/web-client.ts';
import { AcmeClient } from '#certs/acme/acme-client.ts';
import type { AccountRecord, CertificateRecord } from '#model/certificates/certificate-record.ts';
import { startSallyport } from '../support/demo.ts';
import { pebbleIsMissing } from '../support/pebble.ts';
import { within } from '../support/eventually.ts';
import { freePort } from '../support/process.ts';
import { begin, blog, hosts, limitMs } from './bad-day.ts';
import { startHeldAuthority } from './held-authority.ts';
const missing = await pebbleIsMissing();

test(
  'a revoked certificate shows in the renewal information, and is replaced by name',
  { skip: missing, timeout: limitMs },
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
  { skip: missing, timeout: limitMs },
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

for (const store of ['off', 'file'])
  test(
    `the disk fills up between order and certificate (store: ${store}): it is shown, kept when there is room, and never ordered twice`,
    { skip: missing, timeout: limitMs },
    async (context) => {
      // A certificate that needs more room than the answers that are taken down leave free.
      const world = await begin(context, { pebble: { env: { PEBBLE_CHAIN_LENGTH: '8' } }, edge: { store } });
      const data = world.path('data');
      mkdirSync(data);
      if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', data]).status !== 0)
        return context.skip('no tmpfs can be mounted here: this needs root');
      world.atClose(() => spawnSync('umount', ['--lazy', data]));
      const authority = await startHeldAuthority(world);
      const acme = { authorities: [authority.settings] };
      world.writeConfig({ acme });
      await world.startEdge();
      await world.trusted(blog);
      const inTheMiddle = within('the second order', 60_000, authority.hold('/authZ/'));
      world.writeConfig({ acme, hostnames: [blog, 'app.example.com'] });
      await inTheMiddle;
      const ballast = join(data, 'ballast');
      const { bavail, bsize } = statfsSync(data);
      writeFileSync(ballast, Buffer.alloc(Number(bavail) * Number(bsize)));
      authority.release();
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
  { skip: missing, timeout: limitMs },
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
      await world
        .eventually(`the second edge shows ${hostname}`, async () => {
          const shown = await world.shown(hostname, otherPort);
          return shown.certificate.fingerprint256 === certificate.fingerprint256;
        })
        .catch((cause: unknown) => {
          throw new Error(`the second edge said last: ${second.stderr().slice(-6000)}`, { cause });
        });
    }
    const ordered = world.orders().flatMap(({ names }) => names);
    assert.deepEqual(ordered.toSorted(), hosts(12).toSorted());
    assert.equal(world.kept('accounts').length, 1);
  },
);

test(
  'an edge that is killed in the middle of an order goes on with it',
  { skip: missing, timeout: limitMs },
  async (context) => {
    const world = await begin(context);
    const authority = await startHeldAuthority(world);
    world.writeConfig({ acme: { authorities: [authority.settings] } });
    // The order has been made, and its challenge is asked for.
    const inTheMiddle = within('an order', 60_000, authority.hold('/authZ/'));
    await world.startEdge();
    await inTheMiddle;
    const [pending] = world.kept('pending');
    const orderUrl = String(pending!.value['orderUrl']);
    assert.match(orderUrl, /\/my-order\//);
    await world.edge!.kill();
    authority.release();
    await world.startEdge();
    await world.trusted(blog);
    const { lines } = world.orders().at(-1)!;
    assert.ok(
      lines.some((line) => line.includes(`going on with the order ${orderUrl}`)),
      lines.join('\n'),
    );
    assert.match(lines.at(-1)!, /the certificate was issued/);
  },
);

test(
  'two hundred hostnames at once: eight orders, the first ones first',
  { skip: missing, timeout: limitMs },
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
    await world.eventually('nothing is under way', () => world.kept('pending').length === 0);
  },
);
