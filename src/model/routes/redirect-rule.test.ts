import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRedirect, redirectsOf, redirectsSchema } from './redirect-rule.ts';

function sent(rules: readonly object[], path: string, query = ''): string | undefined {
  const found = findRedirect(redirectsOf(redirectsSchema.parse(rules)), path, query);
  return found && `${found.status} ${found.location}`;
}

test('S4-60 everything outside a base is sent below it, and what is below it stays', () => {
  const rules = [{ outside: '/blog', to: '/blog{rest}', status: 302 }];
  assert.equal(sent(rules, '/'), '302 /blog/');
  assert.equal(sent(rules, '/about/me', '?a=1'), '302 /blog/about/me?a=1');
  assert.equal(sent(rules, '/blogger'), '302 /blog/blogger');
  for (const path of ['/blog', '/blog/', '/blog/posts/1']) assert.equal(sent(rules, path), undefined);
});

test('exact paths, prefixes and patterns', () => {
  const rules = [
    { path: '/feed', to: '/index.xml', status: 301 },
    { prefix: '/old/', to: 'https://archive.example.com{rest}' },
    { pattern: '/(\\d{4})/(\\w+)', to: '/posts/$2?year=$1', status: 307 },
  ];
  assert.equal(sent(rules, '/feed', '?x'), '301 /index.xml?x');
  assert.equal(sent(rules, '/feed/'), undefined);
  assert.equal(sent(rules, '/old'), '308 https://archive.example.com');
  assert.equal(sent(rules, '/old/a/b', '?x'), '308 https://archive.example.com/a/b?x');
  assert.equal(sent(rules, '/older'), undefined);
  assert.equal(sent(rules, '/2024/hello', '?x'), '307 /posts/hello?year=2024');
  assert.equal(sent(rules, '/2024/hello/more'), undefined, 'a pattern is for the whole path');
});

test('no visitor decides which site he is sent to', () => {
  assert.equal(sent([{ prefix: '/go', to: '/{rest}' }], '/go//evil.example'), '308 /evil.example');
  for (const to of [
    '//evil.example',
    'https://example.com$1',
    'javascript:alert(1)',
    'https://{rest}',
    '/a\r\nX: y',
  ])
    assert.equal(redirectsSchema.safeParse([{ pattern: '/(.*)', to }]).success, false, to);
});

test('circles are refused, and a rule never leads to where the visitor is', () => {
  for (const rules of [
    [
      { path: '/a', to: '/b' },
      { path: '/b', to: '/a' },
    ],
    [{ prefix: '/a', to: '/a/b{rest}' }],
    [
      { outside: '/blog', to: '/other' },
      { path: '/other', to: '/elsewhere' },
    ],
  ])
    assert.equal(redirectsSchema.safeParse(rules).success, false, JSON.stringify(rules));
  assert.equal(sent([{ pattern: '/.*', to: '/down' }], '/down'), undefined);
});

test('a rule names exactly one kind of path, and a pattern that RE2 knows', () => {
  for (const rule of [{ to: '/x' }, { path: '/a', prefix: '/b', to: '/x' }, { pattern: '(', to: '/x' }])
    assert.equal(redirectsSchema.safeParse([rule]).success, false);
});
