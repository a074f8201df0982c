// The list of connectors, fed by hand: what is shown, what is told, and what stays known of those that went away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectorSchema, disconnectSchema, type LiveEvent, liveEventSchema } from '#model/live/live.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import { ConnectorList } from './connector-list.ts';
import { disconnectsPerTunnel } from './disconnect-log.ts';
import { localRules } from './local-connection.ts';

interface World {
  readonly list: ConnectorList;
  readonly events: LiveEvent[];
  nowMs: number;
}

function world(): World {
  const events: LiveEvent[] = [];
  const all = { events, nowMs: 10_000 };
  const list = new ConnectorList({
    wallMs: () => all.nowMs,
    emit: (event) => void events.push(liveEventSchema.parse(event)),
    configOf: () => ({ version: 0, state: 'local', detail: '' }),
  });
  return Object.assign(all, { list });
}

function connection(instanceId: string, index: number, more: Partial<EdgeConnection> = {}): EdgeConnection {
  return {
    id: `${instanceId}-${index}`,
    tunnelId: 't1',
    instanceId,
    index,
    connectorInfo: { version: '1', arch: 'linux_x64', hostname: 'nas', startedAtMs: 5 },
    publicKey: new Uint8Array(32),
    transportKind: 'tls',
    remoteAddress: `192.0.2.${index}:1`,
    connectedAtMs: 1_000 + index,
    rules: undefined,
    isDraining: false,
    openStreams: 0,
    rttMs: 1.23456,
    ...more,
  } as EdgeConnection;
}

const rulesOf = (version: number): PublishedRules => ({ ...localRules(`service ${version}`), version });

test('a connector is its connections together; it is gone with the last of them', () => {
  const { list, events } = world();
  const [first, second] = [
    connection('a', 0, { rules: rulesOf(1) }),
    connection('a', 1, { rules: rulesOf(2) }),
  ];
  list.add(first);
  list.add(second);
  list.add(connection('b', 0, { connectedAtMs: 1 }));
  const [other, shown] = list.of('t1').map((each) => connectorSchema.parse(each));
  assert.equal(other!.instanceId, 'b', 'the longest connected first');
  assert.equal(shown!.connections.length, 2);
  assert.equal(shown!.connectedAtMs, 1_000);
  assert.equal(shown!.address, '192.0.2.1:1');
  assert.equal(shown!.rulesVersion, 2, 'the newest rules of any connection');
  assert.deepEqual(shown!.rules, [{ hostname: '', path: '', service: 'service 2' }]);
  assert.equal(shown!.hostname, 'nas');
  assert.equal(shown!.os, '');
  assert.equal(shown!.connections[0]!.rttMs, 1.235);
  list.remove(first, { reason: 'peer-closed', detail: '' });
  assert.equal(list.of('t1').length, 2);
  list.remove(second, { reason: 'ping-timeout', detail: 'nothing came' });
  assert.deepEqual(
    list.of('t1').map(({ instanceId }) => instanceId),
    ['b'],
  );
  assert.deepEqual(
    events.map((event) => event.kind === 'connector' && [event.what, event.instanceId, event.detail]),
    [
      ['connected', 'a', 'connection 0 from 192.0.2.0:1'],
      ['connected', 'a', 'connection 1 from 192.0.2.1:1'],
      ['connected', 'b', 'connection 0 from 192.0.2.0:1'],
      ['disconnected', 'a', 'peer-closed'],
      ['disconnected', 'a', 'ping-timeout: nothing came'],
    ],
  );
});

test('a connector drains when all of its connections do', () => {
  const { list } = world();
  list.add(connection('a', 0, { isDraining: true }));
  list.add(connection('a', 1));
  assert.equal(list.of('t1')[0]!.isDraining, false);
  list.add(connection('b', 0, { isDraining: true }));
  assert.equal(list.of('t1').find(({ instanceId }) => instanceId === 'b')!.isDraining, true);
});

test('why connections ended is kept newest first, the last of each tunnel, and forgotten with the tunnel', () => {
  const all = world();
  for (let i = 0; i < disconnectsPerTunnel + 10; i++) {
    all.nowMs += 1_000;
    const one = connection('a', i);
    all.list.add(one);
    all.list.remove(one, { reason: 'peer-closed', detail: `number ${i}` });
  }
  const kept = all.list.disconnects('t1').map((each) => disconnectSchema.parse(each));
  assert.equal(kept.length, disconnectsPerTunnel);
  assert.equal(kept[0]!.detail, `number ${disconnectsPerTunnel + 9}`);
  assert.ok(kept[0]!.connectedForMs > 0);
  assert.deepEqual(all.list.disconnects(), kept);
  all.list.keepOnly(new Set(['t2']));
  assert.deepEqual(all.list.disconnects(), []);
});

test('one that is refused again and again pushes nothing else out', () => {
  const all = world();
  const one = connection('a', 0);
  all.list.add(one);
  all.list.remove(one, { reason: 'ping-timeout', detail: '' });
  const claim = { tunnelId: 't1', instanceId: 'x', info: { version: '1', arch: 'a' } };
  for (let i = 0; i < 200; i++) {
    all.nowMs += 15_000;
    all.list.refused(claim, `198.51.100.7:${i}`, { reason: 'revoked', detail: 'the key was revoked' });
  }
  all.list.refused(claim, '198.51.100.8:1', { reason: 'revoked', detail: 'the key was revoked' });
  const kept = all.list.disconnects('t1');
  assert.deepEqual(
    kept.map(({ reason, address }) => [reason, address]),
    [
      ['revoked', '198.51.100.8:1'],
      ['revoked', '198.51.100.7:199'],
      ['ping-timeout', '192.0.2.0:1'],
    ],
  );
  assert.equal(kept[1]!.connectedForMs, 0);
  assert.equal(kept[1]!.atMs, all.nowMs);
});
