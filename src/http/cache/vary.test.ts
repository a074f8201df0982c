import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ListFields } from '../list-fields.ts';
import { favouriteLanguage, isVariableBy, variantKey, varyLimits, weightedList } from './vary.ts';

const key = (names: readonly string[], ...fields: string[]): string | undefined =>
  variantKey(names, new ListFields(fields));

/** Pairs of requests, and whether they select the same response. */
const table: ReadonlyArray<readonly [string, readonly string[], readonly string[], boolean]> = [
  ['foo', ['Foo', '1'], ['foo', '1'], true],
  ['foo', ['Foo', '1'], ['Foo', '2'], false],
  ['foo', ['Foo', '1'], [], false],
  ['foo', ['Foo', ''], [], false],
  ['foo', ['Other', '1'], ['Other', '2'], true],
  ['foo', ['Foo', '1, 2'], ['Foo', '1', 'Foo', '2'], true],
  ['foo', ['Foo', '1,2'], ['Foo', ' 1 ,  2 '], true],
  ['foo', ['Foo', '1, 2'], ['Foo', '2, 1'], false],
  ['foo', ['Foo', 'a'], ['Foo', 'A'], false],
  ['accept-language', ['Accept-Language', 'en, de'], ['Accept-Language', 'de, en'], true],
  ['accept-language', ['Accept-Language', 'en, de'], ['Accept-Language', 'eN,De'], true],
  ['accept-language', ['Accept-Language', 'en, de;q=0.5'], ['Accept-Language', 'de;q=0.50, en;q=1.0'], true],
  ['accept-language', ['Accept-Language', 'en, de;q=0.5'], ['Accept-Language', 'en, de'], false],
  ['accept-encoding', ['Accept-Encoding', 'br, gzip'], ['Accept-Encoding', 'gzip,br'], true],
  ['accept-encoding', ['Accept-Encoding', 'br, gzip;q=0'], ['Accept-Encoding', 'br'], true],
  ['accept-encoding', ['Accept-Encoding', 'br'], ['Accept-Encoding', 'gzip'], false],
  ['accept', ['Accept', 'text/html;level=1, */*;q=0.8'], ['Accept', '*/*; q=0.8, text/html ;level=1'], true],
  ['cookie', ['Cookie', 'a=1; b=2'], ['Cookie', 'b=2; a=1'], false],
];

for (const [name, one, other, isSame] of table) {
  test(`${one.join(': ')} and ${other.join(': ') || 'nothing'} select ${isSame ? 'the same' : 'different ones'}`, () => {
    assert.equal(key([name], ...one) === key([name], ...other), isSame);
  });
}

test('several fields are all compared, and none runs into the next', () => {
  assert.equal(key(['a', 'b'], 'a', '1', 'b', '2'), key(['a', 'b'], 'b', '2', 'a', '1'));
  assert.notEqual(key(['a', 'b'], 'a', '1\nb:2'), key(['a', 'b'], 'a', '1', 'b', '2'));
  assert.equal(key([]), '');
});

test('values longer than the cache tells apart select nothing', () => {
  assert.equal(key(['foo'], 'foo', 'x'.repeat(varyLimits.valueBytes)), undefined);
  assert.notEqual(key(['foo'], 'foo', 'x'.repeat(100)), undefined);
});

test('a response may not vary by what the edge says of the client, and need not by what is in the key', () => {
  for (const name of [
    'x-forwarded-for',
    'x-real-ip',
    'forwarded',
    'cf-connecting-ip',
    'cf-ipcountry',
    'x-request-id',
  ])
    assert.equal(isVariableBy(name), false, name);
  for (const name of [
    'accept-encoding',
    'cookie',
    'origin',
    'foo',
    'x-forwarded-proto',
    'host',
    'user-agent',
  ])
    assert.equal(isVariableBy(name), true, name);
  assert.equal(key(['x-forwarded-proto'], 'X-Forwarded-Proto', 'evil'), key(['x-forwarded-proto']));
});

test('weights are read, and broken ones count as 1', () => {
  assert.deepEqual(weightedList('a;q=0.5, b; q=0, c;q=2, ,d'), [
    { item: 'a', weight: 0.5 },
    { item: 'b', weight: 0 },
    { item: 'c', weight: 1 },
    { item: 'd', weight: 1 },
  ]);
});

test('one favourite language, or none', () => {
  assert.equal(favouriteLanguage('fr;q=0.5, de;q=1.0'), 'de');
  assert.equal(favouriteLanguage('de, en'), '');
  assert.equal(favouriteLanguage('*'), '');
  assert.equal(favouriteLanguage(''), '');
});

test('order and spacing of an Accept-like list never matter, and nothing throws', () => {
  const item = fc.constantFrom('en', 'de;q=0.5', 'fr;q=0', '*;q=0.1', 'EN-gb', 'x;y=z');
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), fc.string({ maxLength: 20 }), (items, junk) => {
      const reversed = items.toReversed().join(' ,  ');
      const names = ['accept-language'];
      assert.equal(key(names, 'accept-language', items.join(',')), key(names, 'accept-language', reversed));
      key(names, 'accept-language', junk);
    }),
  );
});
