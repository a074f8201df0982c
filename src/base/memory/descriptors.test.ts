import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { descriptorsNow, isWithoutDescriptor } from './descriptors.ts';

test(
  'a file that is opened is one more, of no more than there may be',
  { skip: process.platform !== 'linux' && 'only Linux says' },
  () => {
    const before = descriptorsNow()!;
    const files = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'));
    const after = descriptorsNow()!;
    for (const file of files) closeSync(file);
    // Tests beside this one may open and close some of their own.
    assert.ok(after.open >= before.open + 40, `${before.open} before, ${after.open} after`);
    assert.ok(after.limit > after.open);
  },
);

test('errors for want of a descriptor are known by their code', () => {
  assert.ok(isWithoutDescriptor(Object.assign(new Error(), { code: 'EMFILE' })));
  assert.ok(isWithoutDescriptor(Object.assign(new Error(), { code: 'ENFILE' })));
  assert.ok(!isWithoutDescriptor(Object.assign(new Error(), { code: 'ENOENT' })));
  assert.ok(!isWithoutDescriptor(null));
});
