// The first process of an edge is killed while the others serve: they end with it at once, and an edge that a supervisor
// starts in the same moment has the ports, all processes, and the connectors again. docs/adr/0019-workers.md
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { workerVariable } from '#roles/workers/is-worker.ts';
import { sallyportCommand } from '../support/demo.ts';
import { eventually, within } from '../support/eventually.ts';
import { repositoryRoot } from '../support/process.ts';
import { type ConnectorProcess, type EdgeProcess, ProcessWorld } from './processes.ts';
import { startWebOrigin } from './web-origin.ts';

const limit = { timeout: 240_000 };

describe('the first process of an edge of two', { concurrency: false }, () => {
  let world: ProcessWorld;
  let edge: EdgeProcess;
  let connector: ConnectorProcess;

  before(async () => {
    world = await ProcessWorld.create();
    const origin = await startWebOrigin();
    world.closeAtEnd(() => origin.close());
    world.writeEdgeConfig({ workers: 2 });
    const rules = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
    edge = await world.startEdge();
    connector = await world.startConnector({ config: rules });
    await world.connected(connector);
  }, limit);
  after(() => world.close(), limit);

  const registeredAt = (worker: 1 | 2): boolean =>
    edge.running
      .stderr()
      .split('\n')
      .some(
        (line) =>
          line.includes('Tunnel connection registered') &&
          (/worker=(\d)/.exec(line)?.[1] ?? '1') === String(worker),
      );

  const relayFiles = (): string[] =>
    readdirSync(world.path('data')).filter((name) => name.startsWith('worker-'));

  test('kill -9 of it: all end, and an edge started at once has ports and connectors', limit, async () => {
    await eventually('the connector is connected to both', () => registeredAt(1) && registeredAt(2), 90_000);
    const load = world.startLoad('/hello', 2, { freshConnections: true, pauseMs: 5 });
    await eventually('load runs', () => load.result().total > 20, 60_000);
    const before = edge.running;
    const files = relayFiles();
    const isDead = once(before.child, 'exit');
    before.child.kill('SIGKILL');
    await isDead;
    // A supervisor does not wait. Were the port still held, this would throw.
    edge = await world.startEdge();
    // The further process has inherited standard output and error, which are closed by the last who has them.
    await within('the further process ends with the first', 60_000, before.ended);
    assert.equal(await edge.metric('sallyport_edge_workers'), 2);
    await world.connected(connector);
    await eventually('the connector is at both again', () => registeredAt(1) && registeredAt(2), 90_000);
    const served = load.result().total;
    await eventually('load goes on', () => load.result().total > served + 20, 60_000);
    await load.stop();
    for (let i = 0; i < 12; i++) assert.equal((await world.ask('/hello')).status, 200, `request ${i}`);
    assert.deepEqual(
      relayFiles().filter((name) => files.includes(name)),
      [],
      'socket files of the killed edge are removed',
    );
  });

  test('it dies while a further one loads its program: that one ends, too', limit, async () => {
    const child = spawn(sallyportCommand, ['edge', 'run', '--config', world.path('edge.yml')], {
      cwd: repositoryRoot,
      env: { ...process.env, [workerVariable]: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    world.closeAtEnd(() => Promise.resolve(child.kill('SIGKILL')));
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
    // Of a child that was disconnected so early Node tells no "close".
    const ended = once(child, 'exit');
    child.disconnect();
    const [code] = (await within('it ends', 90_000, ended)) as [number];
    assert.equal(`${code} ${said}`, '0 ');
  });
});
