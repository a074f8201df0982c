// Connections that no FIN or RST ever ends: a relay between connector and edge begins to swallow bytes, one way, the
// other way, or both. Pings notice within 15 s at both ends; what was in flight is answered or asked again, and what
// comes later goes over a healthy connection. The relays go silent together, so that the real 15 s pass only once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, within } from '../support/eventually.ts';
import { type SwallowedWay, SwallowRelay } from '../support/swallow-relay.ts';
import { type Answer, metricOf, World, type WorldConnector, type WorldEdge } from './world.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';

/** A connector behind a relay, the only one of its own edge, beside a healthy replica. */
interface Scene {
  readonly way: SwallowedWay;
  readonly edge: WorldEdge;
  readonly relay: SwallowRelay;
  readonly sick: WorldConnector;
}

/** Three pings of 5 s missed, and a little for a busy machine. */
const noticedWithinMs = 21_000;

/** Registers these tests; lost-connections.test.ts runs them beside the others that wait more than they work. */
export function halfOpenConnections(): void {
  describe('half-open connections', { concurrency: false }, () => {
    let world: World;
    let origin: WebOrigin;
    const scenes: Scene[] = [];

    before(async () => {
      world = new World();
      origin = await startWebOrigin();
      world.closeAtEnd(() => origin.close());
      const ingress = `  - service: ${origin.url}\n`;
      for (const way of ['to-target', 'from-target', 'both'] as const) {
        const edge = await world.startEdge();
        const relay = await SwallowRelay.start({ host: '127.0.0.1', port: edge.port });
        world.closeAtEnd(() => relay.close());
        const sick = await world.startConnector(edge, { ingress, edgeAddress: `127.0.0.1:${relay.port}` });
        await world.connected(edge, 2);
        scenes.push({ way, edge, relay, sick });
      }
    });
    after(() => world.close());

    test('half-open connections are noticed at both ends, and nothing that may be repeated is lost', async () => {
      await Promise.all(scenes.map(play));
    });

    async function play({ way, edge, relay, sick }: Scene): Promise<void> {
      const swallowed = performance.now();
      // Under way when the line goes dead: the origin answers after that.
      const get = world.ask(edge, '/slow?ms=1500', { timeoutMs: 40_000 });
      const post = world.ask(edge, '/slow?ms=1500', { method: 'POST', body: 'once only', timeoutMs: 40_000 });
      await eventually('both are at the origin', () => (origin.seen.get('POST /slow') ?? 0) >= 3);
      relay.swallow(true, way);
      const healthy = await world.startConnector(edge, { ingress: `  - service: ${origin.url}\n` });
      await world.connected(edge, 4);

      // New requests may still be given to the dead connections, until those have more under way than the healthy ones.
      const fresh: Promise<Answer>[] = [];
      for (let i = 0; i < 20; i += 1) fresh.push(world.ask(edge, '/hello', { timeoutMs: 40_000 }));

      await eventually(
        `${way}: the edge drops both connections`,
        () => edge.edge.tunnelConnections().length === 2,
        noticedWithinMs,
      );
      await eventually(
        `${way}: the connector knows that it has none`,
        () => sick.connector.state().readyConnections === 0,
        noticedWithinMs,
      );
      const tookMs = performance.now() - swallowed;
      assert.ok(tookMs > 9_000 && tookMs < noticedWithinMs + 1_000, `${way}: noticed after ${tookMs} ms`);
      assert.equal((await sick.ready()).status, 503);

      const answers = await within(`${way}: every request is answered`, 30_000, Promise.all([get, ...fresh]));
      for (const answer of answers) assert.equal(answer.status, 200, `${way}: ${JSON.stringify(answer)}`);
      const posted = await post;
      if (way === 'from-target')
        assert.equal(posted.body, 'slow answer', 'the way back was open all the time');
      else assert.equal(`${posted.status} ${posted.failure}`, '502 connector-lost', JSON.stringify(posted));
      const retries = metricOf(edge.metrics, 'sallyport_edge_retries_total');
      for (let i = 0; i < 10; i += 1) assert.equal((await world.ask(edge, '/hello')).status, 200);
      assert.equal(
        metricOf(edge.metrics, 'sallyport_edge_retries_total'),
        retries,
        `${way}: no new request meets a dead connection`,
      );

      // Reasons on record at both ends, whichever noticed first.
      assert.equal(
        metricOf(edge.metrics, 'sallyport_edge_tunnel_disconnects_total{reason="ping-timeout"}'),
        2,
      );
      assert.equal(
        metricOf(sick.metrics, 'sallyport_connector_disconnects_total{reason="ping-timeout"}'),
        2,
        `${way}: ${sick.logged.join('\n')}`,
      );
      assert.ok(edge.logged.some((line) => /Tunnel connection ended .*"reason":"ping-timeout"/.test(line)));
      assert.ok(
        sick.logged.some((line) => /Lost connection with the edge .*"reason":"ping-timeout"/.test(line)),
      );

      relay.swallow(false);
      relay.cut();
      await eventually(
        `${way}: the line heals, and so does the connector`,
        () => {
          return sick.connector.state().readyConnections === 2;
        },
        60_000,
      );
      await healthy.close();
    }
  });
}
