// Real sockets on loopback, plain and TLS, and one that is written to through its stream: what is gathered arrives whole
// and in order whatever the reader does, and the pool gets its buffers back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createCertificate } from '#testkit/certificates.ts';
import { BufferPool } from './buffer-pool.ts';
import { GatherWriter, gatherBufferBytes } from './gather-writer.ts';
import { TurnFlusher } from './turn-flusher.ts';

/** Knows how many of its buffers are out. */
class CountingPool extends BufferPool {
  out = 0;
  mostOut = 0;

  override take(): Buffer {
    this.out += 1;
    this.mostOut = Math.max(this.mostOut, this.out);
    return super.take();
  }

  override give(buffer: Buffer): void {
    this.out -= 1;
    // Whoever still reads it is found out.
    buffer.fill(0xdd);
    super.give(buffer);
  }
}

interface World {
  /** Is written to. */
  readonly near: Socket;
  /** Reads when told to. */
  readonly far: Socket;
  close(): void;
}

async function plainWorld(): Promise<World> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [near] = (await once(server, 'connection')) as [Socket];
  return worldOf(near, far, () => server.close());
}

async function tlsWorld(): Promise<World> {
  const { key, cert } = createCertificate({ name: 'a.example', names: ['a.example'] });
  const server = createTlsServer({ key, cert, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const far = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  const [near] = (await once(server, 'secureConnection')) as [Socket];
  return worldOf(near, far, () => server.close());
}

/** A socket that has something buffered is written to through its stream. */
async function streamWorld(): Promise<World> {
  const world = await plainWorld();
  world.near.cork();
  world.near.write('>');
  setImmediate(() => world.near.uncork());
  return world;
}

function worldOf(near: Socket, far: Socket, closeServer: () => void): World {
  for (const socket of [near, far]) socket.on('error', () => {});
  near.resume();
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
      closeServer();
    },
  };
}

function writerOn(near: Socket): {
  readonly writer: GatherWriter;
  readonly pool: CountingPool;
  readonly drains: () => number;
  readonly moves: () => number;
} {
  const pool = new CountingPool(gatherBufferBytes);
  let drains = 0;
  let moves = 0;
  const writer = new GatherWriter(near, {
    pool,
    flusher: new TurnFlusher(setImmediate),
    onDrain: () => (drains += 1),
    onProgress: () => (moves += 1),
  });
  return { writer, pool, drains: () => drains, moves: () => moves };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn();
}

const kinds = [
  ['plain', plainWorld, ''],
  ['TLS', tlsWorld, ''],
  ['through the stream', streamWorld, '>'],
] as const;

