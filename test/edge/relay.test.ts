// A connector that is connected to one of two workers is reached from the other: streams go over a socket file. docs/workers.md
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { introduce, linkedMates } from '#testkit/linked-mates.ts';
import { ask, World, type WorldConnector, type WorldEdge } from '../faults/world.ts';
import { startWebOrigin, type WebOrigin } from '../faults/web-origin.ts';
import { eventually } from '../support/eventually.ts';

describe('two workers and a connector at one of them', { concurrency: false }, () => {
  const world = new World();
  let origin: WebOrigin;
  let near: WorldEdge;
  let far: WorldEdge;
  let connector: WorldConnector;

  before(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-relay-'));
    world.closeAtEnd(() => rmSync(folder, { recursive: true, force: true }));
    origin = await startWebOrigin();
    world.closeAtEnd(() => origin.close());
    const mates = linkedMates(2, (number) => join(folder, `${number}.sock`));
    near = await world.startEdge({ mates: mates[0]! });
    far = await world.startEdge({ mates: mates[1]! });
    introduce(mates);
    // It only ever dials the one, as the kernel might have it: what it learns of the other does not help.
    connector = await world.startConnector(near, { ingress: `  - service: ${origin.url}\n`, connections: 1 });
  });
  after(() => world.close());

  const askFar = (path: string, options = {}) => ask(far.port, world.ca.cert, path, options);

  test('requests at the other are served, with bodies both ways', async () => {
    await eventually('it is reached', async () => (await askFar('/hello')).status === 200, 30_000);
    assert.equal((await ask(near.port, world.ca.cert, '/hello')).body, 'hello');
    const body = Buffer.alloc(3_000_000, 'x');
    const echoed = await askFar('/echo', { method: 'POST', body });
    assert.deepEqual([echoed.status, echoed.body.length, echoed.fault], [200, body.length, '']);
    const big = await askFar('/big?bytes=5000000');
    assert.deepEqual([big.status, big.body.length], [200, 5_000_000]);
  });

  test('it is told as what it is: no connection of the worker, in lists and metrics', () => {
    assert.equal(near.edge.tunnelConnections().length >= 1, true);
    assert.deepEqual(far.edge.tunnelConnections(), []);
    assert.doesNotMatch(far.metrics.text(), /sallyport_edge_tunnel_connections\{/);
  });

  test('an origin that is away is told by the same word as at the other', async () => {
    await origin.close();
    const [here, there] = [await ask(near.port, world.ca.cert, '/hello'), await askFar('/hello')];
    assert.equal(there.failure, here.failure);
    assert.equal(there.status, 502);
  });

  test('when the connector goes, it is gone from both', async () => {
    await connector.close();
    await eventually('no connector', async () => (await askFar('/hello')).status === 530, 30_000);
  });
});
