// A rolling restart loses no request: two connectors under all kinds of traffic, each in turn drained by SIGTERM and
// replaced. Then the same within one process, and an edge whose configuration changes under the same traffic.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, within } from '../support/eventually.ts';
import { type ConnectorProcess, ProcessWorld } from './processes.ts';
import { openWebSocket, startTraffic, type Traffic } from './traffic.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';
import { metricOf, World } from './world.ts';

const slowMs = 1_200;

let origin: WebOrigin;
before(async () => {
  origin = await startWebOrigin();
});
after(() => origin.close());

/** Waits until every kind of traffic has had good answers since now. */
async function goesOn(traffic: Traffic): Promise<void> {
  const since = { ...traffic.good };
  await eventually(
    `every kind of traffic goes on: ${JSON.stringify(traffic)}`,
    () => traffic.failures.length > 0 || traffic.hasAdvanced(since, 1),
    60_000,
  );
}

describe('nothing is lost', { concurrency: true }, () => {
  test('S3-5 a rolling restart of two connector processes under load loses no request', async () => {
    const world = await ProcessWorld.create();
    try {
      world.writeEdgeConfig();
      await world.startEdge();
      const config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
      const start = async (): Promise<ConnectorProcess> => {
        const connector = await world.startConnector({ config });
        await world.connected(connector);
        return connector;
      };
      const connectors = await Promise.all([start(), start()]);
      const traffic = startTraffic(world, { port: world.port, ca: world.ca.cert, slowMs });
      await goesOn(traffic);
      for (const index of [0, 1]) {
        const old = connectors[index]!;
        old.running.child.kill('SIGTERM');
        assert.equal(await within('the drained connector ends', 15_000, old.running.ended), 0);
        assert.match(old.running.stderr(), /Initiating graceful shutdown/);
        connectors[index] = await start();
        await goesOn(traffic);
      }
      await traffic.stop();
      assert.deepEqual(traffic.failures, [], JSON.stringify(traffic.good));
    } finally {
      await world.close();
    }
  });

  test('a rolling restart within one process, twice over, loses no request', async () => {
    const world = new World();
    try {
      const edge = await world.startEdge();
      const ingress = `  - service: ${origin.url}\n`;
      const start = () => world.startConnector(edge, { ingress });
      const connectors = [await start(), await start()];
      await world.connected(edge, 4);
      const traffic = startTraffic(world, { port: edge.port, ca: world.ca.cert, slowMs: 400 });
      await goesOn(traffic);
      for (const index of [0, 1, 0, 1]) {
        await connectors[index]!.connector.drain(20_000);
        connectors[index] = await start();
        await world.connected(edge, 4);
        await goesOn(traffic);
      }
      await traffic.stop();
      assert.deepEqual(traffic.failures, [], JSON.stringify(traffic.good));
      assert.equal(metricOf(edge.metrics, 'sallyport_edge_tunnel_disconnects_total{reason="drained"}'), 8);
    } finally {
      await world.close();
    }
  });

  test('a WebSocket that outlasts every patience is closed with 1001, over HTTP/1.1 and however it ends', async () => {
    const world = new World();
    try {
      const edge = await world.startEdge();
      const ingress = `  - service: ${origin.url}\n`;
      const first = await world.startConnector(edge, { ingress });
      await world.connected(edge, 2);
      const deadline = await openWebSocket(edge.port, world.ca.cert);
      const drained = first.connector.drain(300);
      assert.equal(await within('closed at the deadline of a drain', 5_000, deadline.closed), 1001);
      await drained;
      const second = await world.startConnector(edge, { ingress });
      await world.connected(edge, 2);
      const lost = await openWebSocket(edge.port, world.ca.cert);
      await second.close();
      assert.equal(await within('closed when the connector is lost', 5_000, lost.closed), 1001);
      await world.startConnector(edge, { ingress });
      await world.connected(edge, 2);
      const stopped = await openWebSocket(edge.port, world.ca.cert);
      await edge.edge.close();
      assert.equal(await within('closed when the edge stops', 5_000, stopped.closed), 1001);
      assert.equal(metricOf(edge.metrics, 'sallyport_edge_requests_active'), 0);
    } finally {
      await world.close();
    }
  });

  test("an edge's configuration changed many times under load loses no request", async () => {
    const world = new World();
    try {
      const edge = await world.startEdge();
      await world.startConnector(edge, { ingress: `  - service: ${origin.url}\n` });
      await world.connected(edge, 2);
      const traffic = startTraffic(world, { port: edge.port, ca: world.ca.cert, slowMs: 300 });
      await goesOn(traffic);
      const { routes } = edge.snapshot;
      for (let i = 0; i < 20; i += 1) {
        const more = Array.from({ length: i * 50 }, (_, n) => ({
          ...routes[0]!,
          hostname: `n${n}.example.net`,
        }));
        edge.change({ routes: [...more, ...routes], trustedProxies: i % 2 === 0 ? ['192.0.2.0/24'] : [] });
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      await goesOn(traffic);
      await traffic.stop();
      assert.deepEqual(traffic.failures, [], JSON.stringify(traffic.good));
    } finally {
      await world.close();
    }
  });
});
