import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineParts } from './line-parts.ts';

test('a part is made once while its place is not taken by another, and is never that of another', () => {
  const made: string[] = [];
  const parts = new LineParts((host: string, status: number) => {
    made.push(`${host} ${status}`);
    return `"${host}",${status}`;
  });
  const of = (host: string, status: number): string => parts.of(host, status, status).toString();
  assert.equal(of('a', 200), '"a",200');
  assert.equal(of('a', 304), '"a",304');
  assert.equal(of('a', 200), '"a",200');
  assert.deepEqual(made, ['a 200', 'a 304']);
  // The same place, another first or second value.
  assert.equal(of('b', 200), '"b",200');
  assert.equal(of('a', 232), '"a",232');
  assert.equal(of('a', 200), '"a",200');
  assert.equal(made.length, 5);
});
