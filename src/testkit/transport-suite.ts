// What every transport must do, whatever carries it. Run by the test of each implementation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { Transport } from '#tunnel/transport/transport.ts';
import { plainOpenRequest, tunnelPair } from './tunnel-pair.ts';

export interface TransportPair {
  readonly edge: Transport;
  readonly connector: Transport;
}

/** Real time, with timers that keep the test alive. */
export const testClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Registers the suite; `connect` makes a fresh, connected pair that nobody has started. */
export function transportSuite(name: string, connect: () => Promise<TransportPair>): void {
  test(`${name}: both ends export the same key, another one per label and connection`, async () => {
    const first = await connect();
    const second = await connect();
    const key = first.edge.exporter('EXPORTER-a', 32);
    assert.equal(key.length, 32);
    assert.deepEqual(first.connector.exporter('EXPORTER-a', 32), key);
    assert.notDeepEqual(first.edge.exporter('EXPORTER-b', 32), key);
    assert.notDeepEqual(second.edge.exporter('EXPORTER-a', 32), key);
    for (const transport of [first.edge, second.edge]) await ended(transport);
  });

  test(`${name}: bytes arrive in order, and memory may be reused once it is done`, async () => {
    const { edge, connector } = await connect();
    const received = receive(edge);
    receive(connector);
    const memory = Buffer.alloc(50_000);
    for (let i = 0; i < 40; i++) {
      memory.fill(i);
      await new Promise<void>((resolve) => void connector.write(memory.subarray(0, 40_000 + i), resolve));
      memory.fill(0xff);
    }
    connector.close();
    await received.closed;
    const expected = Array.from({ length: 40 }, (_, i) => Buffer.alloc(40_000 + i, i));
    assert.ok(Buffer.concat(received.chunks).equals(Buffer.concat(expected)));
    assert.equal(received.error(), undefined);
  });

  test(`${name}: what arrives before the start is kept`, async () => {
    const { edge, connector } = await connect();
    receive(connector);
    connector.write(Buffer.from('early'), () => {});
    await new Promise((resolve) => void setTimeout(resolve, 20));
    const received = receive(edge);
    await until(() => received.chunks.length > 0);
    assert.equal(Buffer.concat(received.chunks).toString(), 'early');
    await ended(edge);
  });

  test(`${name}: a clean close comes after the last byte, and both ends hear of it once`, async () => {
    const { edge, connector } = await connect();
    const received = receive(connector);
    const own = receive(edge);
    edge.write(Buffer.alloc(60_000, 1), () => {});
    edge.write(Buffer.from('last'), () => {});
    edge.close();
    await Promise.all([received.closed, own.closed]);
    assert.equal(Buffer.concat(received.chunks).length, 60_004);
    assert.equal(received.error(), undefined);
    assert.equal(received.closeCount() + own.closeCount(), 2);
  });

  test(`${name}: a destroyed end is noticed at the other, and pending writes are done`, async () => {
    const { edge, connector } = await connect();
    const received = receive(connector);
    const own = receive(edge);
    let pending = 0;
    for (let i = 0; i < 20; i++) {
      pending += 1;
      edge.write(Buffer.alloc(65_536), () => void (pending -= 1));
    }
    edge.destroy();
    await Promise.all([received.closed, own.closed]);
    await until(() => pending === 0);
    edge.write(Buffer.from('late'), () => void (pending -= 1));
    await until(() => pending === -1);
  });

  test(`${name}: a hundred streams through a whole tunnel, then one reason at both ends`, async () => {
    const { edge, connector } = await connect();
    const sent = systemRandom.bytes(100_000);
    let whole = 0;
    const start = (connection: EdgeConnection): void => {
      for (let i = 0; i < 100; i++) {
        echoOnce(connection, sent.subarray(i * 100), (isSame) => {
          whole += isSame ? 1 : 0;
          if (whole === 100) connection.close('revoked', 'enough');
        });
      }
    };
    const pair = tunnelPair({
      clock: testClock,
      random: systemRandom,
      edgeTransport: edge,
      connectorTransport: connector,
      edgeHandler: { onReady: start },
    });
    await until(() => pair.edge.closed !== undefined && pair.connector.closed !== undefined);
    assert.deepEqual(pair.edge.closed, { reason: 'revoked', detail: 'enough' });
    assert.deepEqual(pair.connector.closed, { reason: 'revoked', detail: 'enough' });
    assert.equal(whole, 100);
  });
}

/** Waits for a condition that the event loop will bring about, for 30 s at most. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadlineMs, 'waited for 30 s in vain');
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
}

function echoOnce(connection: EdgeConnection, bytes: Buffer, onEnd: (isSame: boolean) => void): void {
  const stream = connection.open(plainOpenRequest);
  const chunks: Buffer[] = [];
  stream.handler = {
    onData(chunk) {
      chunks.push(Buffer.from(chunk));
      stream.consume(chunk.length);
    },
    onEnd: () => onEnd(Buffer.concat(chunks).equals(bytes)),
    onReset: () => onEnd(false),
    onDrain() {},
  };
  stream.write(bytes, false);
  stream.end();
}

interface Received {
  readonly chunks: Buffer[];
  readonly closed: Promise<void>;
  readonly closeCount: () => number;
  readonly error: () => Error | undefined;
}

function receive(transport: Transport): Received {
  const chunks: Buffer[] = [];
  let closeCount = 0;
  let failure: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    transport.start({
      onData: (chunk) => void chunks.push(Buffer.from(chunk)),
      onDrain() {},
      onClose(error) {
        closeCount += 1;
        failure = error;
        resolve();
      },
    });
  });
  return { chunks, closed, closeCount: () => closeCount, error: () => failure };
}

async function ended(transport: Transport): Promise<void> {
  transport.destroy();
  await new Promise((resolve) => void setImmediate(resolve));
}
