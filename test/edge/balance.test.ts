// Several services behind one route, with real connectors and origins whose requests are counted: shares, stickiness, a primary
// that fails and comes back, checks, ejection, the retry budget and the page for visitors.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { systemRandom } from '#base/random.ts';
import { balanceEntryOf, balanceSchema, type MemberLive } from '#model/routes/balance-policy.ts';
import { createCredentials, type TunnelCredentials } from '#tunnel/credentials.ts';
import { eventually } from '../support/eventually.ts';
import type { RawResponse } from '../support/raw-client.ts';
import { type EdgeWorld, routeOf, startEdgeWorld, tunnelOf } from './world.ts';

/** A service that counts what it is asked, and fails when it is told to. */
class Service {
  readonly name: string;
  readonly server: Server;
  requests = 0;
  checks = 0;
  status = 200;
  isBroken = false;

  constructor(name: string) {
    this.name = name;
    this.server = createServer((request, response) => {
      if (request.headers['user-agent'] === 'sallyport-check') this.checks += 1;
      else this.requests += 1;
      if (this.isBroken) return void request.socket.destroy();
      response.writeHead(this.status, { 'content-type': 'text/plain' }).end(this.name);
    });
    this.server.keepAliveTimeout = 60_000;
  }

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

const [one, two, far] = [new Service('one'), new Service('two'), new Service('far')];
const services = [one, two, far];
let world: EdgeWorld;
let cabin: TunnelCredentials;

before(async () => {
  const [a, b, c] = [await one.start(), await two.start(), await far.start()];
  world = await startEdgeWorld({
    ingress: `  - hostname: one.rule
    service: ${a}
  - hostname: two.rule
    service: ${b}
  - hostname: dead.rule
    service: http://127.0.0.1:9`,
    hosts: ['a.test'],
  });
  cabin = createCredentials(systemRandom, '', world.credentials.caPin);
  world.apply({ tunnels: [...world.snapshot.tunnels, { ...tunnelOf(cabin), name: 'cabin' }] });
  await world.connect(`  - hostname: a.test\n    service: ${c}`, {
    ...cabin,
    edgeAddress: `127.0.0.1:${world.port}`,
  });
});
afterEach(() => {
  world.apply({ routes: [routeOf('a.test', world.credentials)] });
  for (const service of services)
    Object.assign(service, { requests: 0, checks: 0, status: 200, isBroken: false });
});
after(async () => {
  try {
    await world?.close();
  } finally {
    for (const { server } of services) {
      server.closeAllConnections();
      server.close();
    }
  }
});

const oneAndTwo = [
  { tunnel: 'test', rule: 'one.rule' },
  { tunnel: 'test', rule: 'two.rule' },
];

/** Puts the balance of a.test in force. */
function balance(given: object): void {
  const ids: Record<string, string> = { test: world.credentials.tunnelId, cabin: cabin.tunnelId };
  const entry = balanceEntryOf(balanceSchema.parse(given), 'test', (name) => ids[name]!);
  world.apply({ routes: [{ ...routeOf('a.test', world.credentials), balance: entry }] });
}

async function ask(path = '/', more = ''): Promise<RawResponse> {
  const [answer] = await world.ask(`GET ${path} HTTP/1.1\r\nHost: a.test\r\n${more}\r\n`);
  return answer!;
}

async function asks(count: number, more = ''): Promise<string[]> {
  const bodies: string[] = [];
  for (let i = 0; i < count; i++) bodies.push((await ask('/', more)).body);
  return bodies;
}

function memberOf(name: string): MemberLive {
  return world.edge
    .members()
    .get('a.test')!
    .find((member) => member.name === name)!;
}

test('requests are shared by weight among services of one connector and of another tunnel', async () => {
  balance({
    policy: 'weighted',
    members: [{ ...oneAndTwo[0], weight: 3 }, oneAndTwo[1], { tunnel: 'cabin' }],
  });
  await asks(20);
  assert.deepEqual([one.requests, two.requests, far.requests], [12, 4, 4]);
  assert.equal(world.metric('sallyport_edge_member_requests_total', 'member="test/one.rule"'), 12);
});

test('least outstanding: a service that is busy gets less', async () => {
  balance({ members: oneAndTwo });
  await asks(10);
  assert.deepEqual([one.requests, two.requests], [5, 5]);
});

test('sticky: the cookie is set once, leads back to the same service, and to another when that is out', async () => {
  balance({ sticky: 'sp_member', members: oneAndTwo, eject: { failures: 1, seconds: 3_600 } });
  const first = await ask();
  const cookie = /^sp_member=([0-9a-f]{12}); Path=\/; HttpOnly; SameSite=Lax; Secure$/.exec(
    first.fields['set-cookie'] ?? '',
  );
  assert.ok(cookie, String(first.fields['set-cookie']));
  const line = `Cookie: other=1; sp_member=${cookie[1]}\r\n`;
  const bodies = await asks(6, line);
  assert.deepEqual(new Set(bodies), new Set([first.body]));
  assert.equal(
    (await ask('/', line)).fields['set-cookie'],
    undefined,
    'a visitor who has it is not told again',
  );
  const mine = services.find(({ name }) => name === first.body)!;
  mine.isBroken = true;
  const moved = await ask('/', line);
  assert.notEqual(moved.body, first.body);
  assert.match(moved.fields['set-cookie']!, /^sp_member=/);
});

test('a backup serves while the primary is out, and only then', async () => {
  balance({
    members: [oneAndTwo[0], { tunnel: 'cabin', isBackup: true }],
    eject: { failures: 2, seconds: 0.5, slowStartSeconds: 0 },
  });
  await asks(4);
  assert.deepEqual([one.requests, far.requests], [4, 0]);
  one.isBroken = true;
  // Each is tried at the primary first, until that is ejected; none of the visitors notices.
  assert.deepEqual(new Set(await asks(4)), new Set(['far']));
  one.isBroken = false;
  await eventually('the primary has it back', async () => (await ask()).body === 'one');
  const before = far.requests;
  await asks(3);
  assert.equal(far.requests, before);
});

test('a service that refuses connections is passed over, and told by name', async () => {
  balance({
    members: [{ tunnel: 'test', rule: 'dead.rule' }, oneAndTwo[0]],
    eject: { failures: 2, seconds: 3_600 },
  });
  assert.deepEqual(new Set(await asks(6)), new Set(['one']));
  const { state, failures, trouble } = memberOf('test/dead.rule');
  assert.deepEqual([state, failures], ['ejected', 2]);
  assert.match(trouble, /origin-refused/);
  assert.equal(world.metric('sallyport_edge_member_usable', 'member="test/dead.rule"'), 0);
  assert.equal(world.metric('sallyport_edge_member_usable', 'member="test/one.rule"'), 1);
});

test('active checks take a service out before a visitor meets it, and bring it back', async () => {
  two.status = 500;
  balance({ members: oneAndTwo, check: { path: '/healthz', everySeconds: 0.1, fall: 2, rise: 2 } });
  await eventually('two is down', () => memberOf('test/two.rule').state === 'down');
  assert.match(memberOf('test/two.rule').trouble, /answered the check with 500/);
  assert.ok(two.checks >= 2);
  assert.deepEqual(
    await asks(5),
    Array.from({ length: 5 }, () => 'one'),
  );
  assert.equal(two.requests, 0);
  two.status = 204;
  await eventually('two is up', () => memberOf('test/two.rule').state === 'up');
  two.status = 200;
  assert.deepEqual(new Set(await asks(4)), new Set(['one', 'two']));
});

test('a check by TCP only connects', async () => {
  balance({
    members: [{ tunnel: 'test', rule: 'dead.rule' }, { tunnel: 'cabin' }],
    check: { kind: 'tcp', everySeconds: 0.1, fall: 1 },
  });
  await eventually('the dead one is down', () => memberOf('test/dead.rule').state === 'down');
  assert.equal(memberOf('cabin').state, 'up');
  assert.equal(far.requests + far.checks, 0, 'nothing was asked');
});

test('the retry budget: when everything fails, hardly anything is tried twice', async () => {
  balance({ members: oneAndTwo, retryPercent: 10 });
  one.isBroken = two.isBroken = true;
  const count = 60;
  const started = Date.now();
  for (let i = 0; i < count; i++) assert.equal((await ask()).status, 502);
  const seconds = (Date.now() - started) / 1000;
  const tries = one.requests + two.requests;
  // Saved up: 10; of the requests: 6; one a second.
  assert.ok(tries >= count && tries <= count + 17 + seconds, `${tries} tries of ${count} requests`);
});

test('no service left: answered at once, without asking anybody', async () => {
  balance({ members: oneAndTwo, eject: { failures: 1, seconds: 3_600 } });
  one.isBroken = two.isBroken = true;
  await ask();
  await ask();
  const before = one.requests + two.requests;
  const answer = await ask();
  assert.equal(answer.status, 503);
  assert.equal(one.requests + two.requests, before);
  const line = await world.loggedLine('of the open circuit', ({ error }) => error === 'overloaded');
  assert.match(String(line.detail), /no service of the route/);
});

test('the status page tells visitors how many services are well, and nothing of where they are', async () => {
  balance({
    members: [...oneAndTwo, { tunnel: 'test', rule: 'dead.rule' }],
    eject: { failures: 1, seconds: 3_600 },
    statusPath: '/-/status',
  });
  assert.match((await ask('/-/status')).body, /All services are well\..*3 of 3/);
  await asks(6);
  const page = await ask('/-/status');
  assert.deepEqual([page.status, page.fields['cache-control']], [200, 'no-store']);
  assert.match(page.body, /Some services are not well\..*2 of 3/);
  assert.doesNotMatch(page.body, /rule|127\.0\.0\.1|test\//);
  assert.deepEqual(JSON.parse((await ask('/-/status', 'Accept: application/json\r\n')).body), {
    services: 3,
    well: 2,
  });
  const before = one.requests + two.requests;
  await ask('/-/status');
  assert.equal(one.requests + two.requests, before);
});
