// How the edge finds origins, through a real connector: failing by what requests meet, well again by itself.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { closedPort } from '../connector/origins.ts';
import { eventually } from '../support/eventually.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let port: number;
let origin: Server | undefined;

before(async () => {
  port = await closedPort();
  world = await startEdgeWorld({
    ingress:
      `  - hostname: down.test\n    service: http://127.0.0.1:${port}\n` +
      '  - hostname: own.test\n    service: http_status:503\n',
    hosts: ['down.test', 'own.test'],
  });
});
after(async () => {
  origin?.close();
  await world?.close();
});

const states = (): string[] => world.edge.origins().map(({ service, state }) => `${service} ${state}`);
const ask = async (host: string): Promise<number> => {
  const [answer] = await world.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return answer!.status;
};

test('an origin that nobody has asked is not known; what the connector answers itself is none', async () => {
  assert.deepEqual(states(), [`http://127.0.0.1:${port} unknown`]);
  assert.equal(await ask('own.test'), 503);
  assert.deepEqual(states(), [`http://127.0.0.1:${port} unknown`]);
});

test('an origin that refuses is degraded, then down; the sentence says how', async () => {
  assert.equal(await ask('down.test'), 502);
  await eventually('it is in doubt', () => states()[0]!.endsWith('degraded'));
  assert.equal(await ask('down.test'), 502);
  assert.equal(await ask('down.test'), 502);
  await eventually('it is down', () => states()[0]!.endsWith('down'));
  assert.match(world.edge.origins()[0]!.sentence, /origin-refused/);
});

test('it is found well again by a dial through the tunnel, without any visitor, and then by an answer', async () => {
  origin = createServer((_request, response) => response.end('here')).listen(port, '127.0.0.1');
  await once(origin, 'listening');
  // A dial comes about every fifteen seconds.
  await eventually('it is well', () => states()[0]!.endsWith('ok'), 60_000);
  assert.match(world.edge.origins()[0]!.sentence, /can be reached again/);
  assert.equal(await ask('down.test'), 200);
});
