// How long a page is fresh: Cache-Control, Expires and Age as origins really write them (RFC 9111 sections 4.2, 5.1 to 5.3,
// RFC 8246).
import { formatHttpDate } from '#http/http-date.ts';
import type { CacheCase } from '../cache-cases.ts';
import { caseOf, fetched, given, hour, reused, unused } from './case-words.ts';

const past = 'Thu, 01 Jan 1998 00:00:00 GMT';

const directives: CacheCase[] = [
  reused('cc-spaces', 'Space and tabs around directives mean nothing', {
    'Cache-Control': ' \t public\t ,\t max-age=3600 ',
  }),
  reused('cc-empty-members', 'Empty members of the list mean nothing', {
    'Cache-Control': ', ,max-age=3600,,',
  }),
  reused('cc-two-lines', 'Directives may stand on several lines', {
    'Cache-Control': ['public', 'max-age=3600'],
  }),
  reused('cc-quoted-comma', 'A comma in a quoted string ends no directive', {
    'Cache-Control': 'ext="a, no-store, b", max-age=3600',
  }),
  reused('cc-quoted-escape', 'An escaped quote ends no quoted string', {
    'Cache-Control': String.raw`ext="a\", no-store, \"b", max-age=3600`,
  }),
  reused('cc-immutable', 'immutable is no reason not to store (RFC 8246)', {
    'Cache-Control': 'max-age=3600, immutable',
  }),
  reused('cc-no-transform', 'no-transform is no reason not to store', {
    'Cache-Control': 'max-age=3600, no-transform',
  }),
  reused('cc-pragma', 'Pragma in a response means nothing beside Cache-Control', {
    'Cache-Control': 'max-age=3600',
    Pragma: 'no-cache',
  }),
  unused('cc-duplicate-line', 'The first of two max-age counts, or none', {
    'Cache-Control': 'max-age=1, max-age=3600',
  }),
  unused('cc-duplicate-lines', 'The first of two max-age counts, or none, on two lines too', {
    'Cache-Control': ['max-age=1', 'max-age=3600'],
  }),
  reused(
    'cc-duplicate-fresh-first',
    'Is the first of two max-age believed when the second is shorter?',
    { 'Cache-Control': 'max-age=3600, max-age=1' },
    'check',
  ),
  ...['', '+3600', '0x3600', '3600.5', '36OO', '3600s', '1e9'].map((value, i) =>
    unused(
      `cc-invalid-${i}`,
      `A lifetime that is no number (${value === '' ? 'nothing' : value}) is none`,
      { 'Cache-Control': `max-age=${value}` },
      'optimal',
    ),
  ),
  reused('cc-overflow', 'A lifetime of 30 digits is a long one', {
    'Cache-Control': `max-age=${'9'.repeat(30)}`,
  }),
  unused('cc-no-store-case', 'NO-STORE is no-store', { 'Cache-Control': 'max-age=3600, No-STORE' }),
  unused('cc-no-cache-case', 'No-Cache is no-cache', { 'Cache-Control': 'max-age=3600, No-Cache' }),
  unused('cc-private-case', 'PRIVATE is private', { 'Cache-Control': 'max-age=3600, PRIVATE' }),
  unused('cc-no-store-value', 'no-store with a value is no-store', {
    'Cache-Control': 'max-age=3600, no-store=1',
  }),
  unused('cc-no-store-second-line', 'no-store on a second line counts', {
    'Cache-Control': ['max-age=3600', 'no-store'],
  }),
  unused('cc-s-maxage-0', 's-maxage=0 wins over max-age', { 'Cache-Control': 'max-age=3600, s-maxage=0' }),
  unused('cc-s-maxage-expires', 's-maxage=1 wins over Expires', {
    'Cache-Control': 's-maxage=1',
    Expires: 3600,
  }),
  unused('cc-max-age-expires', 'max-age=1 wins over Expires', {
    'Cache-Control': 'max-age=1',
    Expires: 3600,
  }),
  unused('cc-must-revalidate-stale', 'must-revalidate makes nothing fresh', {
    'Cache-Control': 'max-age=1, must-revalidate',
  }),
  ...(['private', 'no-cache'] as const).map((directive) =>
    caseOf('required', `cc-${directive}-field`, `What ${directive}="x" names is served to nobody else`, [
      given({ 'Cache-Control': `max-age=3600, ${directive}="X-One, x-two"`, 'X-One': '1', 'X-Two': '2' }),
      { expected_response_headers_missing: ['X-One', 'X-Two'] },
    ]),
  ),
];

