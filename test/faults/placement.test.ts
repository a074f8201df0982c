// A connector's connection is moved to a worker that has none of that connector, so that it is at each worker after few dials and not
// after as many as the kernel's choice would need. docs/adr/0022-placement.md
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { type ConnectorProcess, type EdgeProcess, ProcessWorld } from './processes.ts';
import { startWebOrigin } from './web-origin.ts';

const limit = { timeout: 240_000 };
const workers = 4;
const connectors = 3;
const everywhere = ['1', '2', '3', '4'];

/** The last worker that each connection of a connector has come to, as its log says. */
function placesOf(connector: ConnectorProcess): string[] {
  const at = new Map<string, string>();
  for (const line of connector.running.stderr().split('\n')) {
    const [, connIndex, worker] =
      /Registered tunnel connection connIndex=(\d+) .*worker=(\d+)/.exec(line) ?? [];
    if (connIndex !== undefined) at.set(connIndex, worker!);
  }
  return [...new Set(at.values())].toSorted();
}

// Over a WebSocket a ClientHello offers HTTP/1.1 alone, as other programs do.
for (const protocol of ['tls', 'websocket']) describeOver(protocol);

function describeOver(protocol: string): void {
  describe(`an edge of four processes, tunnels over ${protocol}`, { concurrency: false }, () => {
    let world: ProcessWorld;
    let edge: EdgeProcess;
    const started: ConnectorProcess[] = [];

    before(async () => {
      world = await ProcessWorld.create();
      const origin = await startWebOrigin();
      world.closeAtEnd(() => origin.close());
      // A name that is passed on: every ClientHello is read, and a worker that accepts at no cost accepts all.
      world.writeEdgeConfig({
        workers,
        store: 'off',
        ports: [{ protocol: 'tls', hostname: 'passed.example.com', tunnel: 'home' }],
      });
      const config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
      edge = await world.startEdge();
      for (let i = 1; i <= connectors; i++) {
        const args = ['--protocol', protocol, '--edge-bind-address', `127.0.0.${i + 1}`];
        started.push(await world.startConnector({ config, args }));
      }
    }, limit);
    after(() => world.close(), limit);

    test('each connector comes to each, its connections being moved there', limit, async () => {
      for (const connector of started)
        await eventually('it is everywhere', () => placesOf(connector).join() === everywhere.join(), 90_000);
      assert.ok((await edge.metric('sallyport_edge_connections_total{outcome="moved"}')) >= 1);
      // By the kernel's choice alone one of three needs more in nearly every run.
      for (const { running } of started) {
        const made = running.stderr().match(/Registered tunnel connection/g)!.length;
        assert.ok(made <= 12, `${made} connections were made`);
        assert.match(running.stderr(), new RegExp(`Registered tunnel connection .*protocol=${protocol}`));
      }
    });

    test(
      'clients of the same address are served meanwhile and after, whichever worker has them',
      limit,
      async () => {
        for (let i = 0; i < 30; i++) assert.equal((await world.ask('/hello')).status, 200);
      },
    );
  });
}
