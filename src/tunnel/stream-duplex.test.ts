import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { ResetReason, StreamHandler, TunnelStream } from './stream.ts';
import { StreamDuplex, StreamResetError } from './stream-duplex.ts';

/** A tunnel stream that notes what is done to it. */
class NotedStream implements TunnelStream {
  readonly id = 1;
  isOpen = true;
  readonly isRemoteEnded = false;
  readonly isFlushed = true;
  handler!: StreamHandler;
  written = '';
  consumed = 0;
  hasRoom = true;
  isEnded = false;
  resetReason: ResetReason | undefined;

  write(chunk: Uint8Array): boolean {
    this.written += Buffer.from(chunk).toString();
    return this.hasRoom;
  }

  end(): void {
    this.isEnded = true;
  }

  reset(reason: ResetReason): void {
    if (this.isOpen) this.resetReason = reason;
    this.isOpen = false;
  }

  consume(byteCount: number): void {
    this.consumed += byteCount;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a StreamDuplex gives credit back only for what was read', async () => {
  const stream = new NotedStream();
  const duplex = new StreamDuplex(stream);
  for (let i = 0; i < 20; i++) stream.handler.onData(Buffer.alloc(16_384));
  const held = stream.consumed;
  assert.ok(held < 20 * 16_384, `${held} bytes given back unread`);
  duplex.resume();
  await turn();
  await turn();
  assert.equal(stream.consumed, 20 * 16_384);
});

test('a write to a StreamDuplex completes when the tunnel has room again', async () => {
  const stream = new NotedStream();
  const duplex = new StreamDuplex(stream);
  stream.hasRoom = false;
  let isDone = false;
  duplex.write('one', () => (isDone = true));
  duplex.write('two');
  await turn();
  assert.equal(isDone, false);
  assert.equal(stream.written, 'one');
  stream.hasRoom = true;
  stream.handler.onDrain();
  await turn();
  assert.equal(isDone, true);
  assert.equal(stream.written, 'onetwo');
});

test('each direction of a StreamDuplex ends on its own', async () => {
  const stream = new NotedStream();
  const duplex = new StreamDuplex(stream);
  stream.handler.onEnd();
  duplex.resume();
  await once(duplex, 'end');
  assert.equal(stream.isEnded, false);
  duplex.end('bye');
  await once(duplex, 'finish');
  assert.equal(stream.written, 'bye');
  assert.equal(stream.isEnded, true);
});

test('a reset destroys a StreamDuplex with its reason, and frees a waiting write', async () => {
  const stream = new NotedStream();
  const duplex = new StreamDuplex(stream);
  stream.hasRoom = false;
  const failed: unknown[] = [];
  duplex.on('error', (error) => failed.push(error));
  duplex.write('one', (error) => failed.push(error));
  stream.isOpen = false;
  stream.handler.onReset('origin-lost', 'gone');
  await new Promise((resolve) => duplex.on('close', resolve));
  assert.ok(failed.length === 2 && failed.every((error) => error instanceof StreamResetError));
  assert.equal((failed[0] as StreamResetError).reason, 'origin-lost');
});

test('destroying a StreamDuplex resets the stream', async () => {
  const stream = new NotedStream();
  const duplex = new StreamDuplex(stream);
  duplex.destroy();
  await once(duplex, 'close');
  assert.equal(stream.resetReason, 'cancelled');
  stream.handler.onData(Buffer.from('late'));
  stream.handler.onEnd();
});

test('the owner of a StreamDuplex says what the peer is told when it is destroyed', async () => {
  const stream = new NotedStream();
  let isOpened = false;
  const duplex = new StreamDuplex(stream, { opened: () => (isOpened = true), destroyReason: 'origin-lost' });
  stream.handler.onOpened?.();
  assert.equal(isOpened, true);
  duplex.destroy();
  await once(duplex, 'close');
  assert.equal(stream.resetReason, 'origin-lost');
});
