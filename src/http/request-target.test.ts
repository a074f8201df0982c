// The path table: one canonical form for what all readers agree on, a refusal for what they do not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Http1Error } from '#wire/http1-error.ts';
import { canonicalPath, decodedPath, parseOriginForm } from './request-target.ts';

/** [as received, canonical form or undefined for refused]. */
const paths: ReadonlyArray<readonly [string, string | undefined]> = [
  ['/', '/'],
  ['/a/b', '/a/b'],
  ['/a/b/', '/a/b/'],
  ['/a.b/.c/..d/...', '/a.b/.c/..d/...'],
  ["/a;x=1/b,c/@:!$&'()*+=", "/a;x=1/b,c/@:!$&'()*+="],
  // Dot segments.
  ['/.', '/'],
  ['/..', '/'],
  ['/./a', '/a'],
  ['/a/.', '/a/'],
  ['/a/./b', '/a/b'],
  ['/a/..', '/'],
  ['/a/../b', '/b'],
  ['/a/b/../../c', '/c'],
  ['/../../a', '/a'],
  ['/a/../../b', '/b'],
  // The same, escaped.
  ['/%2e', '/'],
  ['/%2E%2e/a', '/a'],
  ['/a/%2e%2e/b', '/b'],
  ['/a/.%2e/b', '/b'],
  ['/api%2e/admin', '/api./admin'],
  // Dots that are none.
  ['/a/..;/b', undefined],
  ['/a/.;x/b', undefined],
  ['/a/..%3bx/b', undefined],
  ['/a/%2e%2e;/b', undefined],
  // Empty segments.
  ['//', '/'],
  ['//a', '/a'],
  ['///a//b', '/a//b'],
  ['/a//b', '/a//b'],
  ['/.//a', '/a'],
  ['/%2e//', '/'],
  ['/a//../b', undefined],
  ['/a/..//b', undefined],
  // Escapes of characters that need none, and of those that do.
  ['/%61%7E%2D%5f', '/a~-_'],
  ['/%c3%a9', '/%C3%A9'],
  ['/a%20b', '/a%20b'],
  ['/a%3fb%23c', '/a%3Fb%23c'],
  ['/%41dmin', '/Admin'],
  // Doubly escaped stays as it is: decoded once and no more.
  ['/%252e%252e/a', '/%252e%252e/a'],
  ['/%252f', '/%252f'],
  ['/%25', '/%25'],
  // Escaped slashes stay; beside dots nobody knows what they mean.
  ['/a%2fb', '/a%2Fb'],
  ['/a%2f..%2fb', undefined],
  ['/..%2fa', undefined],
  ['/a%2f..', undefined],
  ['/.%2fa', undefined],
  // Never harmless.
  ['/a\\b', undefined],
  ['/a%5cb', undefined],
  ['/a%5Cb', undefined],
  ['/a%00', undefined],
  ['/a%0d%0ab', undefined],
  ['/a%', undefined],
  ['/a%2', undefined],
  ['/a%zz', undefined],
  ['/a#b', undefined],
  ['/a b', undefined],
  ['/a\tb', undefined],
  ['/\u00e9', undefined],
  ['/a\0', undefined],
  ['/a\x7f', undefined],
  ['', undefined],
  ['a/b', undefined],
  ['*', undefined],
  ['http:/a', undefined],
  // Overlong UTF-8 for '/', '.', and others.
  ['/%c0%af', undefined],
  ['/%c0%ae%c0%ae/a', undefined],
  ['/%C1%9C', undefined],
  ['/%e0%80%af', undefined],
  ['/%f0%80%80%af', undefined],
  // Depth.
  [`/${'a/'.repeat(200)}`, `/${'a/'.repeat(200)}`],
  [`/${'a/'.repeat(10_000)}`, undefined],
  [`/${'../'.repeat(10_000)}`, undefined],
  [`/${'/'.repeat(10_000)}a`, '/a'],
];

function outcome(path: string): string | undefined {
  try {
    return canonicalPath(path);
  } catch (error) {
    assert.ok(error instanceof Http1Error, String(error));
    return undefined;
  }
}

describe('the canonical path of', () => {
  for (const [received, wanted] of paths) {
    test(`${JSON.stringify(received.slice(0, 40))} is ${wanted === undefined ? 'refused' : JSON.stringify(wanted.slice(0, 40))}`, () => {
      assert.equal(outcome(received), wanted);
      if (wanted !== undefined) assert.equal(canonicalPath(wanted), wanted, 'and stays what it is');
    });
  }

  test('anything is its own canonical path, or refused with Http1Error', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2E',
      '%2f',
      '%5c',
      '%25',
      '%',
      'a',
      'B',
      ';',
      '//',
      '%41',
      '%c3%a9',
      '%3b',
      '\\',
      '~',
      '%7e',
      '%252e',
      '%252f',
      '+',
      '&',
      '%00',
      '?',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const once = outcome(`/${pieces.join('')}`);
        if (once === undefined) return;
        assert.equal(outcome(once), once);
        assert.match(once, /^\/[!-~]*$/);
        assert.doesNotMatch(once, /\\|\/\.{1,2}(\/|$)|^\/\//);
      }),
      { numRuns: 5000 },
    );
  });

  test('ends for hostile paths as long as a head', () => {
    for (const unit of ['/', '/.', '/..', '%2e', '%2f', ';', '/a', '%25'])
      outcome(`/${unit.repeat(8000 / unit.length)}`);
  });
});

test('a query is kept as it came', () => {
  assert.deepEqual(parseOriginForm('/a/../b?x=/../%2e&y=?'), { path: '/b', query: '?x=/../%2e&y=?' });
  assert.deepEqual(parseOriginForm('/?'), { path: '/', query: '?' });
});

test('patterns see the path decoded once', () => {
  assert.equal(decodedPath(canonicalPath('/a%20b%c3%a9%252e')), '/a bé%2e');
});
