// The pipe against a stream and a socket that only count: what is written when, and what credit is given back.
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { BufferPool } from '#base/io/buffer-pool.ts';
import { gatherBufferBytes } from '#base/io/gather-writer.ts';
import { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import { OriginPipe } from './origin-pipe.ts';

class CountingStream implements TunnelStream {
  readonly id = 1;
  isOpen = true;
  isRemoteEnded = false;
  isFlushed = true;
  handler!: StreamHandler;
  consumed = 0;
  hasRoom = true;
  written: string[] = [];
  isEnded = false;
  wasReset: [ResetReason, string | undefined] | undefined;

  write(chunk: Uint8Array): boolean {
    this.written.push(Buffer.from(chunk).toString());
    return this.hasRoom;
  }

  end(): void {
    this.isEnded = true;
  }

  reset(reason: ResetReason, detail?: string): void {
    this.isOpen = false;
    this.wasReset = [reason, detail];
  }

  consume(byteCount: number): void {
    this.consumed += byteCount;
  }
}

/** Takes writes one at a time and finishes them when told. */
class SlowSocket extends Writable {
  readonly calls: string[] = [];
  paused = 0;
  resumed = 0;
  #done: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 8 });
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.calls.push(chunk.toString());
    this.#done = done;
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.calls.push(chunks.map(({ chunk }) => chunk.toString()).join('+'));
    this.#done = done;
  }

  finish(): void {
    this.#done?.();
  }

  pause(): void {
    this.paused += 1;
  }

  resume(): void {
    this.resumed += 1;
  }
}

function start(): { stream: CountingStream; socket: SlowSocket; pipe: OriginPipe; ends: string[] } {
  const stream = new CountingStream();
  const ends: string[] = [];
  const pipe = new OriginPipe(stream, {
    flusher: new TurnFlusher((run) => process.nextTick(run)),
    partFlusher: new TurnFlusher(setImmediate),
    pool: new BufferPool(gatherBufferBytes),
    cutsHard: false,
    pipeClosed: (_, reason) => void ends.push(reason),
  });
  return { stream, socket: new SlowSocket(), pipe, ends };
}

const attach = (pipe: OriginPipe, socket: SlowSocket): void =>
  pipe.attach(socket as unknown as Socket, 'a:1');
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('chunks of one turn leave in one write, a single one as it is', async () => {
  const { pipe, socket } = start();
  attach(pipe, socket);
  pipe.onData(Buffer.from('a'));
  pipe.onData(Buffer.from('b'));
  pipe.onData(Buffer.from('c'));
  assert.deepEqual(socket.calls, []);
  await tick();
  socket.finish();
  await tick();
  pipe.onData(Buffer.from('d'));
  await tick();
  assert.deepEqual(socket.calls, ['abc', 'd']);
});

test('credit is given back for what the socket takes, the rest once it drains', async () => {
  const { pipe, socket, stream } = start();
  attach(pipe, socket);
  pipe.onData(Buffer.from('1234'));
  await tick();
  assert.equal(stream.consumed, 4);
  pipe.onData(Buffer.alloc(60_000));
  await tick();
  assert.equal(stream.consumed, 60_004);
  pipe.onData(Buffer.alloc(20_000));
  await tick();
  assert.equal(stream.consumed, 60_004);
  for (let i = 0; i < 3; i++) {
    socket.finish();
    await tick();
  }
  assert.equal(stream.consumed, 80_004);
});

test('what comes before the origin is reached waits without credit, and its end with it', async () => {
  const { pipe, socket, stream } = start();
  pipe.onData(Buffer.from('a'));
  pipe.onData(Buffer.from('b'));
  pipe.onEnd();
  assert.equal(stream.consumed, 0);
  attach(pipe, socket);
  await tick();
  assert.deepEqual(socket.calls, ['ab']);
  assert.equal(stream.consumed, 2);
  socket.finish();
  await tick();
  assert.equal(socket.writableEnded, true);
});

test('the end of the stream comes after the bytes of the same turn', async () => {
  const { pipe, socket } = start();
  attach(pipe, socket);
  pipe.onData(Buffer.from('a'));
  pipe.onEnd();
  await tick();
  assert.deepEqual(socket.calls, ['a']);
  assert.equal(socket.writableEnded, false);
  socket.finish();
  await tick();
  assert.equal(socket.writableEnded, true);
});

test('a tunnel without room stops the reading, and starts it again', () => {
  const { pipe, socket, stream } = start();
  attach(pipe, socket);
  stream.hasRoom = false;
  socket.emit('data', Buffer.from('ab'));
  assert.deepEqual(stream.written, ['ab']);
  assert.equal(socket.paused, 1);
  pipe.onDrain();
  assert.equal(socket.resumed, 1);
});

test('a reset while dialling cancels the attempt; a socket that comes after all is closed', () => {
  const { pipe, socket, ends } = start();
  let cancelled = 0;
  pipe.dialing(() => (cancelled += 1));
  pipe.onReset('cancelled', '');
  assert.equal(cancelled, 1);
  attach(pipe, socket);
  assert.equal(socket.destroyed, true);
  assert.deepEqual(ends, ['']);
});

test('an error of the socket is told once, as lost, with its code', () => {
  const { pipe, socket, stream, ends } = start();
  attach(pipe, socket);
  socket.emit('error', Object.assign(new Error('x'), { code: 'ECONNRESET' }));
  socket.emit('error', new Error('y'));
  assert.deepEqual(stream.wasReset, ['origin-lost', 'a:1: ECONNRESET']);
  assert.deepEqual(ends, ['origin-lost']);
});
