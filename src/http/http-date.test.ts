import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatHttpDate, parseHttpDate } from './http-date.ts';

const now = Date.UTC(2026, 10, 27);

/** [text, milliseconds or undefined] */
const table: ReadonlyArray<readonly [string, number | undefined]> = [
  // RFC 9110 section 5.6.7: the same moment three times.
  ['Sun, 06 Nov 1994 08:49:37 GMT', 784111777000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 784111777000],
  ['Sun Nov  6 08:49:37 1994', 784111777000],
  ['sUN, 06 nOV 1994 08:49:37 gmt', 784111777000],
  ['Saturday, 01-Jan-72 00:00:00 GMT', Date.UTC(2072, 0, 1)],
  ['Saturday, 01-Jan-77 00:00:00 GMT', Date.UTC(1977, 0, 1)],
  ['Sun, 21 Nov 2286 04:46:39 GMT', Date.UTC(2286, 10, 21, 4, 46, 39)],
  ['Fri, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29)],
  ['0', undefined],
  ['', undefined],
  ['-1', undefined],
  ['Thu, 18 Aug 2050 02:01:18 UTC', undefined],
  ['Thu, 18 Aug 2050 02:01:18', undefined],
  ['Thu, 18 Aug 50 02:01:18 GMT', undefined],
  ['Thu 18 Aug 2050 02:01:18 GMT', undefined],
  ['Thu, 18  Aug  2050 02:01:18 GMT', undefined],
  ['Thu, 18-Aug-2050 02:01:18 GMT', undefined],
  ['Thu, 18 Aug 2050 02.01.18 GMT', undefined],
  ['Thu, 18 Aug 2050 2:01:18 GMT', undefined],
  ['Thu, 18 Aug 2050 24:01:18 GMT', undefined],
  ['Thu, 18 Aug 2050 02:61:18 GMT', undefined],
  ['Thu, 18 Foo 2050 02:01:18 GMT', undefined],
  ['Thu, 00 Aug 2050 02:01:18 GMT', undefined],
  ['Wed, 31 Feb 2024 00:00:00 GMT', undefined],
  ['Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:19 GMT', undefined],
];

for (const [text, ms] of table) {
  test(`"${text}" is ${ms === undefined ? 'no date' : new Date(ms).toISOString()}`, () => {
    assert.equal(parseHttpDate(text, now), ms);
  });
}

test('what is written is read back, to the second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 253402300799 }), fc.integer({ min: 0, max: 999 }), (s, ms) => {
      assert.equal(parseHttpDate(formatHttpDate(s * 1000 + ms), now), s * 1000);
    }),
  );
});

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const ms = parseHttpDate(text, now);
      assert.ok(ms === undefined || Number.isFinite(ms));
    }),
  );
});
