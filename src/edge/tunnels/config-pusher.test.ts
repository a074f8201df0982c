// Rules on their way to connectors that answer, do not answer, refuse, are ahead, or come and go; under a fake clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '#base/log.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import type { EncodedConfig } from '#tunnel/exchanges/config-exchange.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { ConfigVerdict } from '#wire/tunnel-versioned-text.ts';
import { answerPatienceMs, ConfigPusher, maxPushes, outdatedPatienceMs } from './config-pusher.ts';

/** A connector's connection that notes what it is sent. */
interface FakeConnection extends EdgeConnection {
  readonly sent: number[];
}

class World {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly connections = new Map<string, Map<string, FakeConnection[]>>();
  readonly pusher: ConfigPusher;
  readonly encoded: EncodedConfig[] = [];

  constructor(tunnels: readonly TunnelEntry[]) {
    this.pusher = new ConfigPusher(
      {
        clock: this.clock,
        log: silentLog,
        connectionsOf: (id) => this.connections.get(id) ?? new Map<string, FakeConnection[]>(),
        tunnelName: (id) => id,
        tell: (what, connection, detail) =>
          void this.told.push(`${what} ${connection.instanceId}: ${detail}`),
      },
      tunnels,
    );
  }

  connect(instanceId: string, more: Partial<EdgeConnection> = {}): FakeConnection {
    const sent: number[] = [];
    const connection = {
      tunnelId: 't1',
      instanceId,
      isDraining: false,
      takesConfig: true,
      pushConfig: (config: EncodedConfig) => {
        sent.push(config.version);
        this.encoded.push(config);
      },
      ...more,
      sent,
    } as unknown as FakeConnection;
    const instances = this.connections.get(connection.tunnelId) ?? new Map<string, FakeConnection[]>();
    this.connections.set(connection.tunnelId, instances);
    instances.set(instanceId, [...(instances.get(instanceId) ?? []), connection]);
    this.pusher.connected(connection);
    return connection;
  }

  close(connection: FakeConnection): void {
    const instances = this.connections.get(connection.tunnelId)!;
    const rest = instances.get(connection.instanceId)!.filter((other) => other !== connection);
    if (rest.length > 0) instances.set(connection.instanceId, rest);
    else instances.delete(connection.instanceId);
    this.pusher.closed(connection);
  }

  answer(connection: FakeConnection, version: number, verdict: ConfigVerdict = 'accepted', text = ''): void {
    this.pusher.acknowledged(connection, { version, verdict, text });
  }

  state(instanceId: string, tunnelId = 't1'): string {
    const { state, version, detail } = this.pusher.configOf(tunnelId, instanceId);
    return `${state} ${version}${detail === '' ? '' : `: ${detail}`}`;
  }
}

function tunnel(version: number | undefined, id = 't1', text = `v${version}`): TunnelEntry {
  const config = version === undefined ? undefined : { version, text };
  return { id, name: id, publicKeys: [], hostnames: [], config };
}

test('a connector is sent the rules once, over one of its connections, and is then current', () => {
  const world = new World([tunnel(3)]);
  const [first, second] = [world.connect('a'), world.connect('a')];
  assert.deepEqual([first.sent, second.sent], [[3], []]);
  assert.equal(world.state('a'), 'pending 3');
  world.answer(first, 3);
  assert.equal(world.state('a'), 'current 3');
  assert.deepEqual(world.told, ['config-accepted a: version 3']);
  world.pusher.apply([tunnel(3)]);
  world.clock.advance(60_000);
  world.connect('a');
  assert.deepEqual([first.sent, second.sent], [[3], []]);
});

test('a change goes out at once, to every connector of the tunnel, cut once; other tunnels are left alone', () => {
  const world = new World([tunnel(1), tunnel(1, 't2')]);
  const all = [world.connect('a'), world.connect('b')];
  const other = world.connect('c', { tunnelId: 't2' });
  for (const each of [...all, other]) world.answer(each, 1);
  world.pusher.apply([tunnel(2), tunnel(1, 't2')]);
  assert.deepEqual(
    all.map(({ sent }) => sent),
    [
      [1, 2],
      [1, 2],
    ],
  );
  assert.deepEqual(other.sent, [1]);
  assert.equal(world.encoded[3], world.encoded[4]);
});

test('what comes while an answer is awaited follows it, and only the last of it', () => {
  const world = new World([tunnel(1)]);
  const only = world.connect('a');
  world.pusher.apply([tunnel(2)]);
  world.pusher.apply([tunnel(3)]);
  assert.deepEqual(only.sent, [1]);
  world.answer(only, 1);
  assert.deepEqual(only.sent, [1, 3]);
  assert.equal(world.state('a'), 'pending 3');
  world.answer(only, 3);
  assert.equal(world.state('a'), 'current 3');
});

test('without an answer the next connection is tried, and the first one’s late answer counts, too', () => {
  const world = new World([tunnel(1)]);
  const [first, second] = [world.connect('a'), world.connect('a')];
  world.clock.advance(answerPatienceMs);
  assert.deepEqual([first.sent, second.sent], [[1], [1]]);
  world.clock.advance(answerPatienceMs * 10);
  assert.deepEqual([first.sent, second.sent], [[1], [1]], 'nobody is sent the same twice');
  world.answer(first, 1);
  assert.equal(world.state('a'), 'current 1');
  world.answer(second, 1);
  assert.equal(world.state('a'), 'current 1');
});

