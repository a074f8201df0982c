import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corsSchema } from '#model/shaping/cors-rule.ts';
import { allowedOrigin } from './cors.ts';

test('an origin is compared as a whole, and a wildcard stands for whole names', () => {
  const settings = corsSchema.parse({ origins: ['https://app.example.com', 'https://*.example.org:8443'] });
  for (const [origin, wanted] of [
    ['https://app.example.com', true],
    ['https://a.b.example.org:8443', true],
    ['https://app.example.com.evil.test', false],
    ['https://evil-app.example.com', false],
    ['http://app.example.com', false],
    ['https://example.org:8443', false],
    ['https://.example.org:8443', false],
    ['https://evil.test/.example.org:8443', false],
    ['https://evil.test#.example.org:8443', false],
    ['null', false],
  ] as const)
    assert.equal(allowedOrigin(settings, origin), wanted ? origin : undefined, origin);
});
