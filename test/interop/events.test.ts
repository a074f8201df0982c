// Server-sent events through edge, tunnel and connector, by HTTP/1.1 and HTTP/2: the origin sends the next event only when
// every reader has the one before, so whatever is held back anywhere ends the test; a reader that leaves is gone at the
// origin, too; and a stream may be silent for longer than any limit on bodies.
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
/** How long a reader waits for an event; one that is held back never comes, since no other follows it. */
const patienceMs = 30_000;
/** The shortened limit on bodies that do not move, and a silence well past it and two sweeps. */
const bodyIdleMs = 300;
const silenceMs = 2_600;

let origin: Server;
let port: number;
let demo: Demo;
let leftCount = 0;
/** Sends the next event of a stream to /steps, by its number in the query. */
const steps = new Map<string, () => void>();

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

/** /steps?N: an event each time it is told to; /forever: one, then silence; /pause: one, a long silence, another, the end. */
function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.on('close', () => (leftCount += response.writableFinished ? 0 : 1));
  let sent = 0;
  const send = (): void => void response.write(`id: ${sent}\ndata: event ${sent++}\n\n`);
  send();
  if (url.startsWith('/steps?')) {
    steps.set(url.slice('/steps?'.length), () => {
      if (sent < eventCount) send();
      else response.end();
    });
  }
  if (url !== '/pause') return;
  const timer = setTimeout(() => {
    send();
    response.end();
  }, silenceMs);
  response.on('close', () => clearTimeout(timer));
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

/** The events of a stream, one call each; undefined at its end. */
function eventsOf({ body }: Reading): () => Promise<string | undefined> {
  const events = body.setEncoding('utf8')[Symbol.asyncIterator]() as AsyncIterator<string>;
  let pending = '';
  return async () => {
    while (!pending.includes('\n\n')) {
      const { done, value } = await within('an event', patienceMs, events.next());
      if (done) return undefined;
      pending += value;
    }
    const end = pending.indexOf('\n\n');
    const event = pending.slice(0, end);
    pending = pending.slice(end + 2);
    return event;
  };
}

for (const [name, read] of Object.entries(clients)) {
  describe(`events over ${name}`, () => {
    const target = (): Target => ({ host, port: demo.httpsPort, ca: demo.ca });

    /** Reads all events of `count` readers in step with their origin. */
    async function readInStep(count: number): Promise<void> {
      const ids = Array.from({ length: count }, (_, i) => `${name}-${count}-${i}`);
      const readings = await Promise.all(ids.map((id) => read(target(), `/steps?${id}`)));
      const readers = readings.map(eventsOf);
      for (let sent = 0; sent < eventCount; sent += 1) {
        const events = await Promise.all(readers.map((next) => next()));
        for (const event of events) assert.equal(event, `id: ${sent}\ndata: event ${sent}`);
        for (const id of ids) steps.get(id)!();
      }
      for (const next of readers) assert.equal(await next(), undefined);
    }

    test('come one by one, each before the origin sends another', () => readInStep(1));

    test('come to thirty readers, too', () => readInStep(30));

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
      const next = eventsOf(await read({ host: 'a.test', port: world.port, ca: world.ca }, '/pause'));
      for (const sent of [0, 1]) assert.equal(await next(), `id: ${sent}\ndata: event ${sent}`);
      assert.equal(await next(), undefined);
    });
  }
});
