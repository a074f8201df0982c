import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Downstream, RequestHead } from '#http/exchange.ts';
import { defaultTimeouts } from '#model/edge-snapshot.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeOwner } from './exchange-owner.ts';
import { overdue, stoppedReading } from './overdue.ts';

test('a client that takes little by little is not let go, one that takes nothing is', () => {
  let nowMs = 0;
  const request = { method: 'GET', bodyKind: 'none', upgrade: '', startedMs: 0 } as unknown as RequestHead;
  const front = { body: () => false } as unknown as Downstream;
  const exchange = new Exchange(request, front, { now: () => nowMs } as unknown as ExchangeOwner);
  exchange.body(Buffer.alloc(1_000));
  const { bodyIdleMs } = defaultTimeouts;
  for (let i = 0; i < 5; i++) {
    nowMs += bodyIdleMs;
    assert.equal(overdue(exchange, nowMs, defaultTimeouts), undefined);
    exchange.downstreamMoved();
  }
  nowMs += bodyIdleMs + 1;
  assert.equal(overdue(exchange, nowMs, defaultTimeouts), stoppedReading);
});
