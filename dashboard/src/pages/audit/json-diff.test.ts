// What changed between before and after.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, lineDiff } from './json-diff.ts';

test('only values that differ are told, by their path', () => {
  assert.deepEqual(
    differences(
      { name: 'home', hostnames: ['a', 'b'], note: '', version: 1, nested: { x: 1, y: true } },
      { name: 'home', hostnames: ['a', 'c', 'd'], note: 'hello', version: 2, nested: { x: 2, y: true } },
    ),
    [
      { path: 'hostnames.1', before: 'b', after: 'c' },
      { path: 'hostnames.2', before: undefined, after: 'd' },
      { path: 'note', before: '', after: 'hello' },
      { path: 'nested.x', before: '1', after: '2' },
    ],
  );
});

test('what was created or deleted is told value by value', () => {
  assert.deepEqual(differences(null, { name: 'home', list: [] }), [
    { path: 'name', before: undefined, after: 'home' },
    { path: 'list', before: undefined, after: '[]' },
  ]);
  assert.deepEqual(differences({ name: 'home' }, null), [{ path: 'name', before: 'home', after: undefined }]);
  assert.deepEqual(differences(null, null), []);
});

test('texts are compared by lines', () => {
  assert.deepEqual(
    lineDiff('a\nb\nc', 'a\nx\nc\nd').map(({ kind, text }) => `${kind} ${text}`),
    ['same a', 'gone b', 'new x', 'same c', 'new d'],
  );
});
