// Responses whose client does not keep up, over two ends of a stream inside this process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { RequestHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import { deafHandler, type TunnelStream } from '#tunnel/stream.ts';
import { streamPair } from '#tunnel/stream-pair.ts';
import type { ExchangeSide } from '../exchange-side.ts';
import { OriginPool } from '../origins/origin-pool.ts';
import type { TunnelSlot } from '../tunnels/tunnel-registry.ts';
import { Http1Upstream } from './http1-upstream.ts';

const request = {
  ...{ method: 'GET', path: '/', query: '', authority: 'a.test', fields: new ListFields([]) },
  ...{ bodyKind: 'none', expectsContinue: false, upgrade: '' },
} as unknown as RequestHead;
const rule = { keepAliveTimeoutMs: 1_000, keepAliveConnections: 4, hostHeader: '', isPerClient: false };
const bodyBytes = 100_000;
const response = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Length: ${bodyBytes}\r\n\r\n${'x'.repeat(bodyBytes)}`,
);

interface Scene {
  readonly upstream: Http1Upstream;
  readonly origin: TunnelStream;
  readonly pool: OriginPool;
  readonly told: string[];
  readonly consumed: () => number;
}

/** A request was sent, and its response has come whole to a client that takes no more. */
async function answered(): Promise<Scene> {
  const pair = streamPair({ id: 1, onFault: assert.ifError, onOver() {} });
  pair.far.handler = { ...deafHandler, onData: (chunk) => pair.far.consume(chunk.length) };
  let consumed = 0;
  const consume = pair.near.consume.bind(pair.near);
  pair.near.consume = (byteCount) => {
    consumed += byteCount;
    consume(byteCount);
  };
  const pool = new OriginPool();
  const target = {
    slot: { pool } as unknown as TunnelSlot,
    rule: rule as unknown as PublishedRule,
    poolKey: 0,
  };
  const upstream = new Http1Upstream(pair.near, target, { scratch: Buffer.alloc(4_096), now: () => 0 });
  const told: string[] = [];
  const side = {
    respond: () => told.push('head'),
    body(chunk: Buffer) {
      received += chunk.length;
      return false;
    },
    end: () => told.push('end'),
    abort: () => told.push('abort'),
  };
  let received = 0;
  upstream.begin(request, { edgeLines: undefined, side: side as unknown as ExchangeSide });
  pair.far.write(response, false);
  while (received < bodyBytes) await turn();
  return { upstream, origin: pair.far, pool, told, consumed: () => consumed };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

test('the stream of a response that its client has not taken serves nobody else, and its window stays shut', async () => {
  const { upstream, pool, told, consumed } = await answered();
  await settled();
  assert.deepEqual([told, pool.idleCount], [['head'], 0]);
  assert.ok(consumed() < response.length);
  upstream.downstreamDrained();
  assert.deepEqual([told, pool.idleCount, consumed()], [['head', 'end'], 1, response.length]);
});

const ends = {
  'the origin ends its side': (origin: TunnelStream) => origin.end(),
  'the origin is lost': (origin: TunnelStream) => origin.reset('origin-lost'),
  'the origin says more than its response': (origin: TunnelStream) =>
    void origin.write(Buffer.from('?'), false),
};
for (const [what, happen] of Object.entries(ends)) {
  test(`a response that waits for its client is whole although ${what}, and its stream is not used again`, async () => {
    const { upstream, origin, pool, told } = await answered();
    happen(origin);
    await settled();
    upstream.downstreamDrained();
    assert.deepEqual([told, pool.idleCount], [['head', 'end'], 0]);
  });
}

test('a client that leaves meanwhile takes its stream with it', async () => {
  const { upstream, pool, told } = await answered();
  upstream.abort('gone');
  upstream.downstreamDrained();
  assert.deepEqual([told, pool.idleCount], [['head'], 0]);
});
