// A TCP service behind a WebSocket at its seams: the handshake's rules, frames in pieces, ends from either side.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExchangeFailure, RequestHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import type { ResetReason, TunnelStream } from '#tunnel/stream.ts';
import type { ExchangeSide } from '../exchange-side.ts';
import { SocketUpstream } from './socket-upstream.ts';

/** The exchange and the stream around one upstream, as lists of what happened. */
function around(): {
  side: ExchangeSide;
  stream: TunnelStream;
  events: string[];
  written: () => string;
  room: { is: boolean };
} {
  const events: string[] = [];
  const written: Buffer[] = [];
  const room = { is: true };
  const side = {
    originOpened: () => void events.push('opened'),
    switchProtocols: (head: { fields: ListFields }) =>
      void events.push(`switch ${head.fields.get('sec-websocket-accept')}`),
    body: (chunk: Buffer) => {
      events.push(`body ${chunk.toString('hex')}`);
      return room.is;
    },
    flush: () => undefined,
    end: () => void events.push('end'),
    abort: (what: ExchangeFailure) => void events.push(`abort ${what.code}`),
    upstreamDrained: () => void events.push('drained'),
    lostBeforeResponse: (reason: string) => void events.push(`lost ${reason}`),
  } as unknown as ExchangeSide;
  const stream = {
    isFlushed: true,
    write: (chunk: Buffer) => {
      written.push(Buffer.from(chunk));
      return true;
    },
    end: () => void events.push('stream end'),
    reset: (reason: ResetReason) => void events.push(`stream reset ${reason}`),
    consume: (count: number) => void events.push(`consume ${count}`),
  } as unknown as TunnelStream;
  return { side, stream, events, written: () => Buffer.concat(written).toString('latin1'), room };
}

const key = 'dGhlIHNhbXBsZSBub25jZQ==';

function request(
  fields: readonly string[] = ['Sec-WebSocket-Key', key, 'Sec-WebSocket-Version', '13'],
): RequestHead {
  return { httpVersion: '1.1', fields: new ListFields(fields) } as unknown as RequestHead;
}

/** A masked frame as a client sends it. */
function frame(first: number, text: string): Buffer {
  const payload = Buffer.from(text, 'latin1');
  assert.ok(payload.length < 126);
  return Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

function switched(): ReturnType<typeof around> & { upstream: SocketUpstream } {
  const world = around();
  const upstream = new SocketUpstream(world.stream, world.side);
  upstream.begin(request());
  upstream.onOpened();
  world.events.length = 0;
  return { ...world, upstream };
}

describe('the handshake', () => {
  test('is answered when the origin is reached, with the accept value of RFC 6455 section 1.3', () => {
    const { side, stream, events } = around();
    const upstream = new SocketUpstream(stream, side);
    upstream.begin(request());
    assert.deepEqual(events, []);
    upstream.onOpened();
    assert.deepEqual(events, ['opened', 'switch s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
  });

  for (const fields of [
    [],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Key', 'x', 'Sec-WebSocket-Version', '13'],
  ]) {
    test(`is refused with ${JSON.stringify(fields)}`, () => {
      const { side, stream, events } = around();
      const upstream = new SocketUpstream(stream, side);
      upstream.begin(request(fields));
      assert.deepEqual(events, ['stream reset cancelled', 'abort bad-request']);
      upstream.onOpened();
      assert.equal(events.length, 2);
    });
  }

  test('fails with the reason that the connector gave', () => {
    const { side, stream, events } = around();
    const upstream = new SocketUpstream(stream, side);
    upstream.begin(request());
    upstream.onReset('origin-refused', 'x');
    assert.deepEqual(events, ['lost origin-refused']);
  });
});

describe('messages', () => {
  test('of both kinds, in fragments and split anywhere, become bytes', () => {
    const bytes = Buffer.concat([
      frame(0x82, 'one '),
      frame(0x81, 'two '),
      frame(0x02, 'thr'),
      frame(0x80, 'ee'),
    ]);
    for (let split = 0; split <= bytes.length; split++) {
      const { upstream, written } = switched();
      upstream.writeBody(bytes.subarray(0, split));
      upstream.writeBody(bytes.subarray(split));
      assert.equal(written(), 'one two three', `split at ${split}`);
    }
  });

  test('from the origin are binary frames; credit waits while the client does not read', () => {
    const { upstream, events, room } = switched();
    upstream.onData(Buffer.from('ab'));
    assert.deepEqual(events, ['consume 2', 'body 8202', 'body 6162']);
    room.is = false;
    upstream.onData(Buffer.from('cd'));
    events.length = 0;
    upstream.onData(Buffer.from('efg'));
    assert.equal(
      events.some((event) => event.startsWith('consume')),
      false,
    );
    upstream.downstreamDrained();
    assert.equal(events.at(-1), 'consume 3');
  });

  test('a ping is answered', () => {
    const { upstream, events } = switched();
    upstream.writeBody(frame(0x89, 'hi'));
    assert.equal(
      events
        .filter((event) => event.startsWith('body'))
        .join(' ')
        .replaceAll('body ', ''),
      '8a02 6869',
    );
  });
});

describe('the end', () => {
  test('by the client: its close is answered, the origin gets FIN and is not listened to any more', () => {
    const { upstream, events } = switched();
    upstream.writeBody(frame(0x88, '\x03\xe8'));
    assert.deepEqual(events, ['body 8802', 'body 03e8', 'stream end', 'end']);
    upstream.onData(Buffer.from('late'));
    assert.deepEqual(events.slice(4), ['consume 4', 'stream reset cancelled']);
  });

  test('by the origin: the client is told', () => {
    const { upstream, events } = switched();
    upstream.onEnd();
    assert.deepEqual(events.slice(0, 4), ['body 8802', 'body 03e8', 'stream end', 'end']);
  });

  test('by a broken frame: 1002, and by a message beyond the limit: 1009', async () => {
    for (const [bytes, code] of [
      [Buffer.from([0x82, 0x01, 0x41]), '03ea'],
      [Buffer.from([0x83, 0x80, 0, 0, 0, 0]), '03ea'],
      [Buffer.from([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), '03f1'],
    ] as const) {
      const { upstream, events } = switched();
      upstream.writeBody(bytes);
      // ws reports errors in a later turn.
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(events.slice(0, 2), ['body 8802', `body ${code}`]);
      assert.ok(events.includes('stream reset cancelled') && events.at(-1) === 'end', events.join());
    }
  });
});
