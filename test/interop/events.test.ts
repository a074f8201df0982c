// Server-sent events through edge, tunnel and connector: each at once, by HTTP/1.1 and HTTP/2; a reader that leaves is
// gone at the origin, too; and a stream may be silent for longer than any limit on bodies.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { after, before, describe, test } from 'node:test';
import type { Readable } from 'node:stream';
import { type EdgeWorld, startEdgeWorld } from '../edge/world.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { eventually, within } from '../support/eventually.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';

const host = 'events.localhost';
const eventCount = 20;
const everyMs = 40;
/** An event is late after this time; buffering anywhere would take seconds or until the end. */
const lateMs = 250;
/** The shortened limit on bodies that do not move, and a silence well past it and two sweeps. */
const bodyIdleMs = 300;
const silenceMs = 2_600;

let origin: Server;
let port: number;
let demo: Demo;
let leftCount = 0;

before(async () => {
  origin = createServer(answer).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  ({ port } = origin.address() as { port: number });
  demo = await startDemo({ services: { [host]: `http://127.0.0.1:${port}` } });
});
after(async () => {
  await demo.close();
  origin.closeAllConnections();
  origin.close();
});

/** /ticks: twenty events, then the end; /forever: one, then silence; /pause: one, a long silence, another, the end. */
function answer({ url }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (id: number): void => void response.write(`id: ${id}\ndata: ${Date.now()}\n\n`);
  response.on('close', () => (leftCount += response.writableFinished ? 0 : 1));
  let sent = 0;
  send(sent++);
  if (url === '/forever') return;
  const timer = setInterval(
    () => {
      send(sent++);
      if (url === '/ticks' && sent < eventCount) return;
      clearInterval(timer);
      response.end();
    },
    url === '/ticks' ? everyMs : silenceMs,
  );
  response.on('close', () => clearInterval(timer));
}

/** A body that comes in, and the way to leave. */
interface Reading {
  readonly body: Readable;
  leave(): void;
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
}

const clients: Readonly<Record<string, (target: Target, path: string) => Promise<Reading>>> = {
  async 'HTTP/1.1'(target, path) {
    const outgoing = request({
      ...target,
      path,
      agent: false,
      lookup: loopbackLookup,
      headers: { accept: 'text/event-stream' },
    });
    outgoing.on('error', () => undefined).end();
    const [response] = (await within('the answer', 5_000, once(outgoing, 'response'))) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    return { body: response.on('error', () => undefined), leave: () => outgoing.destroy() };
  },
  async 'HTTP/2'(target, path) {
    const session = connect(`https://${target.host}:${target.port}`, {
      ca: target.ca,
      lookup: loopbackLookup,
    } as never);
    session.on('error', () => undefined);
    const stream = session.request({ ':path': path, accept: 'text/event-stream' });
    stream.on('error', () => undefined);
    stream.on('close', () => session.close());
    const [headers] = (await within('the answer', 5_000, once(stream, 'response'))) as [
      Record<string, unknown>,
    ];
    assert.equal(headers[':status'], 200);
    return { body: stream, leave: () => stream.close(8) };
  },
};

/** Milliseconds that each event was under way, as they come, to the end of the stream. */
async function delays({ body }: Reading): Promise<number[]> {
  const out: number[] = [];
  let pending = '';
  body.setEncoding('utf8').on('data', (text: string) => {
    const events = (pending + text).split('\n\n');
    pending = events.pop()!;
    for (const event of events) out.push(Date.now() - Number(/data: (\d+)/.exec(event)![1]));
  });
  await within('the end of the stream', 15_000, once(body, 'end'));
  assert.equal(pending, '');
  return out;
}

for (const [name, read] of Object.entries(clients)) {
  describe(`events over ${name}`, () => {
    const target = (): Target => ({ host, port: demo.httpsPort, ca: demo.ca });

    test('come one by one, each at once', async () => {
      const late = await delays(await read(target(), '/ticks'));
      assert.equal(late.length, eventCount);
      assert.ok(Math.max(...late) < lateMs, `late by ${late.join(', ')} ms`);
    });

    test('come at once to thirty readers, too', async () => {
      const readings = await Promise.all(Array.from({ length: 30 }, () => read(target(), '/ticks')));
      for (const late of await Promise.all(readings.map(delays))) {
        assert.equal(late.length, eventCount);
        assert.ok(Math.max(...late) < lateMs, `late by ${late.join(', ')} ms`);
      }
    });

    test('end at the origin when the reader leaves', async () => {
      const before = leftCount;
      const reading = await read(target(), '/forever');
      await within('the first event', 5_000, once(reading.body, 'data'));
      reading.leave();
      await eventually('the origin has seen it', () => leftCount === before + 1, 2_000);
    });
  });
}

describe('a silence longer than the limit on bodies', () => {
  let world: EdgeWorld;

  before(async () => {
    world = await startEdgeWorld({
      ingress: `  - hostname: a.test\n    service: http://127.0.0.1:${port}\n`,
      hosts: ['a.test'],
      timeouts: { bodyIdleMs, keepAliveMs: bodyIdleMs, headMs: bodyIdleMs, firstByteMs: 1_000 },
    });
  });
  after(() => world.close());

  for (const [name, read] of Object.entries(clients)) {
    test(`is none of the edge's business, over ${name}`, async () => {
      const reading = await read({ host: 'a.test', port: world.port, ca: world.ca }, '/pause');
      const late = await delays(reading);
      assert.equal(late.length, 2);
      assert.ok(late[1]! < lateMs, `late by ${late[1]} ms`);
    });
  }
});
