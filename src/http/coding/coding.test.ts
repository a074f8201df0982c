import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  codings,
  defaultCompressionPolicy,
  resolveCompressionPolicy,
} from '#model/routes/compression-policy.ts';
import { ListFields } from '../list-fields.ts';
import { chooseCoding, CodingChoice } from './accept-encoding.ts';
import { type CodableResponse, isCodable, wouldTellSecrets } from './codable.ts';

/** [Accept-Encoding, choice] */
const table: ReadonlyArray<readonly [string, string]> = [
  ['gzip, deflate, br, zstd', 'zstd'],
  ['gzip, deflate, br', 'br'],
  ['gzip, deflate', 'gzip'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP;q=1', 'gzip'],
  ['br;q=0.5, gzip;q=0.9', 'gzip'],
  ['br;q=0.5, gzip;q=0.5', 'br'],
  ['br;q=0', ''],
  ['*', 'zstd'],
  ['*;q=0', ''],
  ['gzip;q=0, *', 'zstd'],
  ['zstd;q=0, *;q=0.1', 'br'],
  ['identity', ''],
  ['identity, gzip;q=0.5', ''],
  ['identity;q=0.2, gzip;q=0.5', 'gzip'],
  ['identity;q=0.5, gzip;q=0.5', 'gzip'],
  ['identity;q=0', ''],
  ['deflate', ''],
  ['gzip;q=nonsense', ''],
  ['gzip;q=2', ''],
  ['', ''],
];

for (const [field, choice] of table) {
  test(`Accept-Encoding: ${field} gets ${choice || 'the body as it is'}`, () => {
    assert.equal(chooseCoding(field, codings), choice);
    const remembered = new CodingChoice(codings);
    assert.deepEqual([remembered.of(field), remembered.of(field)], [choice, choice]);
  });
}

test('who says nothing gets nothing, and no client is sent what it refuses', () => {
  assert.equal(new CodingChoice(codings).of(undefined), '');
  const name = fc.constantFrom('gzip', 'br', 'zstd', 'identity', '*', 'deflate');
  const weight = fc.constantFrom('', ';q=0', ';q=0.3', ';q=1', '; Q=0.000');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, weight), { maxLength: 6 }), (items) => {
      const text = items.map((item) => item.join('')).join(', ');
      const choice = chooseCoding(text, codings);
      if (choice === '') return;
      const last = items.findLast(([each]) => each === choice) ?? items.findLast(([each]) => each === '*');
      assert.ok(last && !/q=0(\.0*)?$/i.test(last[1]), `${choice} for ${text}`);
    }),
  );
});

const page: CodableResponse = {
  ...{ status: 200, contentType: 'text/html', contentEncoding: '', noTransform: false, isSealed: false },
  ...{ contentRange: '', length: 5000 },
};

test('what is compressed: text that is long enough, whole, and not compressed or sealed already', () => {
  const is = (change: Partial<CodableResponse>): boolean =>
    isCodable({ ...page, ...change }, defaultCompressionPolicy);
  assert.equal(is({}), true);
  for (const contentType of [
    'application/json',
    'application/ld+json',
    'image/svg+xml',
    'application/wasm',
    'text/css',
  ])
    assert.equal(is({ contentType }), true, contentType);
  for (const contentType of [
    'image/png',
    'video/mp4',
    'application/zip',
    'font/woff2',
    'text/event-stream',
    'application/grpc',
    '',
  ])
    assert.equal(is({ contentType }), false, contentType);
  assert.equal(is({ status: 404 }), true);
  assert.equal(is({ length: -1 }), true);
  const no: ReadonlyArray<Partial<CodableResponse>> = [
    { length: 1023 },
    { status: 204 },
    { status: 206 },
    { status: 304 },
    { contentEncoding: 'br' },
    { noTransform: true },
    { isSealed: true },
    { contentRange: 'bytes 0-1/2' },
  ];
  for (const change of no) assert.equal(is(change), false, JSON.stringify(change));
  assert.equal(is({ contentEncoding: 'identity' }), true);
  const events = resolveCompressionPolicy({ types: ['text/event-stream'] });
  assert.equal(isCodable({ ...page, contentType: 'text/event-stream' }, events), true);
});

test('pages that may hold a secret are compressed when no other site caused the request', () => {
  const mine = { setsCookie: false, isPublic: false };
  const tells = (
    fields: readonly string[],
    facts = mine,
    secrets: 'guard' | 'never' | 'always' = 'guard',
  ): boolean => wouldTellSecrets(new ListFields(fields), facts, { ...defaultCompressionPolicy, secrets });
  const cookie = ['Cookie', 'sid=1'];
  assert.equal(tells([]), false);
  assert.equal(tells(cookie), true);
  assert.equal(tells(['Authorization', 'x']), true);
  assert.equal(tells([], { ...mine, setsCookie: true }), true);
  assert.equal(tells(cookie, { ...mine, isPublic: true }), false);
  for (const [site, expected] of [
    ['same-origin', false],
    ['none', false],
    ['same-site', true],
    ['cross-site', true],
  ] as const)
    assert.equal(tells([...cookie, 'Sec-Fetch-Site', site]), expected, site);
  assert.equal(tells(cookie, mine, 'always'), false);
  assert.equal(tells([...cookie, 'Sec-Fetch-Site', 'same-origin'], mine, 'never'), true);
});
