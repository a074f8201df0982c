import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparedSteps, normalSteps, shortSteps, withChanges, withoutSteps } from '../routes/route-steps.ts';
import { canonicalNameOf, siblingOf } from './canonical-host.ts';
import { pathPrefixStepSchema } from './path-prefix.ts';

test('a step that says nothing is none, and a change of null takes one away', () => {
  const prefix = { strip: '/blog' };
  assert.deepEqual(normalSteps({ canonicalHost: undefined, prefix }), { prefix });
  assert.deepEqual(withChanges({ prefix, cache: 'off' }, { prefix: null, canonicalHost: 'www' }), {
    cache: 'off',
    canonicalHost: 'www',
  });
  assert.deepEqual(withChanges({ prefix }, {}), { prefix });
  assert.deepEqual(shortSteps({ prefix }), { prefix });
  assert.deepEqual(withoutSteps({ note: 'x', prefix }), { note: 'x' });
  assert.equal(comparedSteps({ prefix }).cache, null);
});

test('prefixes are plain paths, and one of the two is there', () => {
  for (const wrong of [
    {},
    { strip: '/' },
    { strip: '/a/' },
    { add: '/a/../b' },
    { strip: '/a%2fb' },
    { strip: 'a' },
  ])
    assert.equal(pathPrefixStepSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
  assert.equal(pathPrefixStepSchema.safeParse({ strip: '/a-b/c.d', add: '/x' }).success, true);
});

test('of two names one is canonical', () => {
  assert.equal(canonicalNameOf('example.com', 'www'), 'www.example.com');
  assert.equal(canonicalNameOf('www.example.com', 'www'), undefined);
  assert.equal(canonicalNameOf('www.example.com', 'apex'), 'example.com');
  assert.equal(siblingOf('*.example.com'), undefined);
});
