import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { LineMemory } from './log-line.ts';

function written(write: (line: LineMemory) => void, bytes = 64): string {
  const line = new LineMemory(bytes);
  write(line);
  return line.view().toString();
}

describe('the memory of a log line', () => {
  test('takes any text as UTF-8, however little room there was', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 0, max: 40 }),
        (texts, bytes) => {
          const all = written((line) => texts.forEach((text) => line.put(text)), bytes);
          assert.equal(all, texts.join(''));
        },
      ),
    );
  });

  test('takes bytes as they are, also more than it has room for', () => {
    assert.equal(
      written((line) => {
        line.putBytes(Buffer.from('{"a":'));
        line.putBytes(Buffer.from('é'.repeat(100)));
      }, 4),
      `{"a":${'é'.repeat(100)}`,
    );
  });

  test('prints whole numbers', () => {
    for (const value of [0, 9, 10, 99, 100, 65_535, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1])
      assert.equal(
        written((line) => line.putNumber(value), 0),
        String(value),
      );
  });

  test('prints milliseconds with at most three decimals', () => {
    const millis = (value: number): string => written((line) => line.putMillis(value), 0);
    assert.equal(millis(0), '0');
    assert.equal(millis(12), '12');
    assert.equal(millis(0.0004), '0');
    assert.equal(millis(1.005), '1.005');
    assert.equal(millis(1.0499), '1.050');
    assert.equal(millis(9.9996), '10');
    assert.equal(millis(3_000_000_000.125), '3000000000.125');
  });

  test('puts zeros before a number', () => {
    assert.equal(
      written((line) => line.putPadded(7, 3), 0),
      '007',
    );
  });

  test('begins anew in memory of the usual size', () => {
    const line = new LineMemory(8);
    line.put('a line that is longer than usual');
    line.clear();
    assert.equal(line.used, 0);
    line.put('ab');
    assert.equal(line.view(0).toString(), 'ab');
    assert.equal(line.view(1).toString(), 'b');
    assert.equal(line.view().buffer.byteLength, 8);
  });
});
