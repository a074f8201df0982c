import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Router, isUnder } from './router.ts';

const route = (hostname: string, path: string, tunnelId = `${hostname}${path}`) => ({
  hostname,
  path,
  tunnelId,
});

describe('a router', () => {
  const router = new Router([
    route('a.test', '/'),
    route('a.test', '/app'),
    route('a.test', '/app/deep/'),
    route('b.test', '/only'),
    route('*.wild.test', '/'),
    route('*.deep.wild.test', '/'),
    route('exact.wild.test', '/x'),
  ]);

  for (const [host, path, wanted] of [
    ['a.test', '/', 'a.test/'],
    ['a.test', '/app', 'a.test/app'],
    ['a.test', '/app/', 'a.test/app'],
    ['a.test', '/app/x', 'a.test/app'],
    ['a.test', '/apple', 'a.test/'],
    ['a.test', '/App', 'a.test/'],
    ['a.test', '/app/deep', 'a.test/app'],
    ['a.test', '/app/deep/er', 'a.test/app/deep/'],
    ['a.test', '/x%2Fy', 'a.test/'],
    ['a.test', '/app%2Fx', 'ambiguous'],
    ['a.test', '/app/deep%2Fx', 'ambiguous'],
    ['b.test', '/only/x', 'b.test/only'],
    ['b.test', '/other', 'no-such-path'],
    ['b.test', '/only%2Fx', 'no-such-path'],
    ['c.test', '/', 'no-such-host'],
    ['x.wild.test', '/', '*.wild.test/'],
    ['y.x.wild.test', '/', '*.wild.test/'],
    ['x.deep.wild.test', '/', '*.deep.wild.test/'],
    ['deep.wild.test', '/', '*.wild.test/'],
    ['wild.test', '/', 'no-such-host'],
    ['notwild.test', '/', 'no-such-host'],
    ['exact.wild.test', '/x', 'exact.wild.test/x'],
    ['exact.wild.test', '/', 'no-such-path'],
  ] as const) {
    test(`sends ${host}${path} to ${wanted}`, () => {
      const match = router.match(host, path);
      assert.equal(match.kind === 'found' ? match.route.tunnelId : match.kind, wanted);
      assert.equal(router.hasHost(host), match.kind !== 'no-such-host');
    });
  }

  test('does not mind the order of its routes', () => {
    const turned = new Router([route('a.test', '/app'), route('a.test', '/'), route('a.test', '/app/x')]);
    const match = turned.match('a.test', '/app/x/y');
    assert.equal(match.kind === 'found' && match.route.path, '/app/x');
  });
});

test('prefixes end at segment borders', () => {
  assert.deepEqual(
    ['/a', '/a/', '/a/b', '/ab', '/'].map((path) => isUnder(path, '/a')),
    [true, true, true, false, false],
  );

  test("takes a path for nobody's that an origin could read as one below a protected route", () => {
    const guarded = new Router([
      route('a.test', '/'),
      { ...route('a.test', '/secret'), access: 'private' },
      route('a.test', '/secret/open'),
    ]);
    const kindOf = (path: string): string => {
      const match = guarded.match('a.test', path);
      return match.kind === 'found' ? match.route.path : match.kind;
    };
    for (const path of ['/', '/Secretary', '/Pub%20lic/x;y', '/a%2Fb', '/secre%C3%A9t'])
      assert.equal(kindOf(path), '/', path);
    for (const path of ['/secret', '/secret/KEY', '/secret/a%2Fb', '/secret/OPEN/x'])
      assert.equal(kindOf(path), '/secret', path);
    for (const path of ['/secret/open', '/secret/open/A%2FB'])
      assert.equal(kindOf(path), '/secret/open', path);
    for (const path of [
      ...[
        '/secret%2Fkey',
        '/%2Fsecret/key',
        '/SECRET/key',
        '/secret;x/key',
        '/%2573ecret/key',
        '/secret%20/key',
      ],
      ...[
        '/;/secret/key',
        '/x/%252e%252e/secret/key',
        '/secret./key',
        '/secret%3Fx',
        '/%EF%BD%93ecret',
        '/secret::$DATA',
      ],
      ...['/secret%252Fopen', '/%25252573ecret', '/open/%EF%BC%8E%EF%BC%8E/secret'],
      ...['/secret/open/%252e%252e/key', '/secret/open/%252525252e/key'],
    ])
      assert.equal(kindOf(path), 'ambiguous', path);
  });
});
