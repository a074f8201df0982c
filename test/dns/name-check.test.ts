// A hostname proved: at its zone's own servers and at a resolver, in the order in which each comes to know it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import type { ServerAddress } from '#dns/client/server-address.ts';
import { explainName } from '#dns/explain-name.ts';
import { lookAtName, type NameQuestion, proveName } from '#dns/name-check.ts';
import { findZoneServers } from '#dns/zone-servers.ts';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { freePort } from '../support/process.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';

const signal = new AbortController().signal;
const target = { addresses: ['192.0.2.7', '2001:db8::7'], alias: 'edge.lab.test' };
const base: readonly RecordLine[] = [
  ['', 'NS', 'ns1.lab.test.'],
  ['ns1', 'A', '192.0.2.53'],
  ['edge', 'A', '192.0.2.7'],
  ['edge', 'AAAA', '2001:db8::7'],
];
const blog: RecordLine = ['blog', 'CNAME', 'edge.lab.test.'];
const rate = { perSecond: 1e6, allPerSecond: 1e6, slip: 2, maxEntries: 100 };

let first: DnsServer;
let second: DnsServer;
/** Stands for a resolver: it is asked for recursion and answers from what it has. */
let resolver: DnsServer;

before(async () => {
  first = await startOwnDnsServer({ rate });
  second = await startOwnDnsServer({ rate });
  resolver = await startOwnDnsServer({ rate });
});
after(() => Promise.all([first, second, resolver].map((server) => server?.close())));

const place = (server: DnsServer): ServerAddress => ({ host: '127.0.0.1', port: server.ports[0]! });
const show = (server: DnsServer, ...lines: readonly RecordLine[]): void =>
  server.setZones([zoneFrom('lab.test', [...base, ...lines])]);

function question(hostname: string, more: Partial<NameQuestion> = {}): NameQuestion {
  return {
    ...{ hostname, target, resolvers: [place(resolver)] },
    zone: { zone: 'lab.test', servers: [place(first), place(second)] },
    options: { clock: systemClock, random: systemRandom, timeoutMs: 500 },
    ...more,
  };
}

test('S0-34 S0-35: a name is proved when every server of its zone and then the resolver have it, with the seconds', async () => {
  for (const server of [first, second, resolver]) show(server);
  const work = proveName(question('blog.lab.test'), { clock: systemClock, withinMs: 20_000 }, signal);
  show(first, blog);
  setTimeout(() => show(second, blog), 300);
  setTimeout(() => show(resolver, blog), 600);
  const proof = await work;
  assert.ok(proof.isProven);
  assert.ok(proof.zoneSeconds! <= proof.resolverSeconds!);
  assert.deepEqual(
    proof.sighting.servers.map(({ state }) => state),
    ['right', 'right'],
  );
  assert.equal(explainName(proof.sighting).status, 'ok');
});

test('what is wrong is said with the server that says it, and what to do', async () => {
  const elsewhere: RecordLine = ['blog', 'A', '198.51.100.1'];
  for (const [at, lines, state, title] of [
    [first, [elsewhere], 'failed', /leads elsewhere/],
    [second, [], 'failed', /has no record/],
    [resolver, [], 'warning', /not for everybody yet/],
  ] as const) {
    for (const server of [first, second, resolver]) show(server, blog);
    show(at, ...lines);
    const step = explainName(await lookAtName(question('blog.lab.test'), signal));
    assert.equal(step.status, state);
    assert.match(step.title, title);
    assert.ok(step.cure.length > 10);
    assert.equal(Object.keys(step.facts).length, 3);
  }
});

test('S4-51: a name that leads elsewhere than its route says is told', async () => {
  for (const server of [first, second, resolver]) show(server, ['blog', 'CNAME', 'pages.elsewhere.test.']);
  const sighting = await lookAtName(question('blog.lab.test'), signal);
  assert.deepEqual(
    sighting.servers.map(({ found }) => found),
    ['pages.elsewhere.test', 'pages.elsewhere.test'],
  );
  assert.match(explainName(sighting).detail, /answers pages\.elsewhere\.test/);
});

test('wildcards are asked for by a name below them; addresses and aliases both lead here', async () => {
  for (const server of [first, second, resolver])
    show(server, ['*', 'A', '192.0.2.7'], ['*.cn', 'CNAME', 'edge.lab.test.']);
  for (const hostname of ['*.lab.test', '*.cn.lab.test', 'edge.lab.test']) {
    assert.equal(explainName(await lookAtName(question(hostname), signal)).status, 'ok', hostname);
  }
  const byName = question('*.cn.lab.test', { target: { addresses: [], alias: 'edge.lab.test' } });
  assert.equal(explainName(await lookAtName(byName, signal)).status, 'ok');
});

test('silence is not taken for an answer, and the time that is given is kept to', async () => {
  const dead = { host: '127.0.0.1', port: await freePort() };
  for (const server of [first, second, resolver]) show(server, blog);
  const oneDead = question('blog.lab.test', { zone: { zone: 'lab.test', servers: [place(first), dead] } });
  assert.equal(explainName(await lookAtName(oneDead, signal)).status, 'ok');
  const allDead = question('blog.lab.test', {
    zone: { zone: 'lab.test', servers: [dead] },
    resolvers: [dead],
  });
  const proof = await proveName(allDead, { clock: systemClock, withinMs: 500 }, signal);
  assert.equal(proof.isProven, false);
  assert.match(explainName(proof.sighting).title, /could not be looked up/);
  const onlyResolver = question('blog.lab.test', { zone: { zone: 'lab.test', servers: [dead] } });
  const seen = await proveName(onlyResolver, { clock: systemClock, withinMs: 5_000 }, signal);
  assert.ok(seen.isProven);
  assert.equal(seen.zoneSeconds, undefined);
});

test('what the resolver answers is told of, and is no silence, where no server of the zone can be asked', async () => {
  const dead = { host: '127.0.0.1', port: await freePort() };
  const zone = { zone: 'lab.test', servers: [dead] };
  show(resolver, ['elsewhere', 'A', '198.51.100.9']);
  const missing = explainName(await lookAtName(question('none.lab.test', { zone }), signal));
  assert.match(missing.title, /has no record/);
  assert.match(
    missing.detail,
    /^The resolver .* answers NXDOMAIN; no server of its own zone could be asked\.$/,
  );
  const elsewhere = explainName(await lookAtName(question('elsewhere.lab.test', { zone }), signal));
  assert.match(elsewhere.title, /leads elsewhere/);
});

test('the zone above a name and its servers are found by asking upwards', async () => {
  show(resolver);
  const options = question('x').options;
  for (const name of ['lab.test', 'a.b.lab.test', '*.lab.test']) {
    assert.deepEqual(await findZoneServers(name, [place(resolver)], options, signal), {
      zone: 'lab.test',
      servers: [{ host: '192.0.2.53', port: 53 }],
    });
  }
  await assert.rejects(
    findZoneServers('a.elsewhere.test', [place(resolver)], options, signal),
    /registered and delegated/,
  );
});
