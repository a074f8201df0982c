import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { defaultCachePolicy, resolveCachePolicy } from '#model/routes/cache-policy.ts';
import type { CachePolicySettings } from '#model/routes/cache-policy.ts';
import { formatHttpDate } from '../http-date.ts';
import { ListFields } from '../list-fields.ts';
import { responseSettings, rulesFor } from './cache-rules.ts';
import { readResponseFacts } from './response-facts.ts';
import { extensionAgrees, isAmbiguousPath, refusalToStore } from './storable.ts';

const wall = Date.UTC(2026, 10, 27, 12);

interface Case {
  readonly policy?: CachePolicySettings;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly asks?: readonly string[];
  readonly says: readonly string[];
}

function refusal({ policy, method = 'GET', path = '/', status = 200, asks = [], says }: Case): string {
  const resolved = policy === undefined ? defaultCachePolicy : resolveCachePolicy(policy);
  const facts = readResponseFacts(status, new ListFields(says), wall);
  const rules = rulesFor(resolved, { path, query: '', cookie: '' });
  const settings = responseSettings(resolved, rules, facts);
  const fields = new ListFields(asks);
  return refusalToStore(
    { method, path, fields, isNoStore: asks.includes('no-store') },
    facts,
    settings,
    wall,
  );
}

const cc = (value: string): readonly string[] => ['Cache-Control', value];
const etag = ['ETag', '"a"'];
const lm = ['Last-Modified', formatHttpDate(wall - 86_400_000)];

/** [what, case, refusal or ''] */
const table: ReadonlyArray<readonly [string, Case, string]> = [
  ['max-age', { says: cc('max-age=60') }, ''],
  ['s-maxage', { says: cc('s-maxage=60') }, ''],
  ['Expires', { says: ['Expires', formatHttpDate(wall + 60_000)] }, ''],
  ['nothing', { says: [] }, 'no-lifetime'],
  ['only a validator', { says: etag }, 'no-lifetime'],
  ['public with a validator', { says: [...cc('public'), ...etag] }, ''],
  ['no-cache with a validator', { says: [...cc('no-cache'), ...etag] }, ''],
  ['no-cache without', { says: cc('no-cache') }, 'no-lifetime'],
  ['no-cache with max-age only', { says: cc('no-cache, max-age=60') }, 'no-use'],
  ['max-age=0 without a validator', { says: cc('max-age=0') }, 'no-use'],
  ['max-age=0 with one', { says: [...cc('max-age=0'), ...etag] }, ''],
  ['stale on arrival', { says: [...cc('max-age=60'), 'Age', '61'] }, 'no-use'],
  ['no-store', { says: cc('max-age=60, no-store') }, 'no-store'],
  ['must-understand beside no-store', { says: cc('max-age=60, no-store, must-understand') }, ''],
  [
    'must-understand, unknown status',
    { status: 299, says: cc('max-age=60, must-understand') },
    'must-understand',
  ],
  ['private', { says: cc('max-age=60, private') }, 'private'],
  ['private fields only', { says: cc('max-age=60, private="x-user"') }, ''],
  ['a cookie', { says: [...cc('max-age=60'), 'Set-Cookie', 'a=b'] }, 'set-cookie'],
  [
    'a cookie that is held back',
    { says: [...cc('max-age=60, private="set-cookie"'), 'Set-Cookie', 'a=b'] },
    '',
  ],
  [
    'a cookie, stripped',
    { policy: { setCookie: 'strip' }, says: [...cc('max-age=60'), 'Set-Cookie', 'a=b'] },
    '',
  ],
  ['Vary: *', { says: [...cc('max-age=60'), 'Vary', ', *'] }, 'vary-all'],
  ['Vary: a', { says: [...cc('max-age=60'), 'Vary', 'a'] }, ''],
  ['Authorization', { asks: ['Authorization', 'x'], says: cc('max-age=60') }, 'authorization'],
  ['Authorization, public', { asks: ['Authorization', 'x'], says: cc('max-age=60, public') }, ''],
  ['Authorization, s-maxage', { asks: ['Authorization', 'x'], says: cc('s-maxage=60') }, ''],
  [
    'Authorization, must-revalidate',
    { asks: ['Authorization', 'x'], says: cc('max-age=60, must-revalidate') },
    '',
  ],
  ['client no-store', { asks: ['Cache-Control', 'no-store'], says: cc('max-age=60') }, 'request-no-store'],
  ['HEAD', { method: 'HEAD', says: cc('max-age=60') }, 'method'],
  ['an override', { asks: ['X-HTTP-Method-Override', 'POST'], says: cc('max-age=60') }, 'method-override'],
  ['another host', { asks: ['X-Host', 'b.test'], says: cc('max-age=60') }, 'unkeyed-field'],
  [
    'another host, told apart',
    { asks: ['X-Host', 'b.test'], says: [...cc('max-age=60'), 'Vary', 'X-Host'] },
    '',
  ],
  ['an escaped slash', { path: '/a%2Fb', says: cc('max-age=60') }, 'ambiguous-path'],
  ['path parameters', { path: '/a;x.css', says: cc('max-age=60') }, 'ambiguous-path'],
  ['304', { status: 304, says: cc('max-age=60') }, 'status'],
  ['416, which is about one Range', { status: 416, says: cc('max-age=60') }, 'status'],
  ['431, which is about one head', { status: 431, says: cc('max-age=60') }, 'status'],
  ['599 with a lifetime', { status: 599, says: cc('max-age=60') }, ''],
  ['events', { says: [...cc('max-age=60'), 'Content-Type', 'text/event-stream; charset=utf-8'] }, 'stream'],
  ['gRPC', { says: [...cc('max-age=60'), 'Content-Type', 'application/grpc+proto'] }, 'stream'],
  ['trailers', { says: [...cc('max-age=60'), 'Trailer', 'x'] }, 'trailers'],
  ['a guess, off', { says: lm }, 'no-lifetime'],
  ['a guess, on', { policy: { heuristics: true }, says: lm }, ''],
  ['a guess, 403', { policy: { heuristics: true }, status: 403, says: lm }, 'no-lifetime'],
  ['a guess, 599 public', { policy: { heuristics: true }, status: 599, says: [...lm, ...cc('public')] }, ''],
  ['CDN field over no-store', { says: [...cc('no-store'), 'CDN-Cache-Control', 'max-age=9'] }, ''],
  ['CDN no-store over max-age', { says: [...cc('max-age=9'), 'CDN-Cache-Control', 'no-store'] }, 'no-store'],
  ['a broken CDN field', { says: [...cc('no-store'), 'CDN-Cache-Control', 'max-age=9, &&'] }, 'no-store'],
  [
    'a CDN field of another type',
    { says: [...cc('no-store'), 'CDN-Cache-Control', 'max-age="9"'] },
    'no-use',
  ],
];

