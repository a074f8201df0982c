// The order of a drain, under a fake clock: the next connection only when the one before has a successor, or will have none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import { Disconnector, successorPatienceMs } from './disconnect.ts';

interface FakeConnection extends EdgeConnection {
  isDraining: boolean;
}

function connection(instanceId: string, index: number): FakeConnection {
  const one = {
    instanceId,
    index,
    isDraining: false,
    drain() {
      one.isDraining = true;
      return Promise.resolve();
    },
    close() {},
  };
  return one as unknown as FakeConnection;
}

function world(...connections: FakeConnection[]): { end: Disconnector; clock: FakeClock; left: string[] } {
  const clock = new FakeClock();
  const left: string[] = [];
  const instances = Map.groupBy(connections, ({ instanceId }) => instanceId);
  const end = new Disconnector({
    clock,
    connectionsOf: () => instances,
    leave: ({ instanceId, index }) => void left.push(`${instanceId}${index}`),
  });
  return { end, clock, left };
}

const all = { tunnelId: 't', instanceId: undefined };

test('each connector moves one connection at a time, and connectors do not wait for each other', () => {
  const { end, left } = world(connection('a', 0), connection('a', 1), connection('b', 0));
  assert.equal(end.end(all, 'drain'), 3);
  assert.deepEqual(left, ['a0', 'b0']);
  end.ready(connection('b', 9));
  assert.deepEqual(left, ['a0', 'b0']);
  end.ready(connection('a', 9));
  assert.deepEqual(left, ['a0', 'b0', 'a1']);
});

test('a connector that makes no successor is not waited for for ever', () => {
  const { end, clock, left } = world(connection('a', 0), connection('a', 1), connection('a', 2));
  end.end(all, 'drain');
  clock.advance(successorPatienceMs - 1);
  assert.deepEqual(left, ['a0']);
  clock.advance(1);
  assert.deepEqual(left, ['a0', 'a1']);
  clock.advance(successorPatienceMs * 3);
  assert.deepEqual(left, ['a0', 'a1', 'a2']);
});

test('new rules on a connection that waits its turn are no successor; one that drains already is passed over', () => {
  const [first, second, third] = [connection('a', 0), connection('a', 1), connection('a', 2)];
  const { end, left } = world(first, second, third);
  end.end(all, 'drain');
  end.ready(second);
  assert.deepEqual(left, ['a0']);
  second.isDraining = true;
  end.ready(connection('a', 9));
  assert.deepEqual(left, ['a0', 'a2']);
});

test('asked twice, it begins again with those that are there now', () => {
  const { end, left } = world(connection('a', 0), connection('a', 1));
  end.end(all, 'drain');
  end.end(all, 'drain');
  assert.deepEqual(left, ['a0', 'a1']);
});
