// Keys and secrets on a bad day: revoked, deleted, unknown, empty, renewed. Never a silent loop (the wedge of story
// 000), never a restart by hand.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { type CredentialsSource, fileCredentials } from '#connector/links/credentials-source.ts';
import { createCredentials, formatToken, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { eventually, within } from '../support/eventually.ts';
import { ProcessWorld } from './processes.ts';
import { openWebSocket } from './traffic.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';
import { listLog, metricOf, World, type WorldConnector, type WorldEdge } from './world.ts';

let folder: string;
let origin: WebOrigin;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-credentials-'));
  origin = await startWebOrigin();
});
after(async () => {
  rmSync(folder, { recursive: true });
  await origin.close();
});

interface Scene {
  readonly world: World;
  readonly edge: WorldEdge;
  readonly connector: WorldConnector;
  readonly file: string;
}

/** A connector by token file, connected, and what happens to it. */
async function scene(name: string, play: (scene: Scene) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    const file = join(folder, name);
    writeFileSync(file, formatToken(world.credentials));
    const edge = await world.startEdge();
    const source: CredentialsSource = fileCredentials({
      ...{ file, form: 'token', clock: systemClock },
      log: listLog([]),
    });
    world.closeAtEnd(() => source.close());
    const connector = await world.startConnector(edge, { ingress: `  - service: ${origin.url}\n`, source });
    await world.connected(edge, 2);
    await play({ world, edge, connector, file });
  } finally {
    await world.close();
  }
}

function keysOf(...credentials: readonly TunnelCredentials[]): readonly Uint8Array[] {
  return credentials.map((one) => publicKeyOf(one));
}

function withKeys(edge: WorldEdge, publicKeys: readonly Uint8Array[]): void {
  edge.change({ tunnels: edge.snapshot.tunnels.map((tunnel) => ({ ...tunnel, publicKeys })) });
}

/** The same tunnel with a new secret. */
function renewed(old: TunnelCredentials): TunnelCredentials {
  return { ...old, secret: createCredentials(systemRandom, '', '').secret };
}

function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

/** The loud state of a connector that the edge has turned away. */
async function isTurnedAway({ connector }: Scene, detail: RegExp, reason: string): Promise<void> {
  await eventually('the connector knows', () => connector.connector.state().state === 'unauthorized');
  const ready = await connector.ready();
  assert.equal(ready.status, 503);
  assert.equal(ready.body.state, 'unauthorized');
  assert.match(ready.body.detail ?? '', detail);
  assert.equal(metricOf(connector.metrics, 'sallyport_connector_state{state="unauthorized"}'), 1);
  assert.ok(metricOf(connector.metrics, `sallyport_connector_disconnects_total{reason="${reason}"}`) >= 1);
  assert.ok(connector.logged.some((line) => line.startsWith('ERR ') && detail.test(line)));
}

