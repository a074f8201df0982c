import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientKey } from './client-key.ts';
import { BucketTable, TokenBucket } from './token-bucket.ts';

const rate = { capacity: 3, perMs: 1 / 100 };

test('a burst passes, then one at a time at the steady rate', () => {
  const bucket = new TokenBucket(rate, 0);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => bucket.takeOne(rate, 0)),
    [true, true, true, false],
  );
  assert.equal(bucket.waitMs(1, rate, 0), 100);
  assert.equal(bucket.takeOne(rate, 99), false);
  assert.equal(bucket.takeOne(rate, 100), true);
  assert.equal(bucket.remaining(rate, 10_000), 3, 'never more than fits in');
});

test('what is paid for afterwards is owed', () => {
  const bucket = new TokenBucket(rate, 0);
  assert.equal(bucket.take(5, rate, 0), false);
  assert.equal(bucket.waitMs(0, rate, 0), 200);
  assert.equal(bucket.take(0, rate, 200), true);
});

test('a table is bounded, and who was seen last stays', () => {
  const table = new BucketTable(rate, 2);
  for (const key of ['a', 'b']) table.bucketOf(key, 0).takeOne(rate, 0);
  table.bucketOf('a', 0);
  table.bucketOf('c', 0);
  assert.equal(table.size, 2);
  assert.equal(table.bucketOf('a', 0).remaining(rate, 0), 2);
  assert.equal(table.bucketOf('b', 0).remaining(rate, 0), 3, 'forgotten');
});

test('a client is an IPv4 address or an IPv6 /64', () => {
  assert.equal(clientKey('192.0.2.7'), '192.0.2.7');
  assert.equal(clientKey('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(clientKey('2001:db8:1:2::1'), clientKey('2001:db8:1:2:ffff::'));
});
