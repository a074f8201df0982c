// What the second of an edge's two processes does by itself, shown without luck: the first stands still, so whatever is
// taken from the ports that they share is taken by the second. docs/workers.md
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { test, type TestContext } from 'node:test';
import { createCertificate } from '#testkit/certificates.ts';
import { eventually, within } from '../support/eventually.ts';
import { dial, greeted, greetedByOther } from '../support/port-queue.ts';
import { whileStopped } from '../support/stopped-process.ts';
import { ProcessWorld } from './processes.ts';

const limitMs = 30_000;
/** Passed on from the start, and from a reload on. */
const [blind, later] = ['nas.example.com', 'box.example.com'] as const;

test(
  'S0-22 TLS that is passed on by its name is served by the further process',
  { timeout: 240_000 },
  async (context) => {
    const world = await ProcessWorld.create();
    context.after(() => world.close());
    const home = await startHome(context);
    const passOn = (...hostnames: string[]): void => {
      const ports = hostnames.map((hostname) => ({ protocol: 'tls', hostname, tunnel: 'home' }));
      world.writeEdgeConfig({ workers: 2, ports });
    };
    passOn(blind);
    const rules = [{ service: `tcp://127.0.0.1:${home.port}` }];
    const edge = await world.startEdge();
    const config = world.writeFile('config.yml', JSON.stringify({ ingress: rules }));
    const connector = await world.startConnector({ config });
    await world.connected(connector);
    await eventually(
      'the connector is connected to the further process',
      () => /Tunnel connection registered.*worker=2/.test(edge.running.stderr()),
      90_000,
    );
    await whileStopped(edge.running.pid, async () => {
      for (const word of ['one', 'two', 'three']) {
        const socket = await greeted(await dial(world.port), { servername: blind, ca: home.ca });
        assert.ok(socket.authorized, String(socket.authorizationError));
        socket.write(word);
        const [answer] = (await within('an answer from home', limitMs, once(socket, 'data'))) as [Buffer];
        assert.equal(answer.toString(), `${word}, at home`);
        socket.destroy();
      }
    });
    const issuerAtFurther = async (servername: string): Promise<string> => {
      const socket = await greetedByOther(edge.running.pid, world.port, { servername });
      const { issuer } = socket.getPeerX509Certificate()!;
      socket.destroy();
      return issuer;
    };
    assert.equal(
      await issuerAtFurther(later),
      'CN=test CA',
      'the edge answers itself for a name that is not passed on',
    );
    passOn(blind, later);
    const isHome = async (): Promise<boolean> => (await issuerAtFurther(later)) === 'CN=home CA';
    await eventually('a name that is added is passed on there, too', isHome, 60_000);
  },
);

/** A service whose TLS nobody but itself has the key for. */
async function startHome(context: TestContext): Promise<{ port: number; ca: string }> {
  const ca = createCertificate({ name: 'home CA', isCa: true });
  const own = createCertificate({ name: blind, names: [blind, later], issuer: ca });
  const server = createServer({ cert: own.cert, key: own.key }, (socket) => {
    socket.on('data', (word: Buffer) => socket.write(`${word.toString()}, at home`)).on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await within('home listens', limitMs, once(server, 'listening'));
  context.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, ca: ca.cert };
}
