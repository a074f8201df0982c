import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RequestIds } from './request-id-counter.ts';

function idsFrom(...prefixes: readonly string[]): RequestIds {
  const left = [...prefixes];
  return new RequestIds({ bytes: () => Buffer.from(left.shift()!, 'hex') });
}

describe('request ids', () => {
  test('are a prefix of this run and a counter in base 36', () => {
    const ids = idsFrom('0123456789');
    for (let i = 0; i < 36 ** 2 + 40; i++)
      assert.equal(ids.next(), `0123456789${i.toString(36).padStart(6, '0')}`);
  });
});
