// Which hostnames have a certificate: those that come and go, that others care for, that a wildcard serves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateWorld } from '#testkit/certificate-world.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const blog = 'blog.example.com';

const hosts = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}.example.com`);

test('on demand: only below a wildcard route, a few an hour, and renewed when somebody comes again', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start(['*.example.com']);
  assert.equal(manager.expect('a.example.org'), undefined);
  const arrived: boolean[] = [];
  void manager.expect('a.example.com')!.then((isThere) => arrived.push(isThere));
  await lab.until('the first visitor is served', () => arrived.length === 1);
  assert.deepEqual(
    lab.authority.orders.map(({ names }) => names.join()),
    ['a.example.com'],
  );
  let begun = 0;
  for (const name of hosts(50)) if (manager.expect(name)) begun += 1;
  assert.ok(begun < 25, `${begun} at once`);
  await lab.pass(70 * dayMs, 6 * hourMs);
  const before = lab.authority.orders.length;
  assert.equal(manager.expect('a.example.com'), undefined, 'the old one is still good');
  await lab.until('it is renewed behind the visitor', () => lab.authority.orders.length === before + 1);
});

test('a hostname with a file needs nothing, and gets a certificate when the file goes', async (context) => {
  let hasFile = true;
  const lab = CertificateWorld.for(context, { hasOther: () => hasFile });
  const manager = await lab.start([blog]);
  await lab.pass(60_000, 5_000);
  assert.equal(lab.authority.orders.length, 0);
  hasFile = false;
  manager.want([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
});

test('S0-34 a hostname that goes away is shown no longer at once, and within three hours nothing of it is left', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog, 'other.example.com']);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  manager.want(['other.example.com']);
  assert.equal(lab.hasAll(manager, [blog]), false);
  await lab.pass(2.9 * hourMs, 600_000);
  manager.want([blog, 'other.example.com']);
  assert.ok(lab.hasAll(manager, [blog]), 'one that comes back finds its certificate');
  await lab.pass(hourMs);
  assert.equal(lab.authority.orders.length, 2, 'and costs no order');
  manager.want(['other.example.com']);
  await lab.pass(3.1 * hourMs, 600_000);
  const left = JSON.stringify([
    await lab.vault.certificates(),
    await lab.vault.orders(0),
    await lab.vault.pendingOrders(),
    manager.keeper.orders,
  ]);
  assert.doesNotMatch(left, /blog\.example\.com/);
  assert.match(left, /other\.example\.com/);
});

test('a hostname that comes and goes all day costs one order as long as it is never away for three hours', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  for (let i = 0; i < 12; i++) {
    manager.want([]);
    await lab.pass(hourMs, 600_000);
    manager.want([blog]);
    await lab.pass(hourMs, 600_000);
  }
  assert.equal(lab.authority.orders.length, 1);
});

test('what a connector has claimed before the edge was started anew is shown until it has published', async (context) => {
  const lab = CertificateWorld.for(context);
  const first = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(first, [blog]));
  await first.close();
  const manager = await lab.start([]);
  manager.want([], ['*.example.com']);
  await lab.pass(2 * dayMs, hourMs);
  assert.ok(lab.hasAll(manager, [blog]), 'the connector is away over a weekend');
  manager.want([]);
  assert.equal(lab.hasAll(manager, [blog]), false, 'it is back, without the hostname');
  await lab.pass(2.9 * hourMs, 600_000);
  assert.equal((await lab.vault.certificates()).length, 1);
  await lab.pass(hourMs, 600_000);
  assert.deepEqual(await lab.vault.certificates(), []);
});

test('an order under way for a hostname that went leaves its key nowhere', async (context) => {
  const lab = CertificateWorld.for(context);
  lab.authority.isAway = true;
  const manager = await lab.start([blog]);
  await lab.until('an order that waits', () => manager.keeper.orders.length > 0);
  manager.want([]);
  await lab.pass(3.2 * hourMs, 600_000);
  assert.deepEqual([await lab.vault.pendingOrders(), await lab.vault.orders(0)], [[], []]);
});

test('an edge that never had a hostname leaves the certificates of the others alone', async (context) => {
  const lab = CertificateWorld.for(context, { isShared: true });
  const [one, other] = [await lab.start([blog]), await lab.start(['other.example.com'])];
  await lab.until('both', () => lab.hasAll(one, [blog]) && lab.hasAll(other, ['other.example.com']));
  await lab.pass(10 * dayMs, hourMs);
  assert.equal(lab.authority.orders.length, 2);
  assert.ok(lab.hasAll(one, [blog]));
  assert.equal(lab.hasAll(other, [blog]), false, 'what it does not route it does not show');
});

test('a hostname whose certificate comes from a file keeps the one in the vault for three days', async (context) => {
  let hasFile = false;
  const lab = CertificateWorld.for(context, { hasOther: () => hasFile });
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  hasFile = true;
  manager.want([blog]);
  await lab.pass(2.9 * dayMs, hourMs);
  assert.ok(lab.hasAll(manager, [blog]));
  await lab.pass(dayMs / 4, hourMs);
  assert.deepEqual(await lab.vault.certificates(), []);
});

test("with a DNS provider and the owner's wish, one wildcard serves twenty hostnames", async (context) => {
  const records = new Set<string>();
  const presenter = {
    label: 'a zone',
    covers: (hostname: string) => hostname.endsWith('example.com'),
    presentTxt: async (name: string, value: string) => void records.add(`${name} ${value}`),
    removeTxt: async (name: string, value: string) => void records.delete(`${name} ${value}`),
  };
  const lab = CertificateWorld.for(context, { presenters: [presenter], settings: { wildcards: true } });
  const manager = await lab.start(hosts(20));
  await lab.until('all', () => lab.hasAll(manager, hosts(20)));
  assert.deepEqual(
    lab.authority.orders.map(({ names }) => names),
    [['*.example.com']],
  );
  await lab.rest();
  assert.equal(records.size, 0, 'no record is left behind');
});

test('names that no public authority vouches for are left to the internal CA, with a word about it', async (context) => {
  const lab = CertificateWorld.for(context);
  await lab.start(['nas.lan', 'localhost', '192.0.2.1']);
  await lab.pass(60_000);
  assert.equal(lab.authority.orders.length, 0);
  assert.ok(lab.said(/No public authority vouches for nas\.lan; the internal CA can/));
});
