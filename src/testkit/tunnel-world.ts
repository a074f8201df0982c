// One tunnel over the memory network under virtual time, with streams whose calls are written down.
import assert from 'node:assert/strict';
import type { ResetReason, TunnelStream } from '#tunnel/stream.ts';
import { FakeClock } from './fake-clock.ts';
import { type LinkOptions, memoryLink, type MemoryLink } from './memory-network.ts';
import { seededRandom } from './seeded-random.ts';
import { plainOpenRequest, tunnelPair, type TunnelPair, type TunnelPairOptions } from './tunnel-pair.ts';

/** A connected tunnel over the memory network, and the clock that moves it. */
export interface TunnelWorld {
  readonly clock: FakeClock;
  readonly link: MemoryLink;
  readonly pair: TunnelPair;
  open(): WatchedStream;
}

/** A stream whose calls are written down. */
export interface WatchedStream {
  readonly stream: TunnelStream;
  readonly chunks: Buffer[];
  readonly received: () => Buffer;
  /** False: bytes are kept and not given back. */
  consumes: boolean;
  opened: number;
  ended: number;
  drained: number;
  reset: { readonly reason: ResetReason; readonly detail: string } | undefined;
}

/** What differs from a plain, instant network with an echoing connector. */
export interface TunnelWorldOptions {
  readonly link?: LinkOptions;
  readonly pair?: Partial<TunnelPairOptions>;
  /** The handshake is not expected to succeed. */
  readonly isRefused?: boolean;
  readonly beforeStart?: (link: MemoryLink) => void;
}

/** Connects the two ends; the handshake is done when this returns. */
export function tunnelWorld(options: TunnelWorldOptions = {}): TunnelWorld {
  const clock = new FakeClock();
  const random = seededRandom(11);
  const link = memoryLink(clock, random, options.link);
  options.beforeStart?.(link);
  const pair = tunnelPair({
    clock,
    random,
    edgeTransport: link.edge,
    connectorTransport: link.connector,
    defer: (run) => void clock.after(0, run),
    ...options.pair,
  });
  if (options.isRefused !== true) assert.ok(clock.advanceUntil(() => pair.isReady, 5_000));
  return { clock, link, pair, open: () => watch(pair.edge.connection!.open(plainOpenRequest)) };
}

function watch(stream: TunnelStream): WatchedStream {
  const chunks: Buffer[] = [];
  const watched: WatchedStream = {
    stream,
    chunks,
    received: () => Buffer.concat(chunks),
    consumes: true,
    opened: 0,
    ended: 0,
    drained: 0,
    reset: undefined,
  };
  stream.handler = {
    onOpened: () => void (watched.opened += 1),
    onData(chunk) {
      chunks.push(Buffer.from(chunk));
      if (watched.consumes) stream.consume(chunk.length);
    },
    onEnd: () => void (watched.ended += 1),
    onReset(reason, detail) {
      assert.equal(watched.reset, undefined, 'reset twice');
      watched.reset = { reason, detail };
    },
    onDrain: () => void (watched.drained += 1),
  };
  return watched;
}

/** Consumes everything at once and ends when the peer does. */
export function swallow(stream: TunnelStream): void {
  stream.handler = {
    onData: (chunk) => stream.consume(chunk.length),
    onEnd: () => stream.end(),
    onReset() {},
    onDrain() {},
  };
}

/** Writes `byteCount` bytes as fast as the stream takes them, then ends it. */
export function feed(watched: WatchedStream, byteCount: number): void {
  const { stream } = watched;
  const piece = Buffer.alloc(65_536, 'f');
  let left = byteCount;
  const more = (): void => {
    while (left > 0) {
      const size = Math.min(left, piece.length);
      left -= size;
      if (!stream.write(size === piece.length ? piece : piece.subarray(0, size), false)) return;
    }
    stream.end();
  };
  stream.handler = { ...stream.handler, onDrain: more };
  more();
}
