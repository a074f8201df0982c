// A process that has no file descriptor left: the system answers questions about the process itself by files, and none may
// be the end of an edge. The chaos case `no-descriptors` does the same to a whole edge.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run, startProcess } from '../support/process.ts';
import { ProcessWorld, said } from './processes.ts';
import { startWebOrigin } from './web-origin.ts';

/** Looks at an edge that serves nothing, without a descriptor; a module cannot be loaded then, so it is before. */
const script = `
  import { execFileSync } from 'node:child_process';
  import { descriptorsNow, isWithoutDescriptor } from '#base/memory/descriptors.ts';
  import { lookAt } from '#roles/control/edge-look.ts';
  const none = () => [];
  const noneByName = () => new Map();
  const live = { routes: none, connectors: noneByName, disconnects: none, tunnelCounts: noneByName };
  const edge = { live: () => live, ports: none, members: noneByName, moves: none };
  const parts = { edge, names: undefined, certificateStates: noneByName, listeners: none };
  execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=3:']);
  let isTold = false;
  try {
    descriptorsNow();
  } catch (error) {
    isTold = isWithoutDescriptor(error);
  }
  console.log(JSON.stringify({ isTold, memory: lookAt(parts).memory }));
`;

test(
  'an edge without a descriptor is looked at all the same, and knows why it cannot say everything',
  { skip: process.platform !== 'linux' && 'prlimit is of Linux' },
  async () => {
    const looking = startProcess(process.execPath, ['--input-type=module', '-e', script]);
    assert.equal(await looking.ended, 0, looking.stderr());
    assert.deepEqual(JSON.parse(looking.stdout()), {
      isTold: true,
      memory: { residentBytes: 0, heapBytes: 0 },
    });
  },
);

test(
  'edge and connector say that they have none left, with the cure, and serve when they have again',
  { skip: process.platform !== 'linux' && 'prlimit is of Linux', timeout: 240_000 },
  async (context) => {
    const world = await ProcessWorld.create();
    context.after(() => world.close());
    const origin = await startWebOrigin();
    world.closeAtEnd(() => origin.close());
    world.writeEdgeConfig();
    const config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
    const edge = await world.startEdge();
    const connector = await world.startConnector({ config });
    await world.connected(connector);
    for (const { running } of [edge, connector]) {
      const limit = (count: number): Promise<string> =>
        run('prlimit', ['--pid', String(running.pid), `--nofile=${count}:`]);
      await limit(10);
      await said(running, /(No file descriptor is left, .* set LimitNOFILE)/);
      await limit(1_024);
      assert.equal((await world.ask('/hello')).status, 200);
    }
  },
);
