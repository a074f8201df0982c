// `explain` through a running edge: a URL followed to its origin, and every place where it can stop, with the cure.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { localRules } from '#edge/tunnels/local-connection.ts';
import { explainStepSchema, type ExplainStep, type ExplainStepName } from '#model/live/explain.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, startEdgeWorld, tunnelOf } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;
let silent: Server;
const nobody = '11111111-1111-4111-8111-111111111111';

before(async () => {
  origin = await RecordingOrigin.start();
  silent = createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const rule = (host: string, service: string, more = ''): string =>
    `  - hostname: ${host}\n    service: ${service}\n${more}`;
  world = await startEdgeWorld({
    ingress:
      rule('a.test', origin.url) +
      rule('down.test', 'http://127.0.0.1:1') +
      rule('silent.test', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`) +
      rule('ssh.test', 'tcp://127.0.0.1:22') +
      rule(
        'members.test',
        origin.url,
        '    originRequest:\n      access:\n        required: true\n        teamName: x\n',
      ) +
      rule('unclaimed.test', origin.url),
    hosts: ['a.test', 'down.test', 'silent.test', 'ssh.test', 'members.test', 'bare.test'],
    snapshot: {},
  });
  world.apply({
    tunnels: [
      tunnelOf(world.credentials, ['*.claimed.test']),
      { id: nobody, name: 'nobody', publicKeys: [], hostnames: [] },
    ],
    routes: [
      ...world.snapshot.routes,
      { hostname: 'away.test', path: '/', tunnelId: nobody },
      { hostname: 'part.test', path: '/app', tunnelId: world.credentials.tunnelId },
      { hostname: 'dash.test', path: '/', tunnelId: dashboardTunnelId },
    ],
  });
  world.edge.serveLocally({
    tunnelId: dashboardTunnelId,
    rules: localRules('dashboard'),
    accept: (socket) =>
      void socket.end('HTTP/1.1 302 Found\r\nLocation: /sign-in\r\nContent-Length: 0\r\n\r\n'),
  });
});
after(async () => {
  await world.close();
  await origin.close();
  silent.close();
});

async function explain(url: string, signal = AbortSignal.timeout(20_000)): Promise<ExplainStep[]> {
  const steps = await world.edge.explain({ url, method: 'GET' }, signal);
  for (const step of steps) explainStepSchema.strict().parse(step);
  assert.deepEqual(
    // What the cache did is known only where the origin was asked.
    steps.map(({ step }) => step).filter((name) => name !== 'cache'),
    ['route', 'access', 'connector', 'rule', 'origin'],
  );
  return steps;
}

/** Where it stops, with what was found. */
async function stop(url: string): Promise<ExplainStep> {
  const steps = await explain(url);
  const at = steps.findIndex(({ status }) => status === 'failed');
  assert.ok(at >= 0, `${url} does not stop`);
  assert.ok(steps.slice(0, at).every(({ status }) => status === 'ok' || status === 'warning'));
  assert.ok(
    steps
      .slice(at + 1)
      .every(({ status, step }) => status === 'skipped' || step === 'connector' || step === 'rule'),
  );
  assert.notEqual(steps[at]!.cure, '', 'whoever is told what is wrong is told what to do');
  return steps[at]!;
}

describe('a URL that works', () => {
  test('is followed to the answer of its origin, with the times of a real request', async () => {
    origin.reset();
    const steps = await explain('https://a.test/page?q=1');
    const answered = steps.at(-1)!;
    assert.equal(answered.status, 'ok');
    assert.match(answered.title, /answered 200/);
    assert.ok(answered.ms! > 0);
    const { requestId, status } = answered.facts;
    assert.equal(status, '200');
    assert.equal(world.edge.requests.find(requestId!)!.path, '/page');
    assert.match(steps[0]!.title, /a\.test leads to the tunnel test/);
    assert.match(steps.find(({ step }) => step === 'rule')!.title, /Rule 0, a\.test/);
  });

  test('that redirects is told so and not followed', async () => {
    const steps = await explain('https://dash.test/');
    const answered = steps.at(-1)!;
    assert.match(answered.detail, /sends visitors to \/sign-in/);
    assert.match(steps[0]!.title, /this edge itself/);
  });
});

describe('a URL that does not work', () => {
  const cases: readonly [url: string, at: ExplainStepName, title: RegExp, more: RegExp][] = [
    ['https://b.test/', 'route', /No route for b\.test/, /nearest hostname with a route is a\.test/],
    ['https://part.test/other', 'route', /No route for the path \/other/, /\/app only/],
    ['https://unclaimed.test/', 'route', /test may not claim unclaimed\.test/, /may claim \*\.claimed\.test/],
    ['https://members.test/', 'access', /asks for a sign-in, and the route for none/, /access\.required/],
    ['https://away.test/', 'connector', /No connector of nobody/, /530/],
    ['https://bare.test/', 'rule', /leads to http_status:404/, /Only the last rule/],
    ['https://down.test/', 'origin', /did not answer/, /refused/],
  ];
  for (const [url, at, title, detail] of cases) {
    test(`${url} stops at the ${at}`, async () => {
      const found = await stop(url);
      assert.equal(found.step, at);
      assert.match(found.title, title);
      assert.match(found.detail, detail);
    });
  }

  test('a service that is no web page is not asked', async () => {
    const asked = (await explain('https://ssh.test/')).at(-1)!;
    assert.equal(asked.status, 'skipped');
    assert.match(asked.detail, /tcp service/);
  });

  test('an origin that says nothing is given up when whoever asks does', async () => {
    const steps = await explain('https://silent.test/', AbortSignal.timeout(300));
    assert.equal(steps.at(-1)!.status, 'failed');
    await eventually('nothing is left of the request', () => world.active === 0);
  });

  test('a connector that was last seen says when and why it left', async () => {
    const credentials = world.credentials;
    await world.connectors.splice(0)[0]!.close();
    await eventually('it is gone', () => world.edge.tunnelConnections().length === 0);
    const found = await stop('https://a.test/');
    assert.match(found.detail, /The last one left .*shutdown/);
    assert.equal(found.facts['lastReason'], 'shutdown');
    await world.connect(undefined, credentials);
    assert.equal((await explain('https://a.test/')).at(-1)!.status, 'ok');
  });

  test('what no client could ask for is refused in a sentence', async () => {
    for (const url of ['ftp://a.test/', 'nonsense', 'https://a.test/%2e%2e%2fx']) {
      await assert.rejects(explain(url), /no web address|refuses/, url);
    }
  });
});
