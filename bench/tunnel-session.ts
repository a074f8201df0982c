// What the tunnel itself costs, without TLS or sockets: two sessions in one process, joined by memory. Both ends run on
// the same core, so a frame's cost here is its whole cost: encode, copy, decode, hand over.
//
//     node bench/tunnel-session.ts
import { pathToFileURL } from 'node:url';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { instantLink } from '#testkit/instant-link.ts';
import { plainOpenRequest, tunnelPair, type TunnelPair } from '#testkit/tunnel-pair.ts';
import type { StreamHandler, TunnelStream } from '#tunnel/stream.ts';

export interface TunnelBenchResult {
  readonly name: string;
  readonly seconds: number;
  readonly frames: number;
  readonly bytes: number;
}

const requestBytes = 300;
const responseBytes = 1024;

/** Request and response over and over on 64 streams, and one-way bulk on 1 and on 16. */
export async function benchTunnelSession(durationMs = 1500): Promise<TunnelBenchResult[]> {
  await pingPong(64, durationMs / 3);
  return [await pingPong(64, durationMs), await bulk(1, durationMs), await bulk(16, durationMs)];
}

/** The results as a table. */
export function formatTunnelBench(results: readonly TunnelBenchResult[]): string {
  const lines = results.map(({ name, seconds, frames, bytes }) => {
    const perSecond = Math.round(frames / seconds).toLocaleString('en');
    const cost = ((seconds * 1e6) / frames).toFixed(2);
    const rate = (bytes / seconds / 1e6).toFixed(0);
    return `${name.padEnd(44)} ${perSecond.padStart(12)} ${cost.padStart(10)} ${rate.padStart(10)}`;
  });
  return [
    `${''.padEnd(44)} ${'frames/s'.padStart(12)} ${'us/frame'.padStart(10)} ${'MB/s'.padStart(10)}`,
    ...lines,
  ].join('\n');
}

async function pingPong(streamCount: number, durationMs: number): Promise<TunnelBenchResult> {
  const request = Buffer.alloc(requestBytes, 'q');
  const response = Buffer.alloc(responseBytes, 'r');
  const pair = await readyPair((stream) => answer(stream, response));
  let responses = 0;
  let isRunning = true;
  for (let i = 0; i < streamCount; i++) {
    const stream = pair.edge.connection!.open(plainOpenRequest);
    let missing = responseBytes;
    stream.handler = consumer(stream, (count) => {
      missing -= count;
      if (missing > 0) return;
      missing = responseBytes;
      responses += 1;
      if (isRunning) stream.write(request, true);
    });
    stream.write(request, true);
  }
  const seconds = await measure(durationMs, () => (isRunning = false));
  pair.edge.connection!.close('shutdown');
  const bytes = responses * (requestBytes + responseBytes);
  return {
    name: `${streamCount} streams, 300 B request, 1 KiB response`,
    seconds,
    frames: 2 * responses,
    bytes,
  };
}

async function bulk(streamCount: number, durationMs: number): Promise<TunnelBenchResult> {
  let bytes = 0;
  const piece = Buffer.alloc(65_536, 'b');
  const pair = await readyPair((stream) => {
    stream.handler = consumer(stream, (count) => void (bytes += count));
  });
  let isRunning = true;
  for (let i = 0; i < streamCount; i++) {
    const stream = pair.edge.connection!.open(plainOpenRequest);
    const fill = (): void => {
      while (isRunning && stream.write(piece, false));
    };
    stream.handler = { onData() {}, onEnd() {}, onReset() {}, onDrain: () => void setImmediate(fill) };
    fill();
  }
  const seconds = await measure(durationMs, () => (isRunning = false));
  pair.edge.connection!.close('shutdown');
  return { name: `${streamCount} streams, bulk one way`, seconds, frames: bytes / 32_768, bytes };
}

/** A tunnel over a link that delivers at once and never fails. */
async function readyPair(onStream: (stream: TunnelStream) => void): Promise<TunnelPair> {
  const link = instantLink();
  const pair = tunnelPair({
    clock: systemClock,
    random: systemRandom,
    edgeTransport: link.edge,
    connectorTransport: link.connector,
    onStream,
  });
  while (!pair.isReady) await new Promise((resolve) => void setImmediate(resolve));
  return pair;
}

function answer(stream: TunnelStream, response: Buffer): void {
  let missing = requestBytes;
  stream.handler = consumer(stream, (count) => {
    missing -= count;
    if (missing > 0) return;
    missing = requestBytes;
    stream.write(response, true);
  });
}

function consumer(stream: TunnelStream, onBytes: (count: number) => void): StreamHandler {
  return {
    onData(chunk) {
      stream.consume(chunk.length);
      onBytes(chunk.length);
    },
    onEnd() {},
    onReset() {},
    onDrain() {},
  };
}

async function measure(durationMs: number, stop: () => void): Promise<number> {
  const startMs = performance.now();
  await new Promise((resolve) => void setTimeout(resolve, durationMs));
  stop();
  return (performance.now() - startMs) / 1000;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(`${formatTunnelBench(await benchTunnelSession())}\n`);
}
