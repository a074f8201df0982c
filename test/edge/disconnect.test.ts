// Connections ended by the owner (`tunnel cleanup`): who is still there comes back, and a drain costs no request.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
const nobody = '11111111-1111-4111-8111-111111111111';
const ask = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';

before(async () => {
  world = await startEdgeWorld({
    ingress: '  - hostname: a.test\n    service: hello_world\n',
    hosts: ['a.test'],
    connections: 3,
  });
});
after(() => world.close());

test('a drain takes one connection after the other, and no request is lost, nor held up by idle streams', async () => {
  const { tunnelId } = world.credentials;
  await world.ask(ask);
  const before = new Set(world.edge.tunnelConnections());
  const statuses = new Map<number, number>();
  const isMoved = (): boolean => {
    const now = world.edge.tunnelConnections();
    return now.length === before.size && now.every((connection) => !before.has(connection));
  };
  assert.equal(world.edge.disconnect({ tunnelId, instanceId: undefined }, 'drain'), 3);
  await eventually('every connection has a successor', async () => {
    const [response] = await world.ask(ask);
    statuses.set(response!.status, (statuses.get(response!.status) ?? 0) + 1);
    return isMoved();
  });
  assert.deepEqual([...statuses.keys()], [200]);
  await eventually('the old ones have ended', () => {
    const drained = world.edge
      .live()
      .disconnects(tunnelId)
      .filter(({ reason }) => reason === 'drained');
    return drained.length === 3;
  });
});

test('a close is at once, and only for the connector that is named', async () => {
  const { tunnelId } = world.credentials;
  const other = await world.connect();
  assert.equal(world.edge.disconnect({ tunnelId, instanceId: other.connectorId }, 'close'), 3);
  assert.equal(world.edge.disconnect({ tunnelId, instanceId: nobody }, 'close'), 0);
  assert.equal(world.edge.disconnect({ tunnelId: nobody, instanceId: undefined }, 'close'), 0);
  const [last] = world.edge.live().disconnects(tunnelId);
  assert.deepEqual(
    [last!.instanceId, last!.reason, last!.detail],
    [other.connectorId, 'shutdown', 'ended by the owner of the edge'],
  );
  await eventually('it comes back by itself', () => other.state().readyConnections === 3);
});
