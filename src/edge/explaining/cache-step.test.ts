import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCachePolicy } from '#model/routes/cache-policy.ts';
import type { InnerAnswer } from '../own-requests/inner-request.ts';
import { cacheStep } from './cache-step.ts';

const wallMs = Date.UTC(2026, 0, 1);

function detailOf(word: string, fields: Readonly<Record<string, string>>): string {
  const answer: InnerAnswer = {
    ...{ requestId: 'r', status: 200, failure: undefined, bodyBytes: 0, html: '' },
    fields: new Map(Object.entries({ 'cf-cache-status': word, 'cache-control': 'max-age=600', ...fields })),
  };
  return cacheStep({ method: 'GET', url: 'https://a.test/' }, answer, defaultCachePolicy, wallMs).detail;
}

const kept = { age: '300', date: new Date(wallMs - 300_000).toUTCString() };

test('how long a copy has been kept here is no fault of its origin, whose Age and Date would say that it came old', () => {
  for (const word of ['HIT', 'UPDATING', 'STALE', 'REVALIDATED'])
    assert.doesNotMatch(detailOf(word, kept), /old when it came|clock/, word);
  assert.match(detailOf('HIT', kept), /is served from the cache for 10m/);
});

test('a response that has just come old is said to be, in whole sentences', () => {
  assert.match(detailOf('MISS', { age: '300' }), /but was 5m\S* old when it came: its Age says so\.( |$)/);
  assert.match(detailOf('MISS', { date: kept.date }), /is the origin's clock right\?( |$)/);
});