describe('keys and secrets', { concurrency: true }, () => {
  test('S0-14 S0-15 a revoked key ends live streams within a second, is loud, and a mended secret file heals it', () =>
    scene('revoked', async (scene) => {
      const { world, edge, connector, file } = scene;
      const live = await openWebSocket(edge.port, world.ca.cert);
      const next = renewed(world.credentials);
      withKeys(edge, keysOf(next));
      assert.equal(await within('the live stream is ended', 1_000, live.closed), 1001);
      assert.equal(edge.edge.tunnelConnections().length, 0);
      assert.equal(metricOf(edge.metrics, 'sallyport_edge_tunnel_disconnects_total{reason="revoked"}'), 2);
      await isTurnedAway(
        scene,
        /has revoked the key of tunnel .*renew the token or credentials file/,
        'revoked',
      );
      const answer = await world.ask(edge, '/hello');
      assert.equal(`${answer.status} ${answer.failure}`, '530 no-connector');

      // A file that was half mended changes nothing and ends nothing.
      replace(file, '');
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(connector.connector.state().state, 'unauthorized');
      replace(file, formatToken(next));
      await world.connected(edge, 2, 8_000);
      assert.equal((await world.ask(edge, '/hello')).body, 'hello');
      const ready = await connector.ready();
      assert.equal(`${ready.status} ${ready.body.state} ${ready.body.detail ?? ''}`, '200 connected ');
    }));

  test('S0-14 S0-16 a deleted tunnel is said to be unknown, and a new identity in the secret file heals it', () =>
    scene('deleted', async (scene) => {
      const { world, edge, file } = scene;
      const { tunnels, routes } = edge.snapshot;
      edge.change({ tunnels: [] });
      await isTurnedAway(scene, /does not know tunnel .*create it there/, 'unknown-tunnel');
      const fresh = createCredentials(systemRandom, world.credentials.edgeAddress, world.credentials.caPin);
      edge.change({
        tunnels: [{ ...tunnels[0]!, id: fresh.tunnelId, publicKeys: keysOf(fresh) }],
        routes: routes.map((route) => ({ ...route, tunnelId: fresh.tunnelId })),
      });
      replace(file, formatToken(fresh));
      await world.connected(edge, 2, 8_000);
      assert.equal((await world.ask(edge, '/hello')).body, 'hello');
    }));

  test('a key rotated with both valid for a while loses no request', () =>
    scene('rotated', async ({ world, edge, file }) => {
      const next = renewed(world.credentials);
      withKeys(edge, keysOf(world.credentials, next));
      const failures: string[] = [];
      let isDone = false;
      const load = (async () => {
        while (!isDone) {
          const answer = await world.ask(edge, '/slow?ms=20');
          if (answer.status !== 200) failures.push(`${answer.status} ${answer.failure} ${answer.fault}`);
        }
      })();
      replace(file, formatToken(next));
      const isMoved = (): boolean => {
        const key = Buffer.from(publicKeyOf(next));
        const connections = edge.edge.tunnelConnections();
        return connections.length === 2 && connections.every(({ publicKey }) => key.equals(publicKey));
      };
      await eventually('every connection has moved', isMoved);
      withKeys(edge, keysOf(next));
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.ok(isMoved(), 'the old key is gone and nobody needed it');
      isDone = true;
      await load;
      assert.deepEqual(failures, []);
    }));

  test('S0-39 a connector whose tunnel the edge never knew says so at once', async () => {
    const world = new World();
    try {
      const edge = await world.startEdge({ snapshot: { tunnels: [] } });
      const connector = await world.startConnector(edge, { ingress: '  - service: hello_world\n' });
      await isTurnedAway(
        { world, edge, connector, file: '' },
        /does not know tunnel .*create it there/,
        'unknown-tunnel',
      );
      await eventually('the edge has it on record', () =>
        edge.logged.some((line) => /Tunnel connection ended .*"reason":"unknown-tunnel"/.test(line)),
      );
    } finally {
      await world.close();
    }
  });

  const emptySecrets: ReadonlyArray<readonly [string, readonly string[], Readonly<Record<string, string>>]> =
    [
      ['--token', ['tunnel', 'run', '--token', ''], {}],
      ['TUNNEL_TOKEN', ['tunnel', 'run'], { TUNNEL_TOKEN: '' }],
      ['TUNNEL_TOKEN of blanks', ['tunnel', 'run'], { TUNNEL_TOKEN: ' \n' }],
      ['--token-file', ['tunnel', 'run', '--token-file', 'empty'], {}],
      ['--credentials-file', ['tunnel', 'run', '--credentials-file', 'empty', 'home'], {}],
      ['a token that was cut', ['tunnel', 'run', '--token', 'eyJhIjoi'], {}],
    ];
  test('S4-58 an empty or broken secret refuses to start: one sentence, exit 1', async () => {
    const world = await ProcessWorld.create();
    try {
      const empty = world.writeFile('empty', '\n');
      await Promise.all(
        emptySecrets.map(async ([what, args, env]) => {
          const running = world.run(
            args.map((arg) => (arg === 'empty' ? empty : arg)),
            env,
          );
          assert.equal(
            await within(`${what} ends`, 60_000, running.ended),
            1,
            `${what}: ${running.stderr()}`,
          );
          assert.match(running.stderr(), /^sallyport: [A-Z][^\n]+\.\n$/, what);
          assert.match(running.stderr(), /empty|token|Token|credentials/, what);
        }),
      );
    } finally {
      await world.close();
    }
  });
});