for (const [what, one, expected] of table) {
  test(`${what}: ${expected === '' ? 'kept' : `not kept, ${expected}`}`, () =>
    assert.equal(refusal(one), expected));
}

describe('rules', () => {
  const rule = (settings: NonNullable<CachePolicySettings['rules']>[number]): CachePolicySettings => ({
    rules: [settings],
  });

  test('a ttl widens what says nothing, but not what says no', () => {
    const policy = rule({ ttl: '1m' });
    assert.equal(refusal({ policy, says: [] }), '');
    assert.equal(refusal({ policy, says: cc('no-store') }), 'no-store');
    assert.equal(refusal({ policy, says: cc('private') }), 'private');
  });

  test('force goes over no-store and private, never over cookies and Vary: *', () => {
    const policy = rule({ ttl: '1m', force: true });
    assert.equal(refusal({ policy, says: cc('no-store, private') }), '');
    assert.equal(refusal({ policy, says: [...cc('no-store'), 'Set-Cookie', 'a=b'] }), 'set-cookie');
    assert.equal(refusal({ policy, says: ['Vary', '*'] }), 'vary-all');
    assert.equal(refusal({ policy, asks: ['Authorization', 'x'], says: [] }), 'authorization');
  });

  test('negative answers live as long as a rule for their status says', () => {
    const policy = rule({ when: { status: [404, '5xx'] }, defaultTtl: '10s' });
    assert.equal(refusal({ policy, status: 404, says: [] }), '');
    assert.equal(refusal({ policy, status: 503, says: [] }), '');
    assert.equal(refusal({ policy, status: 200, says: [] }), 'no-lifetime');
  });

  test('a page at an address that looks static is not kept by a rule for static files', () => {
    const policy = rule({ when: { path: ['*.css'] }, ttl: '1h' });
    assert.equal(refusal({ policy, path: '/a.css', says: ['Content-Type', 'text/css'] }), '');
    assert.equal(
      refusal({ policy, path: '/account/x.css', says: ['Content-Type', 'text/html'] }),
      'type-mismatch',
    );
    assert.equal(refusal({ path: '/x.css', says: [...cc('s-maxage=5'), 'Content-Type', 'text/html'] }), '');
  });
});

test('extensions stand for content types', () => {
  assert.ok(extensionAgrees('/a.js', 'text/javascript'));
  assert.ok(extensionAgrees('/a.JS', 'application/javascript'));
  assert.ok(!extensionAgrees('/a.png', 'text/html'));
  assert.ok(extensionAgrees('/a', 'text/html'));
  assert.ok(extensionAgrees('/a.unknown', 'text/html'));
});

test('ambiguous paths', () => {
  for (const path of ['/a%2Fb', '/a;b', '/a%3Bb', '/a%23', '/a%3F', '/a%0A', '/a%09b'])
    assert.ok(isAmbiguousPath(path), path);
  for (const path of ['/', '/a%20b', '/%C3%A4', '/a.b-c_d~e']) assert.ok(!isAmbiguousPath(path), path);
});

test('whatever else stands in a response, no-store, private, cookies and Vary: * keep it out', () => {
  const directive = fc.constantFrom(
    'max-age=60',
    's-maxage=60',
    'public',
    'immutable',
    'must-revalidate',
    'x="y"',
  );
  const status = fc.constantFrom(200, 203, 301, 404, 410, 500, 503);
  const forbidden = fc.constantFrom(
    ['Cache-Control', 'no-store'],
    ['Cache-Control', 'private'],
    ['Set-Cookie', 'sid=1'],
    ['Vary', '*'],
  );
  fc.assert(
    fc.property(fc.array(directive), status, forbidden, fc.boolean(), (directives, code, no, first) => {
      const yes = cc(directives.join(', '));
      const says = first ? [...no, ...yes, ...etag] : [...yes, ...no, ...etag];
      assert.notEqual(refusal({ status: code, says }), '');
    }),
  );
});
