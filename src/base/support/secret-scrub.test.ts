import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createScrubber, redacted } from './secret-scrub.ts';

const secret = fc.string({
  minLength: 8,
  maxLength: 60,
  unit: fc.constantFrom(...Array.from('abcXYZ019-_+/=&?%"\\ äß')),
});

test('a known secret is gone in every form, whatever stands around it', () => {
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1, maxLength: 4 }), fc.lorem(), (secrets, words) => {
      const scrub = createScrubber(secrets);
      for (const each of secrets) {
        const bytes = Buffer.from(each);
        const forms = [
          ...[each, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')],
          ...[encodeURIComponent(each), JSON.stringify(each).slice(1, -1)],
        ];
        for (const form of forms) {
          const out = scrub(`${words} ${form} ${words}`);
          assert.ok(!out.includes(form.replace(/=+$/, '')) || words.includes(form), `${form} in ${out}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('what has the looks of a secret is gone although nobody has named it', () => {
  const scrub = createScrubber([]);
  const gone: readonly (readonly [string, RegExp])[] = [
    ['-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----', /MC4CAQ/],
    ['postgres://edge:hunter2@db/sallyport', /hunter2/],
    ['https://example.com/a?code=hunter2 next', /hunter2/],
    ['Authorization: Bearer abc.def', /abc\.def/],
    ['{"password":"hunter2","a":1}', /hunter2/],
    ['token=hunter2;', /hunter2/],
    ['ada.lovelace@example.com', /lovelace/],
    ['key 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', /9f86d081/],
  ];
  for (const [text, pattern] of gone) assert.doesNotMatch(scrub(text), pattern, text);
});

test('what helps stays: names of metrics, ids of ours, paths, hostnames, words', () => {
  const scrub = createScrubber([]);
  for (const text of [
    'sallyport_edge_tunnel_disconnects_total{reason="ping-timeout"} 3',
    '0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e',
    '/var/lib/sallyport/edge.yml blog.example.com 192.0.2.7 2026-01-05T12:00:00Z',
    'The tunnel connection was lost; it is dialled again',
  ])
    assert.equal(scrub(text), text);
});

test('settings that open something are only told to be set', () => {
  const config = {
    apiToken: 'x',
    tokenFile: '/run/token',
    store: 'postgres://a:b@c/d',
    listen: { port: 1 },
    keys: ['k'],
  };
  assert.deepEqual(redacted(config), {
    ...{ apiToken: '(set)', tokenFile: '(set)', store: '(set)', listen: { port: 1 }, keys: '(set)' },
  });
});
