// SIGUSR2 asks an edge for a successor. In moments in which it can have none, while it starts and while it stops, the signal
// changes nothing: without a listener it would end the process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { ProcessWorld, said } from './processes.ts';
import { startWebOrigin } from './web-origin.ts';

test(
  'an edge that is asked for a successor while it stops finishes what is under way',
  { timeout: 240_000 },
  async () => {
    const world = await ProcessWorld.create();
    const origin = await startWebOrigin();
    try {
      world.writeEdgeConfig();
      const config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
      const { running } = await world.startEdge();
      await world.connected(await world.startConnector({ config }));
      const held = world.ask('/held');
      await eventually('it is under way', () => origin.seen.get('GET /held') === 1);
      running.child.kill('SIGTERM');
      await said(running, /Stopping; requests under way may finish/);
      running.child.kill('SIGUSR2');
      origin.release();
      assert.equal((await held).status, 200);
      assert.equal(await running.ended, 0);
    } finally {
      await origin.close();
      await world.close();
    }
  },
);
