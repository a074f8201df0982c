// cloudflared's tables for matching (shared facts, tunnels.md 8a), by their names there, and what they leave open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compilePath,
  compileRules,
  hostMatches,
  isCatchAll,
  maxPatternInstructions,
} from './ingress-match.ts';

const catchAll = { hostname: '', path: '' };

const findRules = [
  { hostname: 'tunnel-a.example.com', path: '' },
  { hostname: 'tunnel-b.example.com', path: '/health' },
  { hostname: '*', path: '' },
];

const findCases: readonly [host: string, path: string, index: number][] = [
  ['tunnel-a.example.com', '/', 0],
  ['tunnel-a.example.com', '/pages/about', 0],
  ['tunnel-a.example.com:443', '/pages/about', 0],
  ['tunnel-b.example.com', '/health', 1],
  ['tunnel-b.example.com', '/index.html', 2],
  ['tunnel-c.example.com', '/', 2],
];

for (const [host, path, index] of findCases) {
  test(`TestFindMatchingRule: ${host}${path} takes rule ${index}`, () => {
    assert.equal(compileRules(findRules).match(host, path), index);
  });
}

const matchCases: readonly [
  name: string,
  hostname: string,
  path: string,
  host: string,
  requestPath: string,
  matches: boolean,
][] = [
  ['Just hostname, pass', 'example.com', '', 'example.com', '', true],
  ['Unicode hostname with unicode request, pass', 'môô.cloudflare.com', '', 'môô.cloudflare.com', '', true],
  [
    'Unicode hostname with punycode request, pass',
    'môô.cloudflare.com',
    '',
    'xn--m-xgaa.cloudflare.com',
    '',
    true,
  ],
  ['Entire hostname is wildcard, should match everything', '*', '', 'example.com', '', true],
  ['Just hostname, fail', 'example.com', '', 'foo.bar', '', false],
  ['Just wildcard hostname, pass', '*.example.com', '', 'adam.example.com', '', true],
  ['Just wildcard hostname, fail', '*.example.com', '', 'tunnel.com', '', false],
  ['Just wildcard outside of subdomain in hostname, fail', '*example.com', '', 'www.example.com', '', false],
  ['Wildcard over multiple subdomains', '*.example.com', '', 'adam.chalmers.example.com', '', true],
  ['Hostname and path', '*.example.com', '/static/.*\\.html', 'www.example.com', '/static/index.html', true],
  ['Hostname and empty Regex', 'example.com', '', 'example.com', '/', true],
  ['Hostname and nil path', 'example.com', '', 'example.com', '/', true],
  [
    'Hostname with wildcard should not match if no dot present',
    '*.api.abc.cloud',
    '',
    'testing-api.abc.cloud',
    '',
    false,
  ],
];

for (const [name, hostname, path, host, requestPath, matches] of matchCases) {
  test(`Test_rule_matches: ${name}`, () => {
    assert.equal(compileRules([{ hostname, path }, catchAll]).match(host, requestPath), matches ? 0 : 1);
  });
}

test('a path is searched unanchored: /health takes /x/healthz', () => {
  const matcher = compileRules([{ hostname: '', path: '/health' }, catchAll]);
  assert.equal(matcher.match('a', '/x/healthz'), 0);
  assert.equal(matcher.match('a', '/heal'), 1);
});

test('a wildcard never takes the apex', () => {
  assert.equal(hostMatches('*.example.com', 'example.com'), false);
  assert.equal(hostMatches('*.example.com', '.example.com'), false);
});

test('no rule takes everything: the last one serves, and without rules there is none', () => {
  assert.equal(compileRules([{ hostname: 'a', path: '' }]).match('b', '/'), 0);
  assert.equal(compileRules([]).match('b', '/'), -1);
});

test('a pattern that would take exponential time elsewhere comes to an end', () => {
  const matcher = compileRules([{ hostname: '', path: '^/(a+)+$' }, catchAll]);
  assert.equal(matcher.match('a', `/${'a'.repeat(20_000)}!`), 1);
});

test('what RE2 does not know is refused when compiled, and matches nothing when published', () => {
  assert.throws(() => compilePath('(?=x)'));
  assert.throws(() => compilePath('*/subpath2'));
  assert.equal(compileRules([{ hostname: '', path: '(?=x)' }, catchAll]).match('a', 'x'), 1);
});

test('ten thousand hosts do not fill the memory of a matcher', () => {
  const matcher = compileRules([{ hostname: '*.example.com', path: '' }, catchAll]);
  for (let i = 0; i < 10_000; i++) assert.equal(matcher.match(`h${i}.example.com`, '/'), 0);
});

test('only a rule without hostname and path takes everything', () => {
  assert.equal(isCatchAll({ hostname: '*', path: '' }), true);
  assert.equal(isCatchAll({ hostname: '', path: '/' }), false);
  assert.equal(isCatchAll({ hostname: '*.a', path: '' }), false);
});

test('a pattern that would cost too much is refused when compiled, and matches nothing when published', () => {
  const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join('|');
  assert.ok(compilePath(`^/(${words})(/|$)`).programSize() <= maxPatternInstructions);
  assert.throws(
    () => compilePath('a.{900}[qw]'),
    /compiles to 904 instructions, more than the 500 .* shorten it/,
  );
  const rules = compileRules([
    { hostname: '', path: '(ab.{300}){2}' },
    { hostname: '', path: '' },
  ]);
  assert.equal(rules.match('a.test', `/${'ab'.repeat(700)}`), 1);
});
