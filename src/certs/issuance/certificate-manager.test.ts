import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { CertificateWorld } from '#testkit/certificate-world.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const blog = 'blog.example.com';

const hosts = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}.example.com`);

test('S0-19 a hostname gets a certificate, which is kept with the log of its order', async (context) => {
  const lab = CertificateWorld.for(context, { settings: { methods: ['http-01'] } });
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  const [record] = await lab.vault.certificates();
  assert.equal(record!.method, 'http-01');
  assert.match(record!.methodReason, /port 80/);
  const [order] = await lab.vault.orders(0);
  assert.equal(order!.failure, undefined);
  assert.match(order!.lines.join('\n'), /http-01 is in place\n.*validated\n.*asked for\n.*issued/);
  assert.deepEqual(await lab.vault.pendingOrders(), []);
});

for (const [what, lifeDays, days] of [
  ['six days', 6, 60],
  ['forty-five days', 45, 365],
  ['ninety days', 90, 365],
] as const) {
  test(`through ${days} days of certificates of ${what} there is no moment without one, and no more orders than need be`, async (context) => {
    const lab = CertificateWorld.for(context);
    lab.authority.lifeMs = lifeDays * dayMs;
    const manager = await lab.start([blog]);
    await lab.until('the first', () => lab.hasAll(manager, [blog]));
    await lab.pass(days * dayMs, days * 4 * 60_000, () => assert.ok(lab.hasAll(manager, [blog])));
    const leastOrders = Math.floor(days / (lifeDays * 0.667));
    assert.ok(lab.authority.orders.length >= leastOrders, `${lab.authority.orders.length} orders`);
    assert.ok(lab.authority.orders.length <= leastOrders * 1.1 + 2, `${lab.authority.orders.length} orders`);
    assert.equal((await lab.vault.certificates()).length, 1);
  });
}

test('two hundred hostnames at once: few orders, the first ones first, one order at a time for each', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start(hosts(200));
  await lab.until('all', () => lab.hasAll(manager, hosts(200)));
  assert.equal(lab.authority.orders.length, 8);
  assert.deepEqual(
    lab.authority.orders.flatMap(({ names }) => names),
    hosts(200),
  );
});

test('one hostname of many that cannot be validated costs the others one more order and is tried alone later', async (context) => {
  const lab = CertificateWorld.for(context, { settings: { methods: ['http-01'] } });
  const bad = 'n7.example.com';
  lab.authority.onValidation = (name) =>
    name === bad ? { status: 403, type: 'dns', detail: 'no address' } : undefined;
  const manager = await lab.start(hosts(20));
  const good = hosts(20).filter((name) => name !== bad);
  await lab.until('all others', () => lab.hasAll(manager, good));
  assert.ok(
    lab.said(
      /could not validate n7\.example\.com by http-01: no address; check that n7\.example\.com has an A or AAAA record/,
    ),
  );
  assert.ok(lab.said(/There is no certificate yet\. It is tried again at 2026-/));
  lab.authority.onValidation = undefined;
  await lab.until('the last', () => lab.hasAll(manager, [bad]), { limitMs: hourMs });
  assert.deepEqual(lab.authority.orders.at(-1)!.names, [bad]);
});

test('a validation that fails goes on by the next method', async (context) => {
  const lab = CertificateWorld.for(context);
  lab.authority.onValidation = (_name, type) =>
    type === 'tls-alpn-01' ? { status: 403, type: 'connection' } : undefined;
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  const [record] = await lab.vault.certificates();
  assert.equal(record!.method, 'http-01');
  assert.match(record!.methodReason, /another method failed before/);
});

test('an authority that is away for days: the old certificate stays, warnings name the day, and it heals by itself', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  const [{ notAfterMs } = { notAfterMs: 0 }] = await lab.vault.certificates();
  lab.authority.isAway = true;
  await lab.pass(85 * dayMs, 12 * hourMs, () => assert.ok(lab.hasAll(manager, [blog])));
  const day = new Date(notAfterMs).toISOString();
  const warning = lab.said(
    new RegExp(`ca\\.example could not be reached .*good until ${day}, for \\d+ days more`),
  );
  assert.equal(warning?.level, 'warn');
  await lab.pass(3 * dayMs, 6 * hourMs);
  assert.equal(lab.logged.findLast(({ message }) => message.includes(day))?.level, 'error');
  lab.authority.isAway = false;
  await lab.until('a new one', () => manager.keeper.shown.best(blog, 0)!.notAfterMs > notAfterMs, {
    limitMs: hourMs,
    stepMs: 10_000,
  });
});

test('an authority that is away is followed by the next one at once, and preferred again later', async (context) => {
  const lab = CertificateWorld.for(context, { authorities: ['first.example', 'second.example'] });
  lab.authority.isAway = true;
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]), { limitMs: 60_000 });
  assert.equal((await lab.vault.certificates())[0]!.authority, lab.authorities[1]!.directoryUrl);
  lab.authority.isAway = false;
  await lab.pass(61 * dayMs, hourMs);
  assert.equal((await lab.vault.certificates())[0]!.authority, lab.authority.directoryUrl);
});

test('a rate limit is waited out for as long as the authority says, and no longer', async (context) => {
  const lab = CertificateWorld.for(context);
  let refused = 0;
  lab.authority.onNewOrder = () => {
    refused += 1;
    return { status: 429, type: 'rateLimited', detail: 'too many certificates', retryAfter: '7200' };
  };
  const manager = await lab.start([blog]);
  await lab.pass(7_100_000, 10_000);
  assert.equal(refused, 1);
  assert.ok(lab.said(/limits how often it is asked: too many certificates\. It asks to wait 7200 s/));
  lab.authority.onNewOrder = undefined;
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]), { limitMs: 300_000 });
});

test('what failed before a restart is not tried at once after it', async (context) => {
  const lab = CertificateWorld.for(context, { settings: { methods: ['http-01'] } });
  lab.authority.onValidation = () => ({ status: 403, type: 'unauthorized' });
  await lab.start([blog]);
  await lab.pass(hourMs, 5_000);
  const before = lab.authority.orders.length;
  for (let i = 0; i < 10; i++) {
    await lab.managers.at(-1)!.close();
    await lab.start([blog]);
    await lab.pass(30_000, 5_000);
  }
  assert.ok(
    lab.authority.orders.length <= before + 1,
    `${lab.authority.orders.length - before} orders in ten restarts`,
  );
});

test('good nonces that are refused cost nothing but another try', async (context) => {
  const lab = CertificateWorld.for(context);
  lab.authority.refusesNonces = 5;
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  assert.equal(lab.authority.orders.length, 1);
});

test('an account that the authority has forgotten is made again with the same key', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  const { keyPem } = (await lab.vault.account(lab.authority.directoryUrl))!;
  lab.authority.forget();
  manager.want([blog, 'app.example.com']);
  await lab.until('another', () => lab.hasAll(manager, ['app.example.com']));
  assert.equal((await lab.vault.account(lab.authority.directoryUrl))!.keyPem, keyPem);
});

test('renewal information is asked for every six hours; a window that comes early renews, and names what it replaces', async (context) => {
  const lab = CertificateWorld.for(context);
  let revoked = '';
  lab.authority.renewalWindow = (certPem) => {
    const startMs = lab.clock.wallMs() + (revoked === certPem ? -dayMs : 50 * dayMs);
    return { start: new Date(startMs), end: new Date(startMs + hourMs) };
  };
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  await lab.pass(dayMs, 600_000);
  const asked = lab.authority.requests.filter((line) => line.startsWith('GET /renewal')).length;
  assert.ok(asked >= 4 && asked <= 6, `${asked} in a day`);
  revoked = lab.authority.orders[0]!.certPem!;
  await lab.until('a second order', () => lab.authority.orders.length === 2, {
    limitMs: 7 * hourMs,
    stepMs: 60_000,
  });
  assert.ok(lab.authority.orders[1]!.replaces?.includes('.'));
  assert.ok(lab.said(/wants the certificate renewed ahead of its time; it may have been revoked/));
});

test('an authority that wants everything renewed at once is followed a few times a day and no more', async (context) => {
  const lab = CertificateWorld.for(context);
  lab.authority.renewalWindow = () => ({
    start: new Date(lab.clock.wallMs() - dayMs),
    end: new Date(lab.clock.wallMs()),
  });
  await lab.start([blog]);
  await lab.pass(5 * dayMs, 30 * 60_000);
  assert.ok(lab.authority.orders.length <= 18, `${lab.authority.orders.length} orders in five days`);
});

test('an authority that takes the claim of a replacement for wrong gets the order without it', async (context) => {
  const lab = CertificateWorld.for(context);
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]));
  lab.authority.onNewOrder = ({ replaces }) =>
    replaces === undefined ? undefined : { status: 409, type: 'alreadyReplaced' };
  manager.renewNow([(await lab.vault.certificates())[0]!.id]);
  await lab.until('a second order', () => lab.authority.orders.length === 2);
});

test('a clock that is a month behind or ahead is found out, said once, and does no harm', async (context) => {
  for (const days of [30, -30]) {
    const lab = CertificateWorld.for(context);
    lab.authority.aheadMs = days * dayMs;
    lab.authority.lifeMs = 6 * dayMs;
    const manager = await lab.start([blog]);
    await lab.until('a certificate', () => manager.keeper.shown.isGood(blog, manager.wallMs()));
    await lab.pass(10 * dayMs, hourMs, () => assert.ok(manager.keeper.shown.isGood(blog, manager.wallMs())));
    assert.ok(lab.authority.orders.length <= 4, `${lab.authority.orders.length} orders in ten days`);
    const said = lab.logged.filter(({ message }) => /clock is 30\.0 days (behind|ahead of)/.test(message));
    assert.equal(said.length, 1);
    // The clock is set right: what was noted by it holds nothing up.
    lab.clock.shiftWall(days * dayMs);
    lab.authority.aheadMs = 0;
    await lab.pass(8 * dayMs, hourMs);
    assert.ok(lab.hasAll(manager, [blog]));
  }
});

test('a full disk: nothing is ordered that could not be kept, and what is issued is shown and saved later', async (context) => {
  const lab = CertificateWorld.for(context);
  const full = new SallyportError('file-unwritable', 'vault could not be written: no space left on device.');
  lab.documents.fault = full;
  const manager = await lab.start([blog]);
  await lab.pass(5 * 60_000, 5_000);
  assert.equal(lab.authority.orders.length, 0);
  lab.documents.fault = undefined;
  // It fills up in the middle of the order.
  lab.authority.onValidation = () => void (lab.documents.fault = full);
  await lab.until('it is shown', () => lab.hasAll(manager, [blog]));
  assert.ok(lab.said(/is in use but could not be saved: .*no space left/));
  assert.deepEqual(await lab.vault.certificates(), []);
  lab.authority.onValidation = undefined;
  lab.documents.fault = undefined;
  await lab.pass(60_000, 5_000);
  assert.equal((await lab.vault.certificates()).length, 1);
  assert.equal(lab.authority.orders.length, 1);
  assert.equal((await lab.vault.orders(0)).filter(({ failure }) => !failure).length, 1);
});

test('an edge that dies with a full disk finds the certificate of its last order after the restart', async (context) => {
  const lab = CertificateWorld.for(context);
  const full = new SallyportError('file-unwritable', 'no space left on device');
  lab.authority.onValidation = () => void (lab.documents.fault = full);
  const manager = await lab.start([blog]);
  await lab.until('it is shown', () => lab.hasAll(manager, [blog]));
  await manager.close();
  lab.documents.fault = undefined;
  const next = await lab.start([blog]);
  await lab.until('the certificate is there', () => lab.hasAll(next, [blog]));
  assert.equal(lab.authority.orders.length, 1, 'no second order');
  assert.match(
    (await lab.vault.orders(0)).at(-1)!.lines.join('\n'),
    /going on with the order .*, which is valid/,
  );
});

test('two edges that share a vault never order the same, and both show it', async (context) => {
  const lab = CertificateWorld.for(context, { isShared: true, settings: { methods: ['http-01'] } });
  const edges = [await lab.start(hosts(30)), await lab.start(hosts(30)), await lab.start(hosts(30))];
  await lab.until('all, everywhere', () => edges.every((edge) => lab.hasAll(edge, hosts(30))));
  const ordered = lab.authority.orders.flatMap(({ names }) => names);
  assert.deepEqual(ordered.toSorted(), hosts(30).toSorted());
  assert.equal(lab.authority.requests.filter((line) => line === 'POST /account').length, 1);
});

test('when the edge that orders dies, another takes over within two minutes', async (context) => {
  const lab = CertificateWorld.for(context, { isShared: true });
  // Somebody took the lease and was never seen again.
  assert.ok(await lab.vault.lease('certificate-orders', 'gone', 60_000));
  const manager = await lab.start([blog]);
  await lab.until('a certificate', () => lab.hasAll(manager, [blog]), { limitMs: 120_000 });
});

test('a handshake waits for its certificate, and is let go when the order fails', async (context) => {
  const lab = CertificateWorld.for(context, { settings: { methods: ['http-01'] } });
  const manager = await lab.start([blog]);
  const arrived: boolean[] = [];
  void manager.expect(blog)!.then((isThere) => arrived.push(isThere));
  assert.equal(manager.expect('stranger.example.org'), undefined);
  await lab.until('it goes on', () => arrived.length === 1);
  assert.deepEqual(arrived, [true]);
  assert.equal(manager.expect(blog), undefined);
  lab.authority.onValidation = () => ({ status: 403, type: 'dns' });
  manager.want([blog, 'bad.example.com']);
  void manager.expect('bad.example.com')!.then((isThere) => arrived.push(isThere));
  await lab.until('the other goes on', () => arrived.length === 2);
  assert.deepEqual(arrived, [true, false]);
  assert.equal(manager.expect('bad.example.com'), undefined, 'nobody waits for what has just failed');
});
