import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachePolicySchema } from './cache-policy.ts';
import { compressionPolicySchema } from './compression-policy.ts';
import { routeHstsSchema } from './hsts-policy.ts';
import { normalSteps, routeCacheSchema, shortSteps } from './route-steps.ts';

test('steps that are the default are as good as none', () => {
  const cache = cachePolicySchema.parse({});
  assert.deepEqual(normalSteps({ cache, compression: compressionPolicySchema.parse({}) }), {});
  assert.deepEqual(normalSteps({ cache: 'off' }), { cache: 'off' });
});

test('steps are shown as people write them, and read back as they were', () => {
  const written = {
    setCookie: 'strip',
    key: { headers: ['X-Country'] },
    rules: [{ when: { path: ['/a'] }, ttl: '5m' }],
  };
  const cache = routeCacheSchema.parse(written);
  const short = shortSteps({ cache });
  assert.deepEqual(short, {
    cache: { ...written, key: { headers: ['x-country'], cookies: [] } },
  });
  assert.deepEqual(routeCacheSchema.parse(short.cache), cache);
});

test("a promise of https is another thing than none, even by default settings: none is the edge's", () => {
  const hsts = routeHstsSchema.parse({});
  assert.deepEqual(normalSteps({ hsts }), { hsts });
  assert.deepEqual(shortSteps({ hsts }), { hsts: {} });
  assert.deepEqual(shortSteps({ hsts: 'off' }), { hsts: 'off' });
  assert.deepEqual(shortSteps({ hsts: routeHstsSchema.parse({ maxAge: '1h' }) }), { hsts: { maxAge: '1h' } });
});
