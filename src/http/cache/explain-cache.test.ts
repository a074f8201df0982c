import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCachePolicy, resolveCachePolicy } from '#model/routes/cache-policy.ts';
import { formatHttpDate } from '../http-date.ts';
import { cacheStatusLines } from './cache-status.ts';
import { explainCache } from './explain-cache.ts';
import { storeRefusals } from './storable.ts';

const wall = Date.UTC(2026, 10, 27, 12);
const request = { method: 'GET', path: '/', query: '', fields: [] };
const explain = (
  fields: readonly string[],
  asked = request,
  policy = defaultCachePolicy,
): readonly string[] => explainCache(asked, { status: 200, fields }, policy, wall).sentences;

test('S3-24 a page that says nothing is told what to say', () => {
  assert.deepEqual(explain(['Content-Type', 'text/html']), [storeRefusals['no-lifetime']]);
});

test('S3-24 what is kept is explained too: by what, and for how long', () => {
  assert.deepEqual(explain(['Cache-Control', 's-maxage=60']), [
    'The response is served from the cache for 1m0s, by s-maxage.',
  ]);
  assert.deepEqual(explain(['Cache-Control', 'no-cache', 'ETag', '"a"']), [
    'The response is kept, but asked about again each time, because it says no-cache.',
  ]);
  const old = explain(['Cache-Control', 'max-age=60', 'Date', formatHttpDate(wall - 300_000), 'ETag', '"a"']);
  assert.match(old[0]!, /5m0s old when it came: its Date is that far behind/);
});

test('S3-24 every refusal has its sentence', () => {
  const cases: ReadonlyArray<readonly [keyof typeof storeRefusals, readonly string[], typeof request]> = [
    ['no-store', ['Cache-Control', 'no-store'], request],
    ['private', ['Cache-Control', 'private'], request],
    ['set-cookie', ['Cache-Control', 'max-age=1', 'Set-Cookie', 'a=b'], request],
    ['vary-all', ['Cache-Control', 'max-age=1', 'Vary', '*'], request],
    ['vary-client', ['Cache-Control', 'max-age=1', 'Vary', 'X-Forwarded-For'], request],
    ['method', ['Cache-Control', 'max-age=1'], { ...request, method: 'PUT' }],
  ];
  for (const [refusal, fields, asked] of cases) {
    const {
      isStored,
      refusal: got,
      sentences,
    } = explainCache(asked, { status: 200, fields }, defaultCachePolicy, wall);
    assert.equal(isStored, false);
    assert.equal(got, refusal);
    assert.equal(sentences[0], storeRefusals[refusal]);
  }
  assert.equal(explainCache(request, { status: 200, fields: [] }, undefined, wall).refusal, 'off');
  const bypass = resolveCachePolicy({ rules: [{ when: { cookie: ['sid'] }, bypass: true }] });
  assert.deepEqual(
    explain(['Cache-Control', 'max-age=1'], { ...request, fields: ['Cookie', 'sid=1'] as never }, bypass),
    [storeRefusals.rule],
  );
});

test('Vary and queries are pointed out', () => {
  const sentences = explain(['Cache-Control', 'max-age=1', 'Vary', 'Cookie'], {
    ...request,
    query: '?utm_x=1',
  });
  assert.equal(sentences.length, 4);
  assert.match(sentences[2]!, /hits will be rare/);
  assert.match(sentences[3]!, /whole query/);
});

test('the header lines say it in both dialects', () => {
  assert.equal(
    cacheStatusLines({ word: 'HIT', forward: undefined, ttlMs: 59_999 }),
    'Cache-Status: sallyport; hit; ttl=59\r\nCF-Cache-Status: HIT\r\n',
  );
  assert.equal(
    cacheStatusLines({ word: 'BYPASS', forward: 'uri-miss', refusal: 'no-store' }),
    'Cache-Status: sallyport; fwd=uri-miss; detail=no-store\r\nCF-Cache-Status: BYPASS\r\n',
  );
  assert.equal(
    cacheStatusLines({ word: 'STALE', forward: 'stale', forwardStatus: 503, ttlMs: -1, isCollapsed: true }),
    'Cache-Status: sallyport; fwd=stale; fwd-status=503; ttl=-1; collapsed\r\nCF-Cache-Status: STALE\r\n',
  );
});
