// What leaves towards an HTTP/1.1 client, byte for byte, and in how many writes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Writable } from 'node:stream';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { BufferPool } from '#base/io/buffer-pool.ts';
import { GatherWriter, gatherBufferBytes } from '#base/io/gather-writer.ts';
import { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { ResponseHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { Http1Writer } from './http1-writer.ts';

/** A socket that keeps what it is given, write by write. */
class Sink extends Writable {
  readonly writes: string[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.toString('latin1'));
    done();
  }

  override _writev(chunks: ReadonlyArray<{ chunk: Buffer }>, done: () => void): void {
    for (const { chunk } of chunks) this.writes.push(chunk.toString('latin1'));
    done();
  }

  get text(): string {
    return this.writes.join('');
  }
}

function writer(pool = new BufferPool(gatherBufferBytes)): {
  sink: Sink;
  gather: GatherWriter;
  out: Http1Writer;
} {
  const sink = new Sink();
  const gather = new GatherWriter(sink as unknown as Socket, {
    pool,
    flusher: new TurnFlusher((run) => run()),
    onDrain() {},
  });
  return { sink, gather, out: new Http1Writer(gather) };
}

function head(change: Partial<ResponseHead> = {}): ResponseHead {
  return {
    status: 200,
    fields: new ListFields(['X-A', 'b']),
    bodyKind: 'length',
    contentLength: 5,
    ...change,
  };
}

const plain = { isHead: false, minorVersion: 1, keepAlive: true };

describe('a response', () => {
  test('with a small body is one write', () => {
    const { sink, out } = writer();
    out.writeHead(head(), plain);
    out.writeBody(Buffer.from('hello'));
    out.finish(null);
    assert.deepEqual(sink.writes, ['HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello']);
    assert.equal(out.keepsAlive, true);
  });

  test('of unknown length is chunked for HTTP/1.1, trailers included', async () => {
    const { sink, gather, out } = writer();
    out.writeHead(head({ bodyKind: 'chunked' }), plain);
    out.writeBody(Buffer.from('hello'));
    out.writeBody(Buffer.alloc(0));
    gather.flush();
    out.writeBody(Buffer.alloc(26, 'x'));
    out.finish(new ListFields(['X-Sum', '7']));
    await turn();
    assert.equal(
      sink.text,
      `HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a\r\n${'x'.repeat(26)}\r\n0\r\nX-Sum: 7\r\n\r\n`,
    );
  });

  test('of unknown length ends by close for HTTP/1.0', () => {
    const { sink, out } = writer();
    out.writeHead(head({ bodyKind: 'chunked' }), { ...plain, minorVersion: 0 });
    out.writeBody(Buffer.from('hello'));
    out.finish(new ListFields(['X-Sum', '7']));
    assert.equal(sink.text, 'HTTP/1.1 200 OK\r\nX-A: b\r\nConnection: close\r\n\r\nhello');
    assert.equal(out.keepsAlive, false);
  });

  for (const [what, change, options, tail] of [
    [
      'HEAD keeps its length',
      { bodyKind: 'none', contentLength: 9 },
      { isHead: true },
      'Content-Length: 9\r\n',
    ],
    ['HEAD without a length has none', { bodyKind: 'none', contentLength: -1 }, { isHead: true }, ''],
    [
      '304 keeps its length',
      { bodyKind: 'none', contentLength: 9, status: 304 },
      {},
      'Content-Length: 9\r\n',
    ],
    ['204 has none', { bodyKind: 'none', contentLength: 9, status: 204 }, {}, ''],
    ['the last one says so', {}, { keepAlive: false }, 'Content-Length: 5\r\nConnection: close\r\n'],
    [
      'to HTTP/1.0 staying is said',
      {},
      { minorVersion: 0 },
      'Content-Length: 5\r\nConnection: keep-alive\r\n',
    ],
  ] as const) {
    test(what, () => {
      const { sink, out } = writer();
      out.writeHead(head(change as Partial<ResponseHead>), { ...plain, ...options });
      out.finish(null);
      assert.ok(sink.text.endsWith(`\r\nX-A: b\r\n${tail}\r\n`), sink.text);
    });
  }

  test('of any status has a status line', () => {
    for (const status of [103, 299, 418, 530, 999]) {
      const { sink, gather, out } = writer();
      out.writeHead(head({ status }), plain);
      gather.flush();
      assert.match(sink.text, new RegExp(`^HTTP/1\\.1 ${status} [A-Z].*\r\n`));
    }
  });

  test('with a large body is passed on in pieces, in order', async () => {
    const { sink, gather, out } = writer();
    const body = Buffer.alloc(200_000, 'abcdefghij');
    out.writeHead(head({ contentLength: body.length }), plain);
    for (let at = 0; at < body.length; at += 16_384) out.writeBody(body.subarray(at, at + 16_384));
    out.finish(null);
    while (gather.queuedBytes > 0) await turn();
    assert.ok(sink.writes.length > 2 && sink.writes.length < 20);
    assert.equal(sink.text.slice(-body.length), body.toString('latin1'));
  });
});

describe('writers that share a pool', () => {
  test('never mix their heads', async () => {
    const pool = new BufferPool(gatherBufferBytes);
    const [one, two] = [writer(pool), writer(pool)];
    one.out.writeHead(head({ fields: new ListFields(['X', 'one']) }), plain);
    two.out.writeHead(head({ fields: new ListFields(['X', 'two']) }), plain);
    two.out.writeInterim(head({ status: 103, fields: new ListFields([]) }));
    one.out.writeBody(Buffer.from('first'));
    one.out.finish(null);
    two.out.finish(null);
    await turn();
    assert.equal(one.sink.text, 'HTTP/1.1 200 OK\r\nX: one\r\nContent-Length: 5\r\n\r\nfirst');
    assert.equal(
      two.sink.text,
      'HTTP/1.1 200 OK\r\nX: two\r\nContent-Length: 5\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n',
    );
  });

  test('forget what was discarded', () => {
    const pool = new BufferPool(gatherBufferBytes);
    const [one, two] = [writer(pool), writer(pool)];
    one.out.writeHead(head(), plain);
    one.out.writeBody(Buffer.from('x'));
    one.gather.discard();
    two.out.writeHead(head(), plain);
    two.out.finish(null);
    one.gather.flush();
    assert.equal(one.sink.text, '');
    assert.match(two.sink.text, /Content-Length: 5\r\n\r\n$/);
  });

  test('refuse a head that does not fit rather than cut it', () => {
    const { sink, gather, out } = writer();
    const fields = new ListFields(['X', 'y'.repeat(80_000)]);
    assert.throws(() => out.writeHead(head({ fields }), plain), RangeError);
    gather.flush();
    assert.equal(sink.text, '');
  });
});
