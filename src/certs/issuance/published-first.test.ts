import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateWorld } from '#testkit/certificate-world.ts';

const blog = 'blog.example.com';
const shop = 'shop.example.com';

test('S0-34 a hostname whose records are being made is ordered when they are published, and holds up no other', async (context) => {
  const coming = new Set([blog]);
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog, shop], { isComing: (hostname) => coming.has(hostname) });
  await lab.until('the other', () => lab.hasAll(manager, [shop]));
  await lab.pass(60_000, 1_000);
  assert.deepEqual(
    lab.authority.orders.map(({ names }) => names),
    [[shop]],
  );
  coming.clear();
  manager.wake();
  await lab.until('the one', () => lab.hasAll(manager, [blog]), { limitMs: 10_000 });
  assert.ok(!lab.said(/not published/));
});

test('records that are never seen hold it back for two minutes, then it is ordered and the log says so', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog], { isComing: () => true });
  await lab.pass(115_000, 1_000);
  assert.equal(lab.authority.orders.length, 0);
  await lab.until('a certificate all the same', () => lab.hasAll(manager, [blog]), { limitMs: 30_000 });
  assert.ok(
    lab.said(/records of blog\.example\.com are not published after 120 s; its certificate is ordered/),
  );
});

test('DNS-01 waits for nothing, and a renewal neither', async (context) => {
  const presenter = {
    label: 'a zone',
    covers: (hostname: string) => hostname === blog,
    presentTxt: async () => {},
    removeTxt: async () => {},
  };
  const coming = new Set([blog]);
  const lab = CertificateWorld.for(context, { presenters: [presenter] });
  const manager = await lab.start([blog, shop], { isComing: (hostname) => coming.has(hostname) });
  await lab.until('both', () => lab.hasAll(manager, [blog, shop]));
  coming.add(shop);
  manager.renewNow(manager.keeper.shown.records.map(({ id }) => id));
  await lab.until('renewals', () => lab.authority.orders.length === 4, { limitMs: 30_000 });
});
