// What may be written as a policy: nothing that would look like a lock and be none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessPolicySchema } from './access-policy.ts';

const isTaken = (policy: unknown): boolean => accessPolicySchema.safeParse(policy).success;

test('rules name whom the edge can tell apart', () => {
  for (const word of [
    'anyone',
    'signed-in',
    'user:ada',
    'group:family',
    'role:admin',
    'token:backup',
    'ip:10.0.0.0/8',
    'link',
    'password:door',
  ]) {
    assert.ok(isTaken([word]), word);
    assert.ok(isTaken([{ deny: word }, 'anyone']), word);
  }
});

test('a subject that nothing at the edge finds out is refused, as one that does not exist is', () => {
  const never = ['country:DE', 'mesh', 'mesh:tag:ci', 'certificate:home', 'somebody', 'user:'];
  for (const word of never) {
    assert.ok(!isTaken([word]), word);
    assert.ok(!isTaken([{ deny: word }, 'anyone']), word);
  }
  assert.ok(!isTaken([{ allow: 'anyone', countries: 'DE' }]));
});

test('a rule either allows or denies, and a policy has a rule', () => {
  assert.ok(!isTaken([]));
  assert.ok(!isTaken([{ paths: '/a' }]));
  assert.ok(!isTaken([{ allow: 'anyone', deny: 'anyone' }]));
  assert.ok(isTaken('public') && isTaken('private') && !isTaken('open'));
});
