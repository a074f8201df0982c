// An edge that runs as two processes: both serve, a connector is connected to each, one that is killed is replaced without a
// refused connection, and limits, metrics, sign-ins, purges, reloads and upgrades hold over both. docs/workers.md
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { readPid } from '#roles/succession/edge-succession.ts';
import { eventually } from '../support/eventually.ts';
import { type ConnectorProcess, type EdgeProcess, ProcessWorld } from './processes.ts';
import { startWebOrigin } from './web-origin.ts';
import { type Answer, appHost } from './world.ts';

const limit = { timeout: 240_000 };

const hourly = (path: string, requests: number) => ({
  ...{ hostname: appHost, path, tunnel: 'home' },
  rateLimits: [{ requests, window: '1h' }],
});

const routes = [
  { hostname: appHost, tunnel: 'home' },
  hourly('/limited', 20),
  { hostname: appHost, path: '/cached', tunnel: 'home', cache: { rules: [{ ttl: '1h' }] } },
  { hostname: appHost, path: '/door', tunnel: 'home', access: ['password:door'] },
];

describe('an edge of two processes', { concurrency: false }, () => {
  let world: ProcessWorld;
  let edge: EdgeProcess;
  let connector: ConnectorProcess;
  const accessLog = (): string => world.path('access.log');
  const config = { workers: 2, routes } as const;

  before(async () => {
    world = await ProcessWorld.create();
    const origin = await startWebOrigin();
    world.closeAtEnd(() => origin.close());
    world.writeEdgeConfig({ ...config, accessLog: accessLog() });
    const rules = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
    edge = await world.startEdge();
    connector = await world.startConnector({ config: rules });
    await world.connected(connector);
  }, limit);
  after(async () => {
    // A successor is nobody's child any more.
    const pid = readPid(world.path('data'));
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
    await world.close();
  }, limit);

  /** Which worker each tunnel connection of the edge is at, by its id; what the log says. */
  const workerOf = (): Map<string, string> => {
    const lines = edge.running.stderr().split('\n');
    const registered = lines.filter((line) => line.includes('Tunnel connection registered'));
    return new Map(
      registered.map((line) => [/connection=(\S+)/.exec(line)![1]!, /worker=(\d)/.exec(line)?.[1] ?? '1']),
    );
  };

  /** Lines of the access log; each must be whole. */
  const logged = (): { connection?: string; path: string }[] =>
    readFileSync(accessLog(), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { connection?: string; path: string });

  const askMany = async (path: string, count: number): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (let i = 0; i < count; i++) answers.push(await world.ask(path));
    return answers;
  };

  const perTunnel = () => `sallyport_edge_tunnel_connections{tunnel="${world.credentials.tunnelId}"}`;

  const isAtBoth = async (): Promise<void> => {
    const seen = new Set<string>();
    await eventually(
      'fresh connections are served by both workers, each by connections of its own',
      async () => {
        for (const { status, fault } of await askMany('/both', 5))
          assert.deepEqual([status, fault], [200, '']);
        const workers = workerOf();
        for (const { connection = '' } of logged()) seen.add(workers.get(connection) ?? 'relayed');
        return seen.has('1') && seen.has('2');
      },
      90_000,
    );
  };

  test('both serve on one port, and the connector keeps a connection to each', limit, async () => {
    await isAtBoth();
    assert.equal(await edge.metric('sallyport_edge_workers'), 2);
    assert.ok((await edge.metric(perTunnel())) >= 2);
  });

  test('metrics add up: what the access log of both has, /metrics has counted', limit, async () => {
    await askMany('/counted', 20);
    await eventually(
      'as many requests as lines',
      async () => {
        const counted = await edge.metric('sallyport_edge_requests_total{status="2xx"}');
        return counted > 0 && counted === logged().length;
      },
      30_000,
    );
  });

  test('a rate limit holds over both workers', limit, async () => {
    const answers = await askMany('/limited', 60);
    const passed = answers.filter(({ status }) => status === 200).length;
    // Without news of each other the two would let 40 pass; what comes within a moment may pass at both.
    assert.ok(passed >= 20 && passed < 30, `${passed} passed`);
    assert.ok(answers.slice(-10).every(({ status }) => status === 429));
  });

  test('a TLS session that one has begun is resumed by the other', limit, async () => {
    const options = { host: '127.0.0.1', port: world.port, servername: appHost, ca: world.ca.cert };
    const session = await new Promise<Buffer>((resolve, reject) => {
      const socket = connectTls(options);
      socket.once('error', reject).once('session', (ticket) => {
        resolve(ticket);
        socket.destroy();
      });
      socket.write(`GET / HTTP/1.1\r\nHost: ${appHost}\r\n\r\n`);
    });
    for (let i = 0; i < 12; i++) {
      const isReused = await new Promise<boolean>((resolve, reject) => {
        const socket = connectTls({ ...options, session });
        socket.once('error', reject).once('secureConnect', () => {
          resolve(socket.isSessionReused());
          socket.destroy();
        });
      });
      assert.ok(isReused, `connection ${i}`);
    }
  });

  test(
    'who has signed in at one is let pass by the other, and guesses are counted over both',
    limit,
    async () => {
      const socket = ['--socket', world.path('data/admin.sock')];
      const file = world.writeFile('door-password', '482915\n');
      const set = world.run(['page-password', 'set', 'door', '--password-file', file, ...socket]);
      assert.equal(await set.ended, 0, set.stderr());
      const door = async (): Promise<{ action: string; ask: string }> => {
        const { body } = await world.ask('/door/x', { headers: { accept: 'text/html' } });
        const [, action = ''] = /<form method="post" action="([^"]*)"/.exec(body) ?? [];
        const [, ask = ''] = /name="ask" value="([^"]*)"/.exec(body) ?? [];
        return { action, ask };
      };
      const give = async (password: string): Promise<Answer> => {
        const { action, ask } = await door();
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        const body = new URLSearchParams({ ask, password }).toString();
        return await world.ask(action, { method: 'POST', body, headers });
      };
      const opened = await give('482915');
      assert.equal(opened.status, 303, opened.body);
      const cookie = String(opened.headers['set-cookie']).split(';')[0]!;
      for (let i = 0; i < 12; i++)
        assert.equal((await world.ask('/door/x', { headers: { cookie } })).status, 200, `request ${i}`);
      const guesses: number[] = [];
      for (let i = 0; i < 16; i++) guesses.push((await give('000000')).status);
      const wrong = guesses.filter((status) => status === 401).length;
      // Ten are free, and a wait of a second lets one more pass; apart the two would take 16 without a wait.
      assert.ok(guesses.includes(429), guesses.join(' '));
      assert.ok(wrong >= 10 && wrong < 16, guesses.join(' '));
    },
  );

  test('a purge reaches both', limit, async () => {
    const isHit = ({ headers }: Answer): boolean => headers['cf-cache-status'] === 'HIT';
    await eventually('both have it', async () => (await askMany('/cached/page', 12)).every(isHit), 60_000);
    const args = ['cache', 'purge', '--all', '--yes', '--socket', world.path('data/admin.sock')];
    const purge = world.run(args);
    assert.equal(await purge.ended, 0, purge.stderr());
    const misses = (await askMany('/cached/page', 30)).filter((answer) => !isHit(answer)).length;
    assert.equal(misses, 2, 'each had to fetch it once more');
  });

  test('a reload reaches both', limit, async () => {
    const more = [...routes, { hostname: 'localhost', tunnel: 'home' }];
    assert.equal((await world.ask('/hello', { host: 'localhost' })).status, 404);
    world.writeEdgeConfig({ ...config, routes: more, accessLog: accessLog() });
    const isServed = async (): Promise<boolean> => {
      for (let i = 0; i < 12; i++)
        if ((await world.ask('/hello', { host: 'localhost' })).status !== 200) return false;
      return true;
    };
    await eventually('all are served by the new route', isServed, 60_000);
  });

  test('kill -9 of a worker: no connection is refused, and it is replaced', limit, async () => {
    const clients = 4;
    const load = world.startLoad('/hello', clients, { freshConnections: true, pauseMs: 5 });
    await eventually('load runs', () => load.result().total > 20, 60_000);
    const served = (): string[] =>
      [...edge.running.stderr().matchAll(/A worker serves.*pid=(\d+)/g)].map(([, pid]) => pid!);
    const [first] = served();
    process.kill(Number(first), 'SIGKILL');
    await eventually('another serves', () => served().length === 2, 90_000);
    const before = load.result().total;
    await eventually('load goes on', () => load.result().total > before + 50, 60_000);
    const { failures } = await load.stop();
    // What the killed process had in its hands is lost, and is one request of each client at most.
    const lost = Object.values(failures).reduce((sum, count) => sum + count, 0);
    assert.ok(lost <= clients, JSON.stringify(failures));
    assert.deepEqual(
      Object.keys(failures).filter((what) => !/^(ECONNRESET|socket hang up)/.test(what)),
      [],
    );
    assert.equal(await edge.metric('sallyport_edge_workers'), 2);
    assert.equal(await edge.metric('sallyport_edge_worker_restarts_total'), 1);
    await isAtBoth();
    await eventually(
      'the connector is connected to the new one',
      () => {
        const lines = edge.running.stderr().split('\n');
        const since = lines.findLastIndex((line) => line.includes('A worker serves'));
        return lines
          .slice(since)
          .some((line) => line.includes('Tunnel connection registered') && line.includes('worker=2'));
      },
      90_000,
    );
  });

  test('"edge upgrade" replaces all processes under load: no request fails', limit, async () => {
    const loads = [
      // A request waits for connectors that are on their way, for up to 15 s.
      world.startLoad('/hello', 2, { pauseMs: 5, timeoutMs: 30_000 }),
      world.startLoad('/hello', 2, { freshConnections: true, pauseMs: 20, timeoutMs: 30_000 }),
    ];
    await eventually('load runs', () => loads.every((load) => load.result().total > 5), 60_000);
    const before = readPid(world.path('data'))!;
    const upgrade = world.run(['edge', 'upgrade', '--config', world.path('edge.yml')]);
    assert.equal(await upgrade.ended, 0, upgrade.stderr());
    assert.notEqual(readPid(world.path('data')), before);
    const counts = loads.map((load) => load.result().total);
    await eventually(
      'load goes on',
      () => loads.every((load, i) => load.result().total > counts[i]! + 20),
      60_000,
    );
    for (const load of loads) {
      const { failures } = await load.stop();
      assert.deepEqual(failures, {}, `${JSON.stringify(failures)}\n${edge.running.stderr()}`);
    }
    await world.connected(connector);
    await eventually(`process ${before} ends`, () => isGone(before), 90_000);
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
