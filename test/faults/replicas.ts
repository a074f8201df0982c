// Two connectors with one credential: replicas. They share the load, and the death of one loses nothing that may be
// asked twice.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type ConnectorProcess, type EdgeProcess, ProcessWorld } from './processes.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';

/** Registers these tests; lost-connections.test.ts runs them beside the others that wait more than they work. */
export function replicas(): void {
  describe('replicas', { concurrency: false }, () => {
    let world: ProcessWorld;
    let origin: WebOrigin;
    let edge: EdgeProcess;
    let config: string;
    let first: ConnectorProcess;
    let second: ConnectorProcess;

    before(async () => {
      world = await ProcessWorld.create();
      origin = await startWebOrigin();
      world.closeAtEnd(() => origin.close());
      world.writeEdgeConfig();
      config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
      edge = await world.startEdge();
      [first, second] = await Promise.all([
        world.startConnector({ config }),
        world.startConnector({ config }),
      ]);
      await Promise.all([world.connected(first), world.connected(second)]);
    });
    after(() => world.close());

    test('S0-12 S3-5 two connectors with one credential are replicas: both stay, both serve about half', async () => {
      const running = world.startLoad('/slow?ms=20', 16);
      await eventually('load runs', () => running.result().good > 400);
      const shares = await Promise.all([first.metric(streams), second.metric(streams)]);
      const result = await running.stop();
      assert.deepEqual(result.failures, {});
      for (const share of shares)
        assert.ok(share >= 4 && share <= 12, `streams open on each: ${shares.join(', ')}`);
      assert.equal((await first.ready()).body.readyConnections, 4);
      assert.equal((await second.ready()).body.readyConnections, 4);
      assert.equal(
        await edge.metric(`sallyport_edge_tunnel_connections{tunnel="${world.credentials.tunnelId}"}`),
        8,
      );
    });

    test('S3-5 one of two replicas killed in the middle: no request that may be repeated is lost', async () => {
      for (let round = 0; round < 2; round += 1) {
        const slow = world.startLoad('/slow?ms=100', 24);
        const quick = world.startLoad('/hello', 8, { freshConnections: true });
        await eventually('load runs', () => slow.result().good > 48 && quick.result().good > 48);
        await first.running.kill();
        const [slowGood, quickGood] = [slow.result().good, quick.result().good];
        await eventually(
          'load goes on',
          () => slow.result().good > slowGood + 48 && quick.result().good > quickGood + 48,
        );
        assert.deepEqual((await slow.stop()).failures, {});
        assert.deepEqual((await quick.stop()).failures, {});
        first = second;
        second = await world.startConnector({ config });
        await world.connected(second);
      }
      assert.ok((await edge.metric('sallyport_edge_retries_total')) > 0, 'some were asked twice');
    });

    /** Streams open at a connector. */
    const streams = 'cloudflared_tunnel_concurrent_requests_per_tunnel';
  });
}
