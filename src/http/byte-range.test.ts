import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseContentRange, parseRange, resolveRange } from './byte-range.ts';

test('single ranges are read, all else is ignored', () => {
  const table: ReadonlyArray<readonly [string, unknown]> = [
    ['bytes=0-1', { first: 0, last: 1 }],
    ['Bytes=0-1', { first: 0, last: 1 }],
    ['bytes= 5 - 9 ', { first: 5, last: 9 }],
    ['bytes=5-', { first: 5, last: Infinity }],
    ['bytes=-5', { suffix: 5 }],
    ['bytes=-', undefined],
    ['bytes=5-4', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=a-b', undefined],
    ['lines=0-1', undefined],
    ['bytes=0-9999999999999999', undefined],
    ['', undefined],
  ];
  for (const [text, range] of table) assert.deepEqual(parseRange(text), range, text);
});

test('a range of a length is inside it, or nothing', () => {
  assert.deepEqual(resolveRange({ first: 0, last: 1 }, 10), { first: 0, last: 1 });
  assert.deepEqual(resolveRange({ first: 8, last: Infinity }, 10), { first: 8, last: 9 });
  assert.deepEqual(resolveRange({ suffix: 3 }, 10), { first: 7, last: 9 });
  assert.deepEqual(resolveRange({ suffix: 30 }, 10), { first: 0, last: 9 });
  assert.equal(resolveRange({ first: 10, last: 12 }, 10), undefined);
  assert.equal(resolveRange({ suffix: 0 }, 10), undefined);
  assert.equal(resolveRange({ suffix: 1 }, 0), undefined);
  fc.assert(
    fc.property(fc.nat(100), fc.nat(100), fc.nat(100), (a, b, length) => {
      for (const range of [
        parseRange(`bytes=${a}-${b}`),
        parseRange(`bytes=${a}-`),
        parseRange(`bytes=-${a}`),
      ]) {
        const bytes = range && resolveRange(range, length);
        if (bytes) assert.ok(bytes.first >= 0 && bytes.first <= bytes.last && bytes.last < length);
      }
    }),
  );
});

test('a Content-Range says which bytes of how many', () => {
  assert.deepEqual(parseContentRange('bytes 4-9/10'), { first: 4, last: 9, total: 10 });
  assert.deepEqual(parseContentRange('bytes 4-9/*'), { first: 4, last: 9, total: -1 });
  for (const text of ['bytes 9-4/10', 'bytes 4-10/10', 'bytes */10', 'ananana', '', 'bytes 4-9', '4-9/10'])
    assert.equal(parseContentRange(text), undefined, text);
});
