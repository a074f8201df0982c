import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#testkit/seeded-random.ts';
import { apiKeyPrefix, createApiKeyText, isApiKeyText } from './api-key-text.ts';

test('a key tells itself from every one with one character changed, left out, doubled or swapped', () => {
  const key = createApiKeyText(seededRandom(5));
  assert.equal(isApiKeyText(key), true);
  assert.equal(apiKeyPrefix(key), key.slice(0, 11));
  for (let at = 0; at < key.length; at++) {
    const [before, letter, after] = [key.slice(0, at), key[at]!, key.slice(at + 1)];
    const other = letter === 'x' ? 'y' : 'x';
    for (const typo of [before + other + after, before + after, before + letter + letter + after])
      assert.equal(isApiKeyText(typo), false, typo);
    const swapped = before + (after[0] ?? '') + letter + after.slice(1);
    if (swapped !== key) assert.equal(isApiKeyText(swapped), false, swapped);
  }
});

test('all keys have one length, the least and the greatest too', () => {
  const filled = (byte: number) => ({
    bytes: (count: number) => Buffer.alloc(count, byte),
    fraction: () => 0,
  });
  for (const byte of [0, 255]) {
    const key = createApiKeyText(filled(byte));
    assert.equal(key.length, 52);
    assert.equal(isApiKeyText(key), true);
  }
});
