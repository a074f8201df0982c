import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessOfText, accessText } from './access-text.ts';

test('a policy of words is a line and back; one with conditions is none', () => {
  for (const access of ['public', 'private', ['group:family', 'ip:192.168.0.0/16'], ['signed-in']] as const) {
    const policy = typeof access === 'string' ? access : [...access];
    assert.deepEqual(accessOfText(accessText(policy)!), policy);
  }
  assert.equal(accessText([{ allow: 'anyone', paths: '/share' }, 'signed-in']), undefined);
  assert.deepEqual(accessOfText(' private '), 'private');
  assert.deepEqual(accessOfText('private, public'), ['private', 'public']);
});
