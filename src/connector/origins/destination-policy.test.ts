import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destinationPolicy } from './destination-policy.ts';

const everywhere = { prefix: '0.0.0.0/0', ports: [], allow: true };
const everywhereV6 = { prefix: '::/0', ports: [], allow: true };

test('nothing is allowed without an entry that says so', () => {
  assert.equal(destinationPolicy([]).allows('192.0.2.1', 22), false);
  assert.equal(destinationPolicy([everywhere]).allows('192.0.2.1', 22), true);
  assert.equal(destinationPolicy([everywhere]).allows('2001:db8::1', 22), false);
});

test('the first entry that covers address and port decides', () => {
  const policy = destinationPolicy([
    { prefix: '10.0.0.5', ports: [22], allow: false },
    { prefix: '10.0.0.0/8', ports: [22, 443], allow: true },
  ]);
  assert.equal(policy.allows('10.0.0.5', 22), false);
  assert.equal(policy.allows('10.0.0.5', 443), true);
  assert.equal(policy.allows('10.0.0.6', 22), true);
  assert.equal(policy.allows('10.0.0.6', 80), false);
});

test('metadata services are never reached, in any spelling', () => {
  const policy = destinationPolicy([everywhere, everywhereV6]);
  for (const address of [
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    'fe80::1',
    '100.100.100.200',
    '0.0.0.0',
    '::',
  ]) {
    assert.equal(policy.allows(address, 80), false, address);
  }
  assert.equal(policy.allows('no address', 80), false);
});
