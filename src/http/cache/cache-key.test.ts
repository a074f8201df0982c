import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultCachePolicy, resolveCachePolicy } from '#model/routes/cache-policy.ts';
import type { CachePolicySettings } from '#model/routes/cache-policy.ts';
import type { RequestHead } from '../exchange.ts';
import { ListFields } from '../list-fields.ts';
import { addressOf, cacheKey } from './cache-key.ts';
import { requestSettings, rulesFor } from './cache-rules.ts';
import { isUnsafe, namedPlaces } from './invalidation.ts';
import { queryNames, reduceQuery } from './query.ts';

interface Asked {
  readonly scheme?: 'http' | 'https';
  readonly host?: string;
  readonly path?: string;
  readonly query?: string;
  readonly fields?: readonly string[];
}

function key(asked: Asked, settings?: CachePolicySettings): string {
  const policy = settings === undefined ? defaultCachePolicy : resolveCachePolicy(settings);
  const { scheme = 'https', host = 'a.test', path = '/', query = '', fields = [] } = asked;
  const request = { scheme, host, path, query, fields: new ListFields(fields) } as unknown as RequestHead;
  const cookie = request.fields.get('cookie') ?? '';
  const found = requestSettings(policy, rulesFor(policy, { path, query, cookie }));
  return cacheKey(request, reduceQuery(query, found.query), found);
}

test('scheme, host, path and query make different keys; nothing else does by itself', () => {
  const all = [
    {},
    { scheme: 'http' },
    { host: 'b.test' },
    { path: '/a' },
    { query: '?a' },
    { query: '?' },
  ] as const;
  assert.equal(new Set(all.map((asked) => key(asked))).size, all.length);
  assert.equal(key({ fields: ['Cookie', 'a=1', 'X-Forwarded-Host', 'evil'] }), key({}));
});

test('an address cannot be cut in two ways', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z.]{1,8}$/), fc.stringMatching(/^\/[a-z/%?]{0,8}$/), (host, path) => {
      const text = key({
        host,
        path: path.split('?')[0]!,
        query: path.includes('?') ? path.slice(path.indexOf('?')) : '',
      });
      assert.equal(addressOf(text).host, host);
      assert.equal(addressOf(text).url, `https://${host}${path}`);
    }),
  );
});

test('header fields and cookies that a policy names enter the key, and injected text cannot pass for them', () => {
  const policy: CachePolicySettings = { key: { headers: ['X-Theme'], cookies: ['lang', 'ab_*'] } };
  const dark = key({ fields: ['X-Theme', 'dark'] }, policy);
  assert.notEqual(dark, key({}, policy));
  assert.notEqual(key({ fields: ['X-Theme', ''] }, policy), key({}, policy));
  const cookie = (text: string): string => key({ fields: ['Cookie', text] }, policy);
  assert.equal(cookie('lang=de; sid=1; ab_x=2'), cookie('ab_x=2; sid=9; lang=de'));
  assert.notEqual(cookie('lang=de'), cookie('lang=en'));
  // A path cannot hold a line break, so it cannot imitate what follows one.
  assert.ok(dark.includes('\nx-theme:dark'));
});

test('rules for a path change the key only there', () => {
  const policy: CachePolicySettings = {
    rules: [{ when: { path: ['/shop/*'] }, key: { cookies: ['cart'] }, query: 'ignore' }],
  };
  const asked = { query: '?a=1', fields: ['Cookie', 'cart=7'] };
  assert.equal(key({ ...asked, path: '/' }, policy), key({ query: '?a=1', path: '/' }, policy));
  assert.notEqual(key({ ...asked, path: '/shop/x' }, policy), key({ path: '/shop/x' }, policy));
  assert.equal(
    key({ ...asked, path: '/shop/x' }, policy),
    key({ ...asked, query: '?b', path: '/shop/x' }, policy),
  );
});

test('queries are kept, dropped and sorted by name; what is left is what the origin sees', () => {
  const q = (query: string, policy: Parameters<typeof reduceQuery>[1]): string => reduceQuery(query, policy);
  const drop = { keep: undefined, drop: ['utm_*', 'fbclid'], isSorted: false };
  assert.equal(q('?a=1&utm_source=x&b=2&fbclid=y', drop), '?a=1&b=2');
  assert.equal(q('?%75tm_source=x', drop), '');
  assert.equal(q('?utm%5Fsource=x&a', drop), '?a');
  assert.equal(q('?a=1', undefined), '?a=1');
  assert.equal(q('?b=2&a=1&b=1', { keep: undefined, drop: undefined, isSorted: true }), '?a=1&b=2&b=1');
  assert.equal(q('?b=2&a=1', { keep: ['b'], drop: undefined, isSorted: false }), '?b=2');
  assert.equal(q('?a', { keep: [], drop: undefined, isSorted: false }), '');
  assert.equal(q('?%zz=1', drop), '?%zz=1');
  assert.deepEqual(queryNames('?a=1&b&%41+b=2&'), ['a', 'b', 'A b']);
});

test('unsafe methods void their address, and the places on the same host that the answer names', () => {
  assert.deepEqual(['GET', 'HEAD', 'OPTIONS', 'PROPFIND'].filter(isUnsafe), []);
  assert.deepEqual(
    ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'MADE-UP'].filter((m) => !isUnsafe(m)),
    [],
  );
  const request = { scheme: 'https', host: 'a.test', path: '/dir/x', query: '?q' };
  const places = (location: string, contentLocation = ''): string[] =>
    namedPlaces(request, { location, contentLocation }).map(({ path, query }) => path + query);
  assert.deepEqual(places('y', '/z?1'), ['/dir/y', '/z?1']);
  assert.deepEqual(places('https://a.test/b'), ['/b']);
  assert.deepEqual(places('https://A.test:8443/b'), ['/b']);
  assert.deepEqual(places('https://b.test/b', '//c.test/'), []);
  assert.deepEqual(places('javascript:x', 'http://['), []);
  assert.deepEqual(places('', '/a%5Cb'), []);
});
