import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderFailure, OrderRecord } from '#model/certificates/certificate-record.ts';
import { orderRecord } from '#testkit/certificate-vault-suite.ts';
import { authorityFreeAt, ordersPerWindow, pastTries, wasRefusedBy } from './order-history.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const startMs = Date.UTC(2026, 0, 1);
const authority = 'https://ca.example/directory';
const name = 'a.example.com';

let count = 0;
function ended(
  minutes: number,
  failure?: Partial<OrderFailure>,
  change: Partial<OrderRecord> = {},
): OrderRecord {
  return orderRecord({
    id: `order-${count++}`,
    endedAtMs: startMs + minutes * minuteMs,
    ...(failure && {
      failure: { code: 'validation-failed', message: '', problem: '', failedNames: {}, ...failure },
    }),
    ...change,
  });
}

test('a name that fails is tried four times in the first hour, and then ever more seldom', () => {
  const orders: OrderRecord[] = [];
  let minutes = 0;
  const tries: number[] = [];
  while (minutes < 3 * 24 * 60) {
    tries.push(minutes);
    orders.push(ended(minutes, {}));
    minutes = (pastTries(name, orders).notBeforeMs - startMs) / minuteMs;
  }
  for (const from of tries) {
    const inHour = tries.filter((at) => at >= from && at < from + 60).length;
    assert.ok(inHour <= 4, `${inHour} tries in the hour after minute ${from}`);
  }
  assert.ok(tries.length >= 10, `${tries.length} tries in three days`);
});

test('a success forgets the failures before it', () => {
  const orders = [ended(0, {}), ended(1, {}), ended(2)];
  assert.deepEqual(
    { ...pastTries(name, orders), last: undefined },
    { failures: 0, failedValidations: 0, notBeforeMs: 0, last: undefined },
  );
});

test("what was another name's fault, the authority's or the disk's does not count against a name", () => {
  for (const failure of [
    { failedNames: { 'b.example.com': 'no address' } },
    { code: 'authority-unreachable' },
    { code: 'authority-busy' },
    { code: 'file-unwritable' },
  ]) {
    const { failures, notBeforeMs } = pastTries(name, [ended(0, failure)]);
    assert.equal(failures, 0, JSON.stringify(failure));
    assert.ok(notBeforeMs <= startMs + minuteMs);
  }
});

test('an authority that is away is left alone for seconds, then for minutes, never for longer than a quarter of an hour', () => {
  const orders: OrderRecord[] = [];
  let atMs = startMs;
  const waits: number[] = [];
  for (let i = 0; i < 12; i++) {
    orders.push(
      orderRecord({ ...ended(0, { code: 'authority-unreachable' }), endedAtMs: atMs, startedAtMs: atMs }),
    );
    const freeMs = authorityFreeAt(authority, [name], orders);
    waits.push((freeMs - atMs) / 1000);
    atMs = freeMs;
  }
  assert.ok(waits[0]! <= 5 && waits[1]! <= 15, waits.join());
  assert.ok(Math.max(...waits) <= 900 && waits.at(-1)! >= 720, waits.join());
  assert.equal(authorityFreeAt('https://other.example/dir', [name], orders), 0);
  assert.ok(authorityFreeAt(authority, [name], [...orders, ended(10_000)]) < atMs, 'an answer ends it');
});

test('a limit holds for the names that met it, for as long as the authority said', () => {
  const retryAtMs = startMs + 5 * hourMs;
  const orders = [ended(0, { code: 'authority-busy', retryAtMs })];
  assert.equal(authorityFreeAt(authority, [name], orders), retryAtMs);
  assert.equal(authorityFreeAt(authority, ['b.example.com'], orders), 0);
  // Two different orders in a row have met it: it is the account's.
  orders.push(ended(1, { code: 'authority-busy', retryAtMs }, { names: ['c.example.com'] }));
  assert.equal(authorityFreeAt(authority, ['b.example.com'], orders), retryAtMs);
});

test('one account makes no more orders in three hours than authorities allow', () => {
  const orders = Array.from({ length: ordersPerWindow }, (_, i) =>
    ended(i / 10, undefined, { names: [`n${i}.example.com`] }),
  );
  const freeMs = authorityFreeAt(authority, [name], orders);
  assert.equal(freeMs, orders[0]!.startedAtMs + 3 * hourMs);
  assert.equal(authorityFreeAt(authority, [name], orders.slice(1)), 0);
});

test('an authority that refused a name is known until the name has a certificate', () => {
  const refused = ended(0, { code: 'authority-refused' });
  assert.equal(wasRefusedBy(authority, name, [refused]), true);
  assert.equal(wasRefusedBy('https://other.example/dir', name, [refused]), false);
  assert.equal(
    wasRefusedBy(authority, name, [refused, ended(5, undefined, { authority: 'https://other.example/dir' })]),
    false,
  );
});
