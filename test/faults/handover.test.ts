// An edge that is replaced while it runs: the successor inherits the listening sockets, nothing is refused or cut, and a
// successor that cannot start changes nothing. S4-57
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { readPid } from '#roles/succession/edge-succession.ts';
import { eventually, pause } from '../support/eventually.ts';
import { freePort, type RunningProcess } from '../support/process.ts';
import { type ConnectorProcess, type EdgeProcess, ProcessWorld } from './processes.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';

const limit = { timeout: 240_000 };

describe('an edge and its successor', { concurrency: false }, () => {
  let world: ProcessWorld;
  let edge: EdgeProcess;
  let connector: ConnectorProcess;
  let tcpPort: number;

  let origin: WebOrigin;

  before(async () => {
    world = await ProcessWorld.create();
    origin = await startWebOrigin();
    world.closeAtEnd(() => origin.close());
    const echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    world.closeAtEnd(async () => void echo.close());
    tcpPort = await freePort();
    const port = {
      protocol: 'tcp',
      port: tcpPort,
      address: '127.0.0.1',
      hostname: 'echo.test',
      tunnel: 'home',
    };
    world.writeEdgeConfig({ ports: [port] });
    const rule = `  - hostname: echo.test\n    service: tcp://127.0.0.1:${(echo.address() as AddressInfo).port}\n`;
    const config = world.writeFile('config.yml', `ingress:\n${rule}  - service: ${origin.url}\n`);
    edge = await world.startEdge();
    connector = await world.startConnector({ config });
    await world.connected(connector);
  }, limit);
  after(async () => {
    // Successors are nobody's children any more; the last one that serves is ours to end.
    const pid = readPid(world.path('data'));
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
    await world.close();
  }, limit);

  test('S4-57 "edge upgrade" replaces the edge under load: no request fails', limit, async () => {
    const kept = world.startLoad('/hello', 4, { pauseMs: 5 });
    const fresh = world.startLoad('/hello', 2, { freshConnections: true, pauseMs: 20 });
    const uploads = world.startLoad('/echo', 1, {
      ...{ method: 'POST', body: Buffer.alloc(300_000, 'u'), pauseMs: 50 },
      isGood: (status, body) => status === 200 && body.length === 300_000,
    });
    const loads = [kept, fresh, uploads];
    const lasting = await TcpClient.open(tcpPort);
    assert.equal(await lasting.ask('before'), 'before');
    const tcp = askAgainAndAgain(tcpPort);
    const goOn = async (): Promise<void> => {
      const before = loads.map((load) => load.result().total);
      await eventually(
        'load goes on',
        () => loads.every((load, i) => load.result().total > before[i]! + 5),
        60_000,
      );
    };
    await goOn();
    const before = readPid(world.path('data'))!;
    const upgrade = world.run(['edge', 'upgrade', '--config', world.path('edge.yml')]);
    assert.equal(await upgrade.ended, 0, upgrade.stderr());
    const pid = readPid(world.path('data'))!;
    assert.notEqual(pid, before);
    assert.equal(
      upgrade.stdout(),
      `The edge is process ${pid} now; process ${before} ends when its last client has gone.\n`,
    );
    await goOn();
    assert.equal(await lasting.ask('after'), 'after', 'a connection of a port goes on');
    lasting.close();
    await tcp.goOn();
    assert.deepEqual(await tcp.stop(), [], 'every connection to a port that is handed over is served');
    await world.connected(connector);
    await eventually(`process ${before} ends`, () => isGone(before), 90_000);
    for (const load of loads) assert.deepEqual((await load.stop()).failures, {}, edge.running.stderr());
  });

  test(
    'two upgrades, one right after the other, cut nothing that is under way at the first edge',
    limit,
    async () => {
      const held = world.ask('/held');
      await eventually('it is under way', () => origin.seen.get('GET /held') === 1);
      const first = readPid(world.path('data'))!;
      for (let round = 0; round < 2; round += 1) {
        const upgrade = world.run(['edge', 'upgrade', '--config', world.path('edge.yml')]);
        assert.equal(await upgrade.ended, 0, upgrade.stderr());
      }
      origin.release();
      const { status, body } = await held;
      assert.equal(status, 200);
      assert.match(body, /last$/);
      await eventually(`process ${first} ends`, () => isGone(first), 90_000);
      await world.connected(connector);
    },
  );

  test(
    'an upgrade waits for connectors that are still on their way to the edge that it replaces',
    limit,
    async () => {
      connector.running.child.kill('SIGSTOP');
      const upgrade = (): RunningProcess =>
        world.run(['edge', 'upgrade', '--config', world.path('edge.yml')]);
      const first = upgrade();
      assert.equal(await first.ended, 0, first.stderr());
      const waiting = world.ask('/hello');
      const second = upgrade();
      // Time in which it would be done if it did not wait; well within that in which a silent connector is given up.
      await Promise.race([second.ended, pause(4_000)]);
      connector.running.child.kill('SIGCONT');
      assert.equal((await waiting).status, 200, 'what waited at the second edge');
      assert.equal(await second.ended, 0, second.stderr());
      assert.equal((await world.ask('/hello')).status, 200, 'what is asked of the third');
      await world.connected(connector);
    },
  );

  test(
    'a successor that does not start changes nothing: the edge goes on, and can be changed',
    limit,
    async () => {
      const pid = readPid(world.path('data'))!;
      world.writeFile('edge.yml', '{"listen": ');
      const pattern = /The new edge did not start .* This edge goes on as before/g;
      process.kill(pid, 'SIGUSR2');
      await eventually('it says so', () => edge.running.stderr().match(pattern)?.length === 1, 90_000);
      world.writeEdgeConfig();
      assert.equal(readPid(world.path('data')), pid);
      assert.equal((await world.ask('/hello')).body, 'hello');

      // One that fails late, when the old one has let go of the store already, leaves it a control plane of its own.
      world.writeEdgeConfig({ cache: { disk: 1_000_000, dir: '/dev/null/nowhere' } });
      process.kill(pid, 'SIGUSR2');
      await eventually('it says so', () => edge.running.stderr().match(pattern)?.length === 2, 90_000);
      world.writeEdgeConfig();
      assert.equal((await world.ask('/hello')).body, 'hello');
      await eventually(
        'the API answers again',
        async () => {
          const status = world.run(['status', '--socket', world.path('data/admin.sock'), '--output', 'json']);
          return (await status.ended) === 0;
        },
        90_000,
      );
    },
  );

  function isGone(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  }
});

/** A client of the port that leads to an echo. */
class TcpClient {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number): Promise<TcpClient> {
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    return new TcpClient(socket);
  }

  async ask(text: string): Promise<string> {
    const stop = AbortSignal.timeout(30_000);
    this.#socket.write(text);
    const [answer] = (await once(this.#socket, 'data', { signal: stop })) as [Buffer];
    return answer.toString();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** New connections to a port, one after another, until the stop, which returns what went wrong. */
function askAgainAndAgain(port: number): { goOn(): Promise<void>; stop(): Promise<string[]> } {
  const failures: string[] = [];
  let asked = 0;
  let isStopped = false;
  const asking = (async () => {
    for (; !isStopped; asked += 1) {
      try {
        const client = await TcpClient.open(port);
        if ((await client.ask(`${asked}`)) !== `${asked}`) failures.push('wrong bytes');
        client.close();
      } catch (error) {
        failures.push(String(error));
      }
      await pause(20);
    }
  })();
  return {
    async goOn() {
      const before = asked;
      await eventually('the port is asked on', () => asked > before + 5, 60_000);
    },
    async stop() {
      isStopped = true;
      await asking;
      return failures;
    },
  };
}
