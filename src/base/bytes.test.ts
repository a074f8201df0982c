import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, it } from 'node:test';
import { putBytes, putDecimal, putLatin1 } from './bytes.ts';

describe('text put into memory', () => {
  it('is latin1 of any length, and followed by nothing', () => {
    for (const length of [0, 1, 39, 40, 41, 300]) {
      const text = 'é\x00ÿa'.repeat(length).slice(0, length);
      const out = Buffer.alloc(length + 4, 0x2e);
      const end = putLatin1(out, text, 2);
      assert.equal(end, 2 + length);
      assert.equal(out.toString('latin1'), `..${text}..`);
    }
  });

  it('is a whole number in decimal digits', () => {
    const numbers = [0, 1, 9, 10, 99, 100, 900, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
    for (const value of numbers) {
      const out = Buffer.alloc(30, 0x2e);
      const end = putDecimal(out, value, 3);
      assert.equal(out.toString('latin1', 0, end + 1), `...${value}.`);
    }
  });

  it('is bytes as they are', () => {
    const out = Buffer.alloc(6);
    assert.equal(putBytes(out, Buffer.from('abc'), 1), 4);
    assert.equal(out.toString('latin1'), '\x00abc\x00\x00');
  });
});
