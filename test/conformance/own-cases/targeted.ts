// CDN-Cache-Control (RFC 9213): a dictionary of RFC 9651 that has the say over Cache-Control and Expires when it is valid
// and not empty, and none when it is not. Where it must be believed, Cache-Control says the opposite.
import type { CacheCase } from '../cache-cases.ts';
import { caseOf, type CaseFields, given, reused, unanswered, unused } from './case-words.ts';

const field = 'CDN-Cache-Control';
const noStore = { 'Cache-Control': 'no-store' } as const;
const hour = { 'Cache-Control': 'max-age=3600' } as const;

function pages(
  make: typeof reused | typeof unused,
  rest: CaseFields,
  table: ReadonlyArray<readonly [string, string, string | readonly string[]]>,
): CacheCase[] {
  return table.map(([id, name, value]) => make(`cdn-${id}`, name, { ...rest, [field]: value }));
}

const believed = pages(reused, noStore, [
  ['parameters', 'Parameters of a member mean nothing', 'max-age=3600;x=1;y'],
  ['two-lines', 'Members may stand on several lines', ['max-age=3600', 'must-revalidate']],
  ['spaces', 'Space around commas means nothing', ' max-age=3600 \t,\t foo '],
  ['last-wins', 'Of two members of one name the last counts', 'max-age=0, max-age=3600'],
  ['inner-list', 'A member that is an inner list is valid', 'foo=(1 "b";c), max-age=3600'],
  [
    'all-types',
    'Members of all types are valid',
    'a=1.5, b=?0, c=:YQ==:, d=tok/en, e="s", f=@1, max-age=3600',
  ],
  ['boolean', 'A directive may be spelt as true', 'must-revalidate=?1, max-age=3600'],
  ['false', 'A directive that is false is not there', 'no-store=?0, max-age=3600'],
]);

const overruling = pages(unused, { ...hour, Expires: 3600 }, [
  ['no-cache', 'no-cache overrules what Cache-Control says', 'no-cache'],
  ['no-cache-max-age', 'no-cache counts beside max-age', 'max-age=3600, no-cache'],
  ['private', 'private overrules what Cache-Control says', 'private, max-age=3600'],
  ['no-store-max-age', 'no-store counts beside max-age', 'max-age=3600, no-store'],
  ['short', 'A short lifetime overrules a long one', 'max-age=1'],
  ['last-short', 'Of two lifetimes the last counts', 'max-age=3600, max-age=1'],
  ['unknown-only', 'A field of unknown members has the say, and names no lifetime', 'foo'],
  ['negative', 'A negative lifetime is none', 'max-age=-1'],
]);

const ignored = pages(unused, noStore, [
  ['trailing-comma', 'A comma at the end makes the field invalid', 'max-age=3600,'],
  ['empty-member', 'An empty member makes it invalid', 'max-age=3600,,foo'],
  ['upper-case', 'A name in upper case makes it invalid', 'Max-Age=3600'],
  ['open-string', 'An open string makes it invalid', 'max-age=3600, foo="a'],
  ['open-list', 'An open list makes it invalid', 'max-age=3600, foo=(1 2'],
  ['bad-parameter', 'A bad parameter makes it invalid', 'max-age=3600;A=1'],
  ['long-number', 'A number of 16 digits makes it invalid', 'max-age=3600000000000000'],
  ['space-equals', 'Space around = makes it invalid', 'max-age = 3600'],
  ['semicolons', 'Semicolons part no members', 'max-age=3600; public foo'],
  ['string-type', 'A lifetime that is a string is none', 'max-age="3600"'],
  ['decimal-type', 'A lifetime that is a decimal is none', 'max-age=3600.5'],
  ['token-type', 'A lifetime that is a word is none', 'max-age=soon'],
  ['boolean-type', 'A lifetime without a value is none', 'max-age'],
  ['list-type', 'A lifetime that is a list is none', 'max-age=(3600)'],
]);

const empties = pages(reused, hour, [
  ['empty', 'An empty field has no say', ''],
  ['invalid', 'An invalid field has no say', 'no-store, &'],
]);

const others: CacheCase[] = [
  caseOf('required', 'cdn-private-fields', 'What private="x" names is served to nobody else', [
    given({ [field]: 'max-age=3600, private="X-One"', 'X-One': '1' }),
    { expected_response_headers_missing: ['X-One'] },
  ]),
  caseOf('required', 'cdn-must-revalidate', 'must-revalidate forbids stale answers here too', [
    given({ [field]: 'max-age=1, must-revalidate' }),
    unanswered,
  ]),
  caseOf('optimal', 'cdn-swr', 'stale-while-revalidate counts here too', [
    given({ [field]: 'max-age=1, stale-while-revalidate=3600', ...noStore }),
    { expected_type: 'cached' },
  ]),
  caseOf('required', 'cdn-vary', 'Vary counts whoever has the say', [
    given({ [field]: 'max-age=3600', Vary: 'Foo' }, { request_headers: [['Foo', '1']] }),
    { request_headers: [['Foo', '2']], expected_type: 'not_cached' },
  ]),
  caseOf('required', 'cdn-authorization', 'A lifetime alone does not open what Authorization closed', [
    given({ [field]: 'max-age=3600' }, { request_headers: [['Authorization', 'Basic eA==']] }),
    { request_headers: [['Authorization', 'Basic eQ==']], expected_type: 'not_cached' },
  ]),
];

/** All of them. */
export const targetedCases: readonly CacheCase[] = [
  ...believed,
  ...overruling,
  ...ignored,
  ...empties,
  ...others,
];
