import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#testkit/seeded-random.ts';
import { createRecoveryCodes, isRecoveryCodeText, useRecoveryCode } from './recovery-codes.ts';

test('ten different codes, each good once, however it is typed', () => {
  const { codes, hashes } = createRecoveryCodes(seededRandom(11));
  assert.equal(new Set(codes).size, 10);
  let left: string[] = hashes;
  for (const code of codes) {
    assert.match(code, /^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){3}$/);
    const typed = code.toUpperCase().replaceAll('-', ' ').replaceAll('0', 'O').replaceAll('1', 'l');
    assert.equal(isRecoveryCodeText(typed), true);
    const next = useRecoveryCode(left, typed);
    assert.equal(next?.length, left.length - 1);
    assert.equal(useRecoveryCode(next!, code), undefined, 'used up');
    left = next!;
  }
  assert.equal(isRecoveryCodeText('123 456'), false);
});