for (const [kind, makeWorld, prefix] of kinds) {
  describe(`a gathering writer, ${kind}`, () => {
    test('sends pieces of every size in order, whatever flush is called for them', async () => {
      const { near, far, close } = await makeWorld();
      const { writer, pool } = writerOn(near);
      const sent: Buffer[] = [Buffer.from(prefix)];
      const received: Buffer[] = [];
      far.on('data', (chunk: Buffer) => received.push(chunk));
      for (let i = 0; i < 400; i++) {
        const piece = Buffer.alloc([1, 300, 5_000, 16_384, 70_000, 200_000][i % 6]!, `${i}-`);
        sent.push(Buffer.from(piece));
        const lasts = i % 4 < 2;
        const hasRoom = writer.write(piece, lasts);
        if (!lasts) piece.fill(0xee);
        if (i % 3 === 0) writer.flush();
        if (i % 3 === 1) writer.flushPart();
        if (i % 7 === 2) writer.flushSoon();
        if (!hasRoom) await until(() => !writer.needsDrain);
      }
      writer.end();
      await once(far, 'end');
      assert.ok(Buffer.concat(received).equals(Buffer.concat(sent)));
      assert.equal(pool.out, 0);
      close();
    });

    test('does not copy much that lasts, and is told to wait before much of it is queued', async () => {
      const { near, far, close } = await makeWorld();
      const { writer, pool } = writerOn(near);
      const received: Buffer[] = [];
      far.pause().on('data', (chunk: Buffer) => received.push(chunk));
      const block = Buffer.alloc(65_536, 'lasts ');
      let blocks = 0;
      let mostQueued = 0;
      while (blocks < 400) {
        if (blocks % 8 === 0) writer.write(Buffer.from('head'));
        const hasRoom = writer.write(block, true);
        blocks += 1;
        if (blocks % 8 === 0) writer.flush();
        mostQueued = Math.max(mostQueued, writer.queuedBytes);
        if (hasRoom) continue;
        far.resume();
        await until(() => !writer.needsDrain);
        far.pause();
      }
      far.resume();
      writer.end();
      await once(far, 'end');
      const whole = Buffer.concat(
        Array.from({ length: 9 }, (_, i) => (i === 0 ? Buffer.from('head') : block)),
      );
      const expected = Buffer.concat([Buffer.from(prefix), ...Array.from({ length: 50 }, () => whole)]);
      assert.ok(Buffer.concat(received).equals(expected));
      assert.ok(pool.mostOut <= 2, `${pool.mostOut} buffers for heads alone`);
      assert.ok(mostQueued < 300_000, `${mostQueued} bytes queued`);
      assert.equal(pool.out, 0);
      close();
    });

    test('tells a reader that does not keep up, holds little, and goes on when it reads', async () => {
      const { near, far, close } = await makeWorld();
      const { writer, pool, drains } = writerOn(near);
      far.pause();
      const piece = Buffer.alloc(16_384, 'abc');
      let sent = 0;
      for (let i = 0; i < 4_000 && !(writer.needsDrain && drains() > 0); i++) {
        if (writer.write(piece)) sent += piece.length;
        else {
          sent += piece.length;
          const before = drains();
          for (let waited = 0; waited < 200 && drains() === before; waited++) await turn();
          if (drains() === before) break;
        }
      }
      assert.equal(writer.needsDrain, true);
      assert.ok(writer.queuedBytes <= 3 * gatherBufferBytes, `${writer.queuedBytes} bytes are held`);
      assert.ok(pool.mostOut <= 3);
      let received = 0;
      far.on('data', (chunk: Buffer) => (received += chunk.length));
      far.resume();
      await until(() => !writer.needsDrain);
      writer.end();
      await once(far, 'end');
      assert.equal(received, sent + prefix.length);
      assert.equal(pool.out, 0);
      close();
    });

    test('says that a slow reader takes something before he has taken all', async () => {
      const { near, far, close } = await makeWorld();
      const { writer, drains, moves } = writerOn(near);
      far.pause();
      // Until the system takes nothing more for him.
      for (let waited = 0; waited < 200; waited++) {
        if (!writer.needsDrain) waited = 0;
        while (!writer.needsDrain) writer.write(Buffer.alloc(65_536));
        await turn();
      }
      for (let i = 0; i < 8; i++) writer.write(Buffer.alloc(65_536));
      const before = { drains: drains(), moves: moves() };
      far.resume();
      await until(() => drains() > before.drains);
      const moved = moves() - before.moves;
      close();
      assert.ok(moved > 0);
    });

    test('sends short pieces in order to a reader that is away at first', async () => {
      const { near, far, close } = await makeWorld();
      const { writer, pool } = writerOn(near);
      const sent: Buffer[] = [Buffer.from(prefix)];
      for (let i = 0; i < 2_000 && !writer.needsDrain; i++) {
        const piece = Buffer.alloc(10_000 + i, `${i}-`);
        sent.push(Buffer.from(piece));
        writer.write(piece);
        writer.flush();
        await turn();
      }
      assert.ok(writer.needsDrain, 'the system never had enough');
      const received: Buffer[] = [];
      far.on('data', (chunk: Buffer) => received.push(chunk));
      await until(() => !writer.needsDrain);
      writer.write(Buffer.from('last'));
      sent.push(Buffer.from('last'));
      writer.end();
      await once(far, 'end');
      assert.ok(Buffer.concat(received).equals(Buffer.concat(sent)));
      assert.equal(pool.out, 0);
      close();
    });

    test('gives everything back when the connection is cut in the midst of a write', async () => {
      const { near, far, close } = await makeWorld();
      const { writer, pool } = writerOn(near);
      far.pause();
      const piece = Buffer.alloc(65_536);
      for (let i = 0; i < 200; i++) writer.write(piece);
      near.destroy();
      writer.discard();
      await once(near, 'close');
      writer.write(piece);
      writer.flush();
      writer.end();
      await until(() => pool.out === 0);
      close();
    });

    test('says when all has left', async () => {
      const { near, far, close } = await makeWorld();
      const { writer } = writerOn(near);
      const order: string[] = [];
      writer.write(Buffer.from('first'));
      writer.whenSent(() => order.push('sent'));
      assert.equal(writer.queuedBytes === 0, order.length === 1);
      await until(() => order.length === 1);
      assert.equal(writer.queuedBytes, 0);
      let text = '';
      far.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await until(() => text === `${prefix}first`);
      close();
    });

    test('closes after what was written', async () => {
      const { near, far, close } = await makeWorld();
      const { writer } = writerOn(near);
      let received = 0;
      far.on('data', (chunk: Buffer) => (received += chunk.length));
      writer.write(Buffer.alloc(100_000));
      writer.endAndDestroy();
      await Promise.all([once(near, 'close'), once(far, 'close')]);
      assert.equal(received, 100_000 + prefix.length);
      close();
    });
  });
}

