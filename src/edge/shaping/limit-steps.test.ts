import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandwidthSchema } from '#model/shaping/bandwidth.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import type { Exchange } from '../exchange.ts';
import { bandwidthStep, LimitTables } from './limit-steps.ts';

/** What the step needs of an exchange. */
function exchangeOf(clientAddress: string, more: Partial<Exchange> = {}): Exchange {
  const quiet = { downstreamDrained() {}, upstreamDrained() {} };
  return {
    ...quiet,
    clientAddress,
    isRequestDone: true,
    isFinished: false,
    progressMs: 0,
    ...more,
  } as Exchange;
}

/** A step at 16 KiB a second for each client, and whom it has let go on. */
function world() {
  const clock = new FakeClock();
  const begun: Exchange[] = [];
  const next = { name: 'next', start: (exchange: Exchange) => void begun.push(exchange) };
  const settings = bandwidthSchema.parse({ down: '16KiB', per: 'client' });
  const step = bandwidthStep(settings, next, { clock, tables: new LimitTables(), routeName: 'a.test' });
  return { clock, begun, step };
}

test('a client that owes for what he got in one piece waits with his next request; others do not', () => {
  const { clock, begun, step } = world();
  const [first, second, other] = [exchangeOf('192.0.2.1'), exchangeOf('192.0.2.1'), exchangeOf('192.0.2.2')];
  step.start(first);
  first.pace!.pass('down', 64 * 1024, true);
  step.start(second);
  step.start(other);
  assert.deepEqual(begun, [first, other]);
  clock.advance(2_900);
  assert.equal(begun.includes(second), false);
  clock.advance(200);
  assert.deepEqual(begun, [first, other, second]);
});

test('one who has left meanwhile is not begun, and a request whose body is on its way does not wait', () => {
  const { clock, begun, step } = world();
  const first = exchangeOf('192.0.2.1');
  step.start(first);
  first.pace!.pass('down', 64 * 1024, true);
  const gone = exchangeOf('192.0.2.1');
  const posting = exchangeOf('192.0.2.1', { isRequestDone: false });
  step.start(gone);
  step.start(posting);
  Object.assign(gone, { isFinished: true });
  clock.advance(60_000);
  assert.deepEqual(begun, [first, posting]);
});

test('a wait longer than the time limits of the data path is told to be none of the client’s doing', () => {
  const { clock, begun, step } = world();
  const first = exchangeOf('192.0.2.1');
  step.start(first);
  first.pace!.pass('down', 10 * 1024 * 1024, true);
  const second = exchangeOf('192.0.2.1');
  step.start(second);
  clock.advance(300_000);
  assert.ok(clock.nowMs() - second.progressMs <= 5_000);
  assert.deepEqual(begun, [first]);
});
