import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSize, parseSize } from './size.ts';

test('sizes are read with their units', () => {
  assert.deepEqual(
    ['0', '100', '100B', '16KiB', '16 KiB', '1MiB', '2GiB', '1TiB', '1KB', '-1', '', '1.5MiB', 'x'].map(
      parseSize,
    ),
    [
      0,
      100,
      100,
      16_384,
      16_384,
      1_048_576,
      2 ** 31,
      2 ** 40,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ],
  );
});

test('what is written is read back', () => {
  fc.assert(fc.property(fc.nat(), (bytes) => assert.equal(parseSize(formatSize(bytes)), bytes)));
});
