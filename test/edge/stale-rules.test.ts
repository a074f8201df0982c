// A request matched with rules that its connector has just replaced: it is not the visitor's fault, and not answered with an
// error. The connector is played by hand, so that its word "stale" comes before its new rules.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';
import { localRules } from '#edge/tunnels/local-connection.ts';
import type { ConnectorConnection } from '#tunnel/connection.ts';
import { dialConnection } from '#tunnel/driver.ts';
import type { OpenRequest, TunnelStream } from '#tunnel/stream.ts';
import { tlsTransport, tunnelAlpnProtocol } from '#tunnel/transport/tls-transport.ts';
import { eventually } from '../support/eventually.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let connection: ConnectorConnection;
/** What the hand-played connector does with a stream. */
let serve: (stream: TunnelStream, request: OpenRequest) => void;
let version = 0;

before(async () => {
  world = await startEdgeWorld({ ingress: '', hosts: ['a.test'] });
  await world.connectors.splice(0)[0]!.close();
  await eventually('the world has no connector', () => world.edge.tunnelConnections().length === 0);
});
beforeEach(async () => {
  connection = await dial();
});
after(() => world.close());

async function dial(): Promise<ConnectorConnection> {
  const target = { port: world.port, host: '127.0.0.1', ca: world.ca, servername: 'a.test' };
  const socket = connectTls({ ...target, ALPNProtocols: [tunnelAlpnProtocol], minVersion: 'TLSv1.3' });
  await once(socket, 'secureConnect');
  const ready = await new Promise<ConnectorConnection>((resolve) => {
    const { credentials } = world;
    const info = { version: '0.0.0-test', arch: 'linux_x64' };
    dialConnection(
      tlsTransport(socket),
      {
        credentials,
        instanceId: createUuid(systemRandom),
        index: 0,
        info,
        clock: systemClock,
        random: systemRandom,
      },
      {
        onReady: resolve,
        onStream(stream, request) {
          stream.handler = {
            onData: (chunk) => stream.consume(chunk.length),
            onEnd() {},
            onReset() {},
            onDrain() {},
          };
          serve(stream, request);
        },
        onDraining() {},
        onClosed() {},
      },
    );
  });
  await publish(ready);
  return ready;
}

function publish(to: ConnectorConnection): Promise<void> {
  version += 1;
  return to.publish({ ...localRules('by hand'), version });
}

const ask = 'GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n';
const answer = (stream: TunnelStream): void =>
  void stream.write(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), false);

test('waits for the new rules and is served with them', async () => {
  const versions: number[] = [];
  serve = (stream, { rulesVersion }) => {
    versions.push(rulesVersion);
    if (versions.length > 1) return answer(stream);
    stream.reset('stale-rules', 'they have changed');
    setImmediate(() => void publish(connection).catch(() => {}));
  };
  const [response] = await world.ask(ask);
  assert.equal(response!.status, 200);
  assert.deepEqual(versions, [version - 1, version]);
  connection.close('shutdown');
  await eventually('it is gone', () => world.edge.tunnelConnections().length === 0);
});

test('goes on when its connector is lost while it waits', async () => {
  serve = (stream) => {
    stream.reset('stale-rules', 'they have changed');
    setImmediate(() => connection.close('shutdown'));
  };
  const [response] = await world.ask(ask);
  assert.equal(response!.status, 530);
});

test('does not go round for ever with a connector that always says so', async () => {
  let count = 0;
  serve = (stream) => {
    count += 1;
    stream.reset('stale-rules', 'they have changed');
    setImmediate(() => void publish(connection).catch(() => {}));
  };
  const [response] = await world.ask(ask);
  assert.equal(response!.status, 502);
  assert.equal(response!.fields['x-sallyport-error'], 'rule-refused');
  assert.ok(count < 10, `${count} tries`);
  connection.close('shutdown');
  await eventually('it is gone', () => world.edge.tunnelConnections().length === 0);
});

test('whose visitor leaves while it waits is forgotten', async () => {
  let count = 0;
  serve = (stream) => {
    count += 1;
    stream.reset('stale-rules', 'they have changed');
  };
  const client = await world.client();
  client.send(ask);
  await eventually('it waits', () => count === 1);
  client.close();
  await eventually('it is forgotten', () => world.active === 0);
  await publish(connection);
  assert.equal(count, 1);
  connection.close('shutdown');
  await eventually('it is gone', () => world.edge.tunnelConnections().length === 0);
});
