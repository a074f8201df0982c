import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatHttpDate } from '../http-date.ts';
import { ListFields } from '../list-fields.ts';
import { ifRangeHolds, isNotModified, isStrong, listNames, weakened, weaklyMatches } from './validators.ts';
import type { Validators } from './validators.ts';

const wall = Date.UTC(2026, 10, 27, 12);
const date = (seconds: number): string => formatHttpDate(wall + seconds * 1000);

function stored(etag: string, changedSeconds?: number, datedSeconds = 0): Validators {
  const changed = changedSeconds === undefined ? undefined : wall + changedSeconds * 1000;
  return {
    etag,
    lastModified: changed === undefined ? '' : formatHttpDate(changed),
    lastModifiedMs: changed,
    dateMs: wall + datedSeconds * 1000,
  };
}

/** [If-None-Match, stored tag, whether it is the same] */
const tags: ReadonlyArray<readonly [string, string, boolean]> = [
  ['"a"', '"a"', true],
  ['W/"a"', '"a"', true],
  ['"a"', 'W/"a"', true],
  ['W/"a"', 'W/"a"', true],
  ['"b"', '"a"', false],
  ['"1", "2", "a"', '"a"', true],
  ['"1,"a', '"a"', false],
  ['"a, b"', '"a, b"', true],
  ['"a, b"', '"b"', false],
  ['*', '"a"', true],
  ['a', 'a', true],
  ['"a"', '"A"', false],
  ['"abcdef\u00fc"', '"abcdef\u00fc"', true],
];

for (const [list, etag, is] of tags) {
  test(`If-None-Match: ${list} ${is ? 'names' : 'does not name'} ${etag}`, () => {
    assert.equal(listNames(list, etag), is);
    assert.equal(isNotModified(new ListFields(['If-None-Match', list]), stored(etag), wall), is);
  });
}

test('If-None-Match needs a tag to compare, and wins over If-Modified-Since', () => {
  const since = (seconds: number): string[] => ['If-Modified-Since', date(seconds)];
  assert.equal(isNotModified(new ListFields(['If-None-Match', '*']), stored(''), wall), false);
  assert.equal(
    isNotModified(new ListFields(['If-None-Match', '"x"', ...since(0)]), stored('"a"', -9), wall),
    false,
  );
  assert.equal(
    isNotModified(new ListFields(['If-None-Match', '"a"', ...since(-99)]), stored('"a"', -9), wall),
    true,
  );
});

test('If-Modified-Since compares with Last-Modified, or the date it was sent', () => {
  const is = (since: string, one: Validators): boolean =>
    isNotModified(new ListFields(['If-Modified-Since', since]), one, wall);
  assert.equal(is(date(-9), stored('', -9)), true);
  assert.equal(is(date(-8), stored('', -9)), true);
  assert.equal(is(date(-10), stored('', -9)), false);
  assert.equal(is(date(0), stored('')), true);
  assert.equal(is(date(-1), stored('')), false);
  assert.equal(is('yesterday', stored('', -9)), false);
  assert.equal(isNotModified(new ListFields([]), stored('"a"', -9), wall), false);
});

test('If-Range wants the very bytes: a strong tag, or a date that is old enough to be one', () => {
  const holds = (value: string | undefined, one: Validators): boolean =>
    ifRangeHolds(new ListFields(value === undefined ? [] : ['If-Range', value]), one, wall);
  assert.equal(holds(undefined, stored('')), true);
  assert.equal(holds('"a"', stored('"a"')), true);
  assert.equal(holds('"b"', stored('"a"')), false);
  assert.equal(holds('W/"a"', stored('W/"a"')), false);
  assert.equal(holds('W/"a"', stored('"a"')), false);
  assert.equal(holds(date(-9), stored('', -9)), true);
  assert.equal(holds(date(-8), stored('', -9)), false);
  assert.equal(holds(date(0), stored('', 0)), false);
  assert.equal(holds('x', stored('"a"', -9)), false);
});

test('tags are strong or weak', () => {
  assert.equal(isStrong('"a"'), true);
  assert.equal(isStrong('W/"a"'), false);
  assert.equal(isStrong('a'), false);
  assert.equal(isStrong(''), false);
  assert.equal(weakened('"a"'), 'W/"a"');
  assert.equal(weakened('W/"a"'), 'W/"a"');
  assert.equal(weaklyMatches('"a"', 'W/"a"'), true);
});
