import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf, maxPartsOfKind, type PartNow, type PartState } from '#model/live/health.ts';
import { HealthBook } from './health-book.ts';

const part = (name: string, state: PartState, more: Partial<PartNow> = {}): PartNow => ({
  ...{ kind: 'origin', name, state, sentence: '', cure: '', isVital: false },
  ...more,
});

test('a part keeps the time since which it is in its state, and begins anew when it is well again', () => {
  const book = new HealthBook();
  const since = (state: PartState, nowMs: number): number =>
    book.look([part('nas', state)], nowMs)[0]!.sinceMs;
  assert.equal(since('ok', 1_000), 1_000);
  assert.equal(since('ok', 6_000), 1_000);
  assert.equal(since('down', 11_000), 11_000);
  assert.equal(since('down', 16_000), 11_000);
  assert.equal(since('ok', 21_000), 21_000);
});

test('parts of two kinds with one name are two, and one that was away begins anew', () => {
  const book = new HealthBook();
  book.look([part('nas', 'down'), part('nas', 'ok', { kind: 'tunnel' })], 1_000);
  book.look([part('nas', 'ok', { kind: 'tunnel' })], 2_000);
  const [origin, tunnel] = book.look([part('nas', 'down'), part('nas', 'ok', { kind: 'tunnel' })], 3_000);
  assert.equal(origin!.sinceMs, 3_000);
  assert.equal(tunnel!.sinceMs, 1_000);
});

test('the whole is down only where a vital part is, and what is not well is listed first', () => {
  const dated = (parts: readonly PartNow[]) => healthOf(new HealthBook().look(parts, 0));
  assert.equal(dated([part('a', 'ok'), part('b', 'unknown')]).state, 'ok');
  const degraded = dated([part('a', 'ok'), part('b', 'down')]);
  assert.deepEqual([degraded.state, degraded.isServing], ['degraded', true]);
  assert.deepEqual(
    degraded.parts.map(({ name }) => name),
    ['b', 'a'],
  );
  const down = dated([part('https', 'down', { kind: 'listener', isVital: true }), part('a', 'ok')]);
  assert.deepEqual([down.state, down.isServing], ['down', false]);
});

test('of many parts all are counted, and the worst are listed', () => {
  const parts = Array.from({ length: maxPartsOfKind + 20 }, (_, i) =>
    part(`o${i}`, i === 515 ? 'down' : 'ok'),
  );
  const health = healthOf(new HealthBook().look(parts, 0));
  assert.equal(health.parts.length, maxPartsOfKind);
  assert.equal(health.parts[0]!.name, 'o515');
  assert.deepEqual(health.counts, { down: 1, degraded: 0, unknown: 0, ok: maxPartsOfKind + 19 });
});
