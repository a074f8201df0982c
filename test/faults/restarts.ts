// Edges and connectors that are killed without warning and come back, as real processes, under load.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, within } from '../support/eventually.ts';
import { type ConnectorProcess, type EdgeProcess, ProcessWorld, said } from './processes.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';

/** Registers these tests; lost-connections.test.ts runs them beside the others that wait more than they work. */
export function restarts(): void {
  describe('processes that are killed', { concurrency: false }, () => {
    let world: ProcessWorld;
    let origin: WebOrigin;
    let edge: EdgeProcess;
    let connector: ConnectorProcess;
    let config: string;

    before(async () => {
      world = await ProcessWorld.create();
      origin = await startWebOrigin();
      world.closeAtEnd(() => origin.close());
      world.writeEdgeConfig();
      config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
      edge = await world.startEdge();
      connector = await world.startConnector({ config });
      await world.connected(connector);
    });
    after(() => world.close());

    function load(clients: number) {
      return world.startLoad('/hello', clients, { pauseMs: 5 });
    }

    test('an edge killed and started again gets its connectors back within 15 s, with the reason on record', async () => {
      assert.equal((await world.ask('/hello')).body, 'hello');
      const running = load(8);
      await eventually('load runs', () => running.result().good > 50);
      await edge.running.kill();
      await said(connector.running, /Lost connection with the edge .*reason=/);
      await eventually('the connector is not ready', async () => (await connector.ready()).status === 503);
      edge = await world.startEdge();
      const back = performance.now();
      await eventually(
        'a request goes through',
        async () => (await world.ask('/hello')).status === 200,
        15_000,
      );
      const tookMs = performance.now() - back;
      assert.ok(tookMs < 15_000, `took ${tookMs} ms`);
      await world.connected(connector);
      const lost =
        (await connector.metric('sallyport_connector_disconnects_total{reason="transport-error"}')) +
        (await connector.metric('sallyport_connector_disconnects_total{reason="peer-closed"}'));
      assert.ok(lost >= 4, `four lost connections are counted by reason, not ${lost}`);
      await said(connector.running, /Registered tunnel connection/);
      const good = running.result().good;
      await eventually('load goes on', () => running.result().good > good + 50);
      const result = await running.stop();
      for (const failure of Object.keys(result.failures))
        assert.match(
          failure,
          /^(ECONNREFUSED|ECONNRESET|EPIPE|530 no-connector|.*socket.*|body .*)$/,
          failure,
        );
    });

    test('a connector killed is a clear 530 at once, counted with its reason, and the next one serves', async () => {
      const running = load(8);
      await eventually('load runs', () => running.result().good > 50);
      const before = await endedAtEdge(edge);
      await connector.running.kill();
      const answer = await eventually('the edge has noticed', async () => {
        const found = await world.ask('/hello');
        return found.status === 530 && found;
      });
      assert.equal(answer.failure, 'no-connector');
      await said(edge.running, /Tunnel connection ended .*reason=(peer-closed|transport-error)/);
      await eventually('all four are counted', async () => (await endedAtEdge(edge)) - before === 4);
      connector = await world.startConnector({ config });
      await eventually(
        'a request goes through',
        async () => (await world.ask('/hello')).status === 200,
        15_000,
      );
      const good = running.result().good;
      await eventually('load goes on', () => running.result().good > good + 50);
      const result = await running.stop();
      for (const failure of Object.keys(result.failures))
        assert.match(failure, /^(530 no-connector|502 connector-lost|body .*)$/, failure);
      await world.connected(connector);
    });

    test('both killed and started again under load, connector first: requests go through again without help', async () => {
      const running = load(8);
      await eventually('load runs', () => running.result().good > 50);
      await Promise.all([edge.running.kill(), connector.running.kill()]);
      connector = await world.startConnector({ config });
      await said(connector.running, /refused the connection/);
      assert.equal((await connector.ready()).status, 503);
      edge = await world.startEdge();
      await eventually(
        'a request goes through',
        async () => (await world.ask('/hello')).status === 200,
        15_000,
      );
      const good = running.result().good;
      await eventually('load goes on', () => running.result().good > good + 50);
      await running.stop();
    });

    test('a stop with nothing connected is clean, for an edge and for a connector without one', async () => {
      const lone = await ProcessWorld.create();
      try {
        lone.writeEdgeConfig();
        const waiting = await lone.startConnector({ config });
        await said(waiting.running, /refused the connection/);
        waiting.running.child.kill('SIGTERM');
        assert.equal(await within('the connector ends', 10_000, waiting.running.ended), 0);
        const idle = await lone.startEdge();
        idle.running.child.kill('SIGTERM');
        assert.equal(await within('the edge ends', 10_000, idle.running.ended), 0);
        assert.doesNotMatch(idle.running.stderr(), /Warning|fault/);
      } finally {
        await lone.close();
      }
    });

    async function endedAtEdge({ metric }: EdgeProcess): Promise<number> {
      const count = (reason: string): Promise<number> =>
        metric(`sallyport_edge_tunnel_disconnects_total{reason="${reason}"}`);
      return (await count('peer-closed')) + (await count('transport-error'));
    }
  });
}
