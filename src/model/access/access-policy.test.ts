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
    'country:DE',
    'certificate:*',
    'certificate:home',
    'certificate:home/cn=Ada Lovelace',
    'certificate:home/dns=nas.lan',
    `certificate:home/sha256=${'ab'.repeat(32)}`,
    'mesh',
    'mesh:laptop',
    'mesh:tag:ci',
    'mesh:user:ada@example.com',
    'address-of:signed-in',
    'address-of:group:Lab Admins',
    'address-of:user:ada',
    'address-of:role:admin',
  ]) {
    assert.ok(isTaken([word]), word);
    assert.ok(isTaken([{ deny: word }, 'anyone']), word);
  }
});

test('what names nobody is refused', () => {
  const never = [
    ...['somebody', 'user:', 'country:', 'country:Germany', 'country:D', 'certificate:', 'mesh:', 'mesh:a b'],
    ...['certificate:home/', 'certificate:home/o=acme', 'certificate:home/cn=', 'certificate:home/sha256=ab'],
    ...[
      'certificate:*/cn=x',
      'certificate:home/cn=a,b',
      'address-of:',
      'address-of:anyone',
      'address-of:token:ci',
    ],
    ...['address-of:address-of:signed-in', 'address-of:ip:10.0.0.0/8'],
  ];
  for (const word of never) {
    assert.ok(!isTaken([word]), word);
    assert.ok(!isTaken([{ deny: word }, 'anyone']), word);
  }
  assert.ok(isTaken([{ allow: 'anyone', countries: ['DE', 'at'] }]));
  assert.ok(!isTaken([{ allow: 'anyone', countries: 'Germany' }]));
});

test('a rule either allows or denies, and a policy has a rule', () => {
  assert.ok(!isTaken([]));
  assert.ok(!isTaken([{ paths: '/a' }]));
  assert.ok(!isTaken([{ allow: 'anyone', deny: 'anyone' }]));
  assert.ok(isTaken('public') && isTaken('private') && !isTaken('open'));
});
