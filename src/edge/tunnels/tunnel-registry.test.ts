// Which connection takes a request, above all one whose first try has just failed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { TunnelRegistry, type TunnelSlot } from './tunnel-registry.ts';

const rules: PublishedRules = { version: 1, rules: [] };
const tunnelId = 'tunnel';

/** A connection as far as the registry looks at it. */
function connection(instanceId: string, index: number, isQuiet = false): EdgeConnection {
  return { tunnelId, instanceId, index, isDraining: false, isQuiet } as EdgeConnection;
}

function registryOf(...connections: EdgeConnection[]): [TunnelRegistry, TunnelSlot[]] {
  const registry = new TunnelRegistry();
  for (const one of connections) registry.setRules(one, rules);
  return [registry, [...registry.slots]];
}

test('a request that failed on one replica goes to another, however idle the siblings of the failed connection are', () => {
  const [registry, [first, second, other]] = registryOf(
    connection('a', 0),
    connection('a', 1),
    connection('b', 0),
  );
  other!.outstanding = 50;
  assert.equal(registry.pick(tunnelId, undefined), first);
  assert.equal(registry.pick(tunnelId, first), other);
  assert.equal(registry.pick(tunnelId, second), other);
});

test('without another replica a request that failed goes to a sibling, and without one to where it was', () => {
  const [registry, [first, second]] = registryOf(connection('a', 0), connection('a', 1));
  assert.equal(registry.pick(tunnelId, first), second);
  const [small, [only]] = registryOf(connection('a', 0));
  assert.equal(small.pick(tunnelId, only), only);
});

test('replicas share by requests under way', () => {
  const [registry, [first, other]] = registryOf(connection('a', 0), connection('b', 0));
  first!.outstanding = 1;
  assert.equal(registry.pick(tunnelId, undefined), other);
  other!.outstanding = 2;
  assert.equal(registry.pick(tunnelId, undefined), first);
});

test('a connection that has gone quiet gets a request only where there is no other', () => {
  const [registry, [quiet, sibling]] = registryOf(
    connection('a', 0, true),
    connection('a', 1),
    connection('b', 0, true),
  );
  assert.equal(registry.pick(tunnelId, undefined), sibling);
  assert.equal(registry.pick(tunnelId, quiet), sibling);
  assert.notEqual(registry.pick(tunnelId, sibling), sibling);
  const [rest, [first]] = registryOf(connection('a', 0, true), connection('a', 1, true));
  assert.equal(rest.pick(tunnelId, undefined), first);
});