test('when the connection that owed the answer is lost, another is used; with the last one all is forgotten', () => {
  const world = new World([tunnel(1)]);
  const [first, second] = [world.connect('a'), world.connect('a')];
  world.close(first);
  assert.deepEqual(second.sent, [1]);
  world.close(second);
  assert.equal(world.state('a'), 'local 0');
  const again = world.connect('a');
  assert.deepEqual(again.sent, [1]);
});

test('a refusal stands with its words until the rules change', () => {
  const world = new World([tunnel(1)]);
  const only = world.connect('a');
  world.answer(only, 1, 'refused', 'Rule #2 has no service (line 9)');
  assert.equal(world.state('a'), 'refused 1: Rule #2 has no service (line 9)');
  assert.deepEqual(world.told, ['config-refused a: Rule #2 has no service (line 9)']);
  world.clock.advance(60_000);
  assert.deepEqual(only.sent, [1]);
  world.pusher.apply([tunnel(2)]);
  world.answer(only, 2);
  assert.equal(world.state('a'), 'current 2');
});

test('a connector that does not take rules is sent nothing, and is shown so', () => {
  const world = new World([tunnel(1)]);
  const old = world.connect('a', { takesConfig: false });
  assert.deepEqual(old.sent, []);
  assert.equal(world.state('a'), 'unsupported 0: It does not take rules from the edge.');
});

test('a locally managed tunnel is sent nothing; one that becomes local gets its own rules back', () => {
  const world = new World([tunnel(undefined)]);
  const only = world.connect('a');
  assert.deepEqual(only.sent, []);
  assert.equal(world.state('a'), 'local 0');
  world.pusher.apply([tunnel(1)]);
  world.answer(only, 1);
  world.pusher.apply([tunnel(undefined)]);
  assert.deepEqual(only.sent, [1, 0]);
  world.answer(only, 0);
  assert.equal(world.state('a'), 'local 0');
  world.pusher.apply([tunnel(undefined)]);
  assert.deepEqual(only.sent, [1, 0]);
  world.pusher.apply([tunnel(1)]);
  assert.deepEqual(only.sent, [1, 0, 1]);
});

test('a connector that is ahead (this edge was restored) is told to forget, after a while, and then sent the rules', () => {
  const world = new World([tunnel(5)]);
  const only = world.connect('a');
  world.answer(only, 5, 'outdated', 'version 7 is in force');
  assert.equal(world.state('a'), 'refused 5: It is ahead of this edge: version 7 is in force.');
  assert.deepEqual(only.sent, [5]);
  world.clock.advance(outdatedPatienceMs);
  assert.deepEqual(only.sent, [5, 0]);
  world.pusher.apply([tunnel(5)]);
  assert.deepEqual(only.sent, [5, 0], 'nothing overtakes the word that gives them back');
  world.answer(only, 0);
  assert.deepEqual(only.sent, [5, 0, 5]);
  world.answer(only, 5);
  assert.equal(world.state('a'), 'current 5');
});

test('a connector that is ahead because this edge lags is left alone when the news arrives', () => {
  const world = new World([tunnel(5)]);
  const only = world.connect('a');
  world.answer(only, 5, 'outdated', 'version 6 is in force');
  world.pusher.apply([tunnel(6)]);
  world.answer(only, 6);
  world.clock.advance(outdatedPatienceMs * 2);
  assert.deepEqual(only.sent, [5, 6]);
  assert.equal(world.state('a'), 'current 6');
});

test('an answer that was overtaken on another connection changes nothing', () => {
  const world = new World([tunnel(1)]);
  const [slow, quick] = [world.connect('a'), world.connect('a')];
  world.pusher.apply([tunnel(2)]);
  assert.deepEqual([slow.sent, quick.sent], [[1], [2]]);
  world.answer(quick, 2);
  world.answer(slow, 1, 'outdated', 'version 2 is in force');
  assert.equal(world.state('a'), 'current 2');
  world.clock.advance(outdatedPatienceMs * 2);
  assert.deepEqual([slow.sent, quick.sent], [[1], [2]]);
});

test('only so many are under way at once; each answer, refusal or loss lets the next one go', () => {
  const count = maxPushes * 3;
  const world = new World([tunnel(1)]);
  const all = Array.from({ length: count }, (_, i) => world.connect(`c${i}`));
  const sent = (): number => all.filter((each) => each.sent.length > 0).length;
  assert.equal(sent(), maxPushes);
  world.answer(all[0]!, 1);
  world.answer(all[1]!, 1, 'refused', 'no');
  world.close(all[2]!);
  assert.equal(sent(), maxPushes + 3);
  // Those that never answer lose their place.
  world.clock.advance(answerPatienceMs);
  assert.equal(sent(), maxPushes * 2 + 3);
  world.clock.advance(answerPatienceMs);
  assert.equal(sent(), count);
  for (const each of all.slice(3)) world.answer(each, 1);
  assert.ok(all.slice(3).every(({ instanceId }) => world.state(instanceId) === 'current 1'));
});

test('one that waits and no longer needs anything does not hold its place in the queue', () => {
  const world = new World([tunnel(1)]);
  const all = Array.from({ length: maxPushes + 5 }, (_, i) => world.connect(`c${i}`));
  const late = world.connect('late', { tunnelId: 't2' });
  world.pusher.apply([tunnel(undefined), tunnel(1, 't2')]);
  for (const each of all.slice(0, maxPushes)) world.answer(each, 1);
  assert.deepEqual(late.sent, [1]);
  assert.ok(all.slice(maxPushes).every((each) => each.sent.length === 0));
});