describe('what is gathered', () => {
  test('in place and by copy leaves in one write', () => {
    const writes: string[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        writes.push(chunk.toString());
        done();
      },
    });
    const { writer } = writerOn(sink as unknown as Socket);
    const memory = writer.room(10);
    writer.advance(writer.offset + memory.latin1Write('head ', writer.offset));
    writer.write(Buffer.from('body'));
    assert.deepEqual(writes, []);
    writer.flush();
    assert.deepEqual(writes, ['head body']);
  });

  test('in the midst of a transfer waits for the end of the turn if it is much', async () => {
    const writes: number[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        writes.push(chunk.length);
        done();
      },
    });
    const { writer } = writerOn(sink as unknown as Socket);
    writer.write(Buffer.alloc(100));
    writer.flushPart();
    assert.deepEqual(writes, [100]);
    await turn();
    for (let i = 0; i < 3; i++) {
      writer.write(Buffer.alloc(16_384));
      writer.flushPart();
    }
    assert.deepEqual(writes, [100]);
    await turn();
    assert.deepEqual(writes, [100, 3 * 16_384]);
  });
});

test('a pool keeps some free buffers and lets the others go', () => {
  const pool = new BufferPool(16);
  const taken = Array.from({ length: 100 }, () => pool.take());
  assert.equal(new Set(taken).size, 100);
  for (const buffer of taken) pool.give(buffer);
  const again = Array.from({ length: 100 }, () => pool.take());
  const kept = again.filter((buffer) => taken.includes(buffer)).length;
  assert.ok(kept > 0 && kept < 100);
});

test('a view of a buffer of the pool is its beginning, and of no other buffer', () => {
  const pool = new BufferPool(8_192);
  const [first, second] = [pool.take(), pool.take()];
  // Views are kept of what was kept.
  pool.give(second);
  pool.give(first);
  assert.deepEqual([pool.take(), pool.take()], [first, second]);
  first.fill(1);
  second.fill(2);
  for (const byteCount of [5, 5, 69, 5, 4_096, 8_192]) {
    assert.deepEqual(
      [...pool.start(first, byteCount)],
      Array.from({ length: byteCount }, () => 1),
    );
    assert.deepEqual(
      [...pool.start(second, byteCount)],
      Array.from({ length: byteCount }, () => 2),
    );
  }
  pool.give(second);
  pool.give(first);
  assert.equal(pool.take(), first);
});

test('who throws as he is flushed takes nobody else his turn', () => {
  const runs: (() => void)[] = [];
  const flusher = new TurnFlusher((run) => runs.push(run));
  const flushed: number[] = [];
  flusher.add({
    flush() {
      throw new Error('a mistake');
    },
  });
  flusher.add({ flush: () => void flushed.push(1) });
  flusher.add({ flush: () => void flushed.push(2) });
  assert.throws(() => runs.shift()!(), /a mistake/);
  runs.shift()!();
  assert.deepEqual(flushed, [1, 2]);
  assert.equal(runs.length, 0);
});
