// Which stored page a request selects: its address, and what Vary names (RFC 9111 sections 2 and 4.1).
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { asking, caseOf, type CaseFields, fetched, given, hour, lines, stored } from './case-words.ts';

/** A page that varies, got by a request with the first fields and asked for with the second. */
function varying(
  kind: 'required' | 'optimal' | 'check',
  [id, name]: readonly [string, string],
  vary: string | readonly string[],
  [one, other]: readonly [CaseFields, CaseFields],
): CacheCase {
  return caseOf(kind, `vary-${id}`, name, [
    given({ ...hour, Vary: vary }, { request_headers: lines(one) }),
    asking(other, kind === 'required' ? fetched : stored),
  ]);
}

const stars = ['*', 'Foo, *', '*, *', ' * ', '*,'].map((value, i) =>
  varying('required', [`star-${i}`, `Vary: ${value} fits no request`], value, [{ Foo: '1' }, { Foo: '1' }]),
);

const names: CacheCase[] = [
  ...stars,
  varying('required', ['star-line', 'A star on a second line counts'], ['Foo', '*'], [{}, {}]),
  varying('required', ['case', 'Names in Vary have no case'], 'FOO', [{ foo: '1' }, { foo: '2' }]),
  varying('optimal', ['case-same', 'Names in Vary have no case, for a match'], 'fOO', [
    { foo: '1' },
    { Foo: '1' },
  ]),
  varying(
    'required',
    ['lines', 'All lines of Vary count'],
    ['Foo', 'Bar'],
    [
      { Foo: '1', Bar: '1' },
      { Foo: '1', Bar: '2' },
    ],
  ),
  varying('required', ['third', 'The third of three counts'], 'Foo, Bar, Baz', [
    { Foo: '1', Bar: '2', Baz: '3' },
    { Foo: '1', Bar: '2', Baz: '4' },
  ]),
  varying('required', ['appears', 'A field that was absent and is there makes another request'], 'Foo', [
    {},
    { Foo: '1' },
  ]),
  varying('required', ['swap', 'Values do not change places'], 'Foo, Bar', [
    { Foo: '1', Bar: '2' },
    { Foo: '2', Bar: '1' },
  ]),
  varying('required', ['value-case', 'Values have a case'], 'Foo', [{ Foo: 'a' }, { Foo: 'A' }]),
  varying('required', ['cookie', 'Another cookie makes another request'], 'Cookie', [
    { Cookie: 'a=1' },
    { Cookie: 'a=2' },
  ]),
  varying('required', ['origin', 'Another Origin makes another request'], 'Origin', [
    { Origin: 'https://a.example' },
    { Origin: 'https://b.example' },
  ]),
  varying('required', ['language', 'Another language makes another request'], 'Accept-Language', [
    { 'Accept-Language': 'de' },
    { 'Accept-Language': 'fr' },
  ]),
  varying('optimal', ['both-absent', 'A field that both lack is the same'], 'Foo', [{}, {}]),
  varying('optimal', ['twice-named', 'A field named twice counts once'], 'Foo, foo', [
    { Foo: '1' },
    { Foo: '1' },
  ]),
  varying('optimal', ['empty', 'An empty Vary names nothing'], '', [{ Foo: '1' }, { Foo: '2' }]),
  varying('optimal', ['encoding-order', 'The order of codings means nothing'], 'Accept-Encoding', [
    { 'Accept-Encoding': 'gzip, br' },
    { 'Accept-Encoding': 'br,gzip' },
  ]),
  varying('optimal', ['weights', 'A weight has many spellings'], 'Accept-Language', [
    { 'Accept-Language': 'de;q=0.5, en' },
    { 'Accept-Language': 'en;q=1.0,de; q=0.500' },
  ]),
  varying('optimal', ['split', 'A list in one line or in two is the same'], 'Foo', [
    { Foo: ['1', '2'] },
    { Foo: '1, 2' },
  ]),
];

const page = (foo: string, more: Partial<CaseRequest> = {}): CaseRequest =>
  asking({ Foo: foo }, { response_headers: lines({ ...hour, Vary: 'Foo' }), ...more });

const several: CacheCase[] = [
  caseOf('optimal', 'vary-both-kept', 'Pages for two values are both kept', [
    page('1', { setup: true }),
    page('2', { setup: true, expected_type: 'not_cached' }),
    page('1', stored),
    page('2', stored),
  ]),
  caseOf('required', 'vary-all-void', 'A change voids the pages for all values', [
    page('1', { setup: true }),
    page('2', { setup: true }),
    { request_method: 'POST', request_body: 'x', setup: true },
    page('1', fetched),
    page('2', fetched),
  ]),
  caseOf(
    'optimal',
    'vary-select-language',
    'A page in the language liked best fits, whatever else is accepted',
    [
      given(
        { ...hour, Vary: 'Accept-Language', 'Content-Language': 'de' },
        { request_headers: [['Accept-Language', 'de']] },
      ),
      asking({ 'Accept-Language': 'en;q=0.4, de' }, stored),
    ],
  ),
];

/** An address, and whether the second is another. */
function addresses(
  kind: 'required' | 'optimal',
  [id, name]: readonly [string, string],
  one: Partial<CaseRequest>,
  other: Partial<CaseRequest>,
): CacheCase {
  return caseOf(kind, `key-${id}`, name, [
    given(hour, one),
    { ...other, ...(kind === 'required' ? fetched : stored) },
  ]);
}

const keys: CacheCase[] = [
  addresses('required', ['query', 'A query makes another address'], {}, { query_arg: 'a=1' }),
  addresses(
    'required',
    ['query-order', 'So does its order'],
    { query_arg: 'a=1&b=2' },
    { query_arg: 'b=2&a=1' },
  ),
  addresses('required', ['query-case', 'So does its case'], { query_arg: 'a=x' }, { query_arg: 'a=X' }),
  addresses(
    'required',
    ['query-escape', 'So does an escape'],
    { query_arg: 'a=b%26c' },
    { query_arg: 'a=b&c' },
  ),
  addresses('required', ['path-case', 'A path has a case'], { filename: 'a' }, { filename: 'A' }),
  addresses(
    'required',
    ['path-end', 'A path may end in a slash, or not'],
    { filename: 'a' },
    { filename: 'a/' },
  ),
  addresses(
    'required',
    ['path-slash', 'An escaped slash is none'],
    { filename: 'a%2Fb' },
    { filename: 'a/b' },
  ),
  addresses(
    'optimal',
    ['path-escape', 'An escaped letter is the letter'],
    { filename: 'abc' },
    { filename: '%61bc' },
  ),
  addresses(
    'optimal',
    ['fields', 'Fields that Vary does not name do not matter'],
    asking({ Foo: '1' }),
    asking({ Foo: '2', 'User-Agent': 'x' }),
  ),
];

/** All of them. */
export const selectingCases: readonly CacheCase[] = [...names, ...several, ...keys];