const ages: CacheCase[] = [
  unused('age-equal', 'A page as old as its lifetime is stale', { ...hour, Age: '3600' }),
  unused('age-huge', 'An Age of 30 digits is a great one', { ...hour, Age: '9'.repeat(30) }),
  unused('age-spaces', 'Space around Age means nothing', { ...hour, Age: '  7200\t' }),
  unused('age-zeros', 'An Age may begin with zeros', { ...hour, Age: '0007200' }),
  unused('age-expires', 'Age counts against Expires too', { Expires: 3600, Date: 0, Age: '7200' }),
  unused('age-s-maxage', 'Age counts against s-maxage too', {
    'Cache-Control': 's-maxage=3600',
    Age: '7200',
  }),
  reused('age-empty', 'An empty Age is none', { ...hour, Age: '' }),
  reused('age-word', 'An Age that is a word is none', { ...hour, Age: 'old' }),
  caseOf('required', 'age-sum', 'Age goes on from where it stood when the page came', [
    given({ ...hour, Age: '30' }),
    {
      expected_type: 'cached',
      setup_tests: ['expected_type'],
      expected_response_headers: [['Age', '>', 31]],
    },
  ]),
];

const farAhead = Date.UTC(2040, 1, 3, 4, 5, 6);
const fixed = formatHttpDate(farAhead);
const [, clock] = /(\d\d:\d\d:\d\d)/.exec(fixed)!;

const expires: CacheCase[] = [
  reused('expires-no-date', 'Expires counts from the arrival where Date is missing', { Expires: 3600 }),
  reused('expires-rfc850', 'The form of RFC 850 is a date', {
    Expires: `Friday, 03-Feb-40 ${clock} GMT`,
  }),
  reused('expires-asctime', "asctime's form is a date", { Expires: `Fri Feb  3 ${clock} 2040` }),
  reused('expires-past-s-maxage', 's-maxage wins over an Expires in the past', {
    'Cache-Control': 's-maxage=3600',
    Expires: past,
  }),
  ...[
    ['', 'nothing'],
    ['-1', '-1'],
    ['never', 'a word'],
    [`${fixed} and more`, 'a date with more behind it'],
    [fixed.replace('GMT', '+0000'), 'a date with a numeric zone'],
    [fixed.replace('GMT', 'CET'), 'a date in another zone'],
    [fixed.replace('03', '3'), 'a date with one digit for the day'],
    [fixed.replace('03 Feb', '31 Feb'), 'a day that there is not'],
    [fixed.replace('04:05:06', '25:05:06'), 'an hour that there is not'],
    [fixed.replace('Feb', 'February'), "a month's full name"],
    [String(farAhead / 1000), 'a number of seconds'],
    [new Date(farAhead).toISOString(), 'an ISO date'],
  ].map(([value, what], i) =>
    unused(`expires-invalid-${i}`, `Expires that is ${what} is in the past`, { Expires: value!, Date: 0 }),
  ),
  caseOf('check', 'expires-case', 'Is Expires read whatever its case?', [
    given({ Expires: fixed.toLowerCase() }),
    { expected_type: 'cached' },
  ]),
  caseOf('required', 'expires-with-invalid-max-age', 'An invalid max-age is not healed by Expires', [
    given({ 'Cache-Control': 'max-age=x, must-revalidate', Expires: past }),
    fetched,
  ]),
];

/** All of them. */
export const freshnessCases: readonly CacheCase[] = [...directives, ...ages, ...expires];
