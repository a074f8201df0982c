import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { matchesAnyWildcard, matchesWildcard } from './wildcard.ts';

test('a star stands for any run, all else for itself', () => {
  const table: ReadonlyArray<readonly [string, string, boolean]> = [
    ['/blog/*', '/blog/', true],
    ['/blog/*', '/blog/a/b', true],
    ['/blog/*', '/blog', false],
    ['*.css', '/a.css', true],
    ['*.css', '/a.css.html', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['utm_*', 'utm_source', true],
    ['a.c', 'abc', false],
  ];
  for (const [pattern, text, is] of table)
    assert.equal(matchesWildcard(pattern, text), is, `${pattern} ${text}`);
  assert.equal(matchesAnyWildcard(['x', 'y*'], 'yes'), true);
  assert.equal(matchesAnyWildcard([], ''), false);
});

test('it agrees with the regular expression it stands for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 12 });
  fc.assert(
    fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 }), (pattern, text) => {
      const regex = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
      assert.equal(matchesWildcard(pattern, text), regex.test(text));
    }),
  );
});
