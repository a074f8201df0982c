import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filePartOf, residentNow } from './resident.ts';

test('files are told from what is the process’s own', () => {
  assert.equal(filePartOf('300000 40000 10000 11355 0 90000 0\n'), 0.25);
  assert.equal(filePartOf('0 0 0 0 0 0 0\n'), 0);
});

test('both parts are what the process has in memory', () => {
  const { ownBytes, fileBytes } = residentNow();
  const held = Buffer.alloc(64 * 1024 * 1024, 1);
  const more = residentNow();
  assert.ok(more.ownBytes > ownBytes + held.length / 2, 'a filled buffer is the process’s own');
  assert.ok(process.platform !== 'linux' || fileBytes > 1024 * 1024);
});
