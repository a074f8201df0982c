import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cachePolicySchema } from './cache-policy.ts';
import { compressionPolicySchema } from './compression-policy.ts';
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
