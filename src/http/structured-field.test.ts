import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDictionary } from './structured-field.ts';

const yes = { kind: 'boolean', value: true };

/** [text, members or undefined]; mostly from RFC 9651 section 3. */
const table: ReadonlyArray<readonly [string, Record<string, unknown> | undefined]> = [
  ['', {}],
  ['  ', {}],
  ['max-age=3600', { 'max-age': { kind: 'integer', value: 3600 } }],
  ['foobar, max-age=3600', { foobar: yes, 'max-age': { kind: 'integer', value: 3600 } }],
  ['a=?0, b, c; foo=bar', { a: { kind: 'boolean', value: false }, b: yes, c: yes }],
  [
    'en="Applepie", da=:w4ZibGV0w6ZydGU=:',
    {
      en: { kind: 'string', value: 'Applepie' },
      da: { kind: 'bytes', value: 'w4ZibGV0w6ZydGU=' },
    },
  ],
  [
    'rating=1.5, feelings=(joy sadness)',
    { rating: { kind: 'decimal', value: 1.5 }, feelings: { kind: 'list' } },
  ],
  [
    'a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid',
    {
      ...{ a: { kind: 'list' }, b: { kind: 'integer', value: 3 } },
      ...{ c: { kind: 'integer', value: 4 }, d: { kind: 'list' } },
    },
  ],
  [
    'a=1,b=2;x=1;y=2,c=3',
    {
      a: { kind: 'integer', value: 1 },
      ...{ b: { kind: 'integer', value: 2 }, c: { kind: 'integer', value: 3 } },
    },
  ],
  ['a=1, a=2', { a: { kind: 'integer', value: 2 } }],
  ['no-cache="a, b"', { 'no-cache': { kind: 'string', value: 'a, b' } }],
  ['d=@1659578233', { d: { kind: 'date', value: 1659578233 } }],
  ['d=%"f%c3%bc"', { d: { kind: 'display', value: 'f%c3%bc' } }],
  ['t=text/plain', { t: { kind: 'token', value: 'text/plain' } }],
  ['MaX-aGe=3600', undefined],
  ['max-age=10000, &&&&&', undefined],
  ['max-age=3600,', undefined],
  ['max-age=', undefined],
  ['max-age=a b', undefined],
  ['max-age =3600', undefined],
  ["max-age='3600'", undefined],
  ['max-age=1234567890123456', undefined],
  ['max-age=1.2345', undefined],
  ['a="x', undefined],
  ['a=(1 2', undefined],
  ['a=(1)2', undefined],
  ['a;B=1', undefined],
  ['a="\u00fc"', undefined],
];

for (const [text, members] of table) {
  test(`${JSON.stringify(text)} ${members ? 'is a dictionary' : 'is refused as a whole'}`, () => {
    const parsed = parseDictionary(text);
    assert.deepEqual(parsed && Object.fromEntries(parsed), members);
  });
}

test('any text is either a dictionary or none', () => {
  const piece = fc.constantFrom(
    'a',
    '=',
    '1',
    ',',
    ' ',
    ';',
    '"',
    '(',
    ')',
    '?1',
    '.',
    '\\',
    ':',
    '@',
    '%"',
    '-',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const parsed = parseDictionary(pieces.join(''));
      assert.ok(parsed === undefined || parsed instanceof Map);
    }),
  );
});
