// Conditions: those of a client that a stored page answers, and those that a cache puts to the origin about a page of its
// own (RFC 9111 section 4.3, RFC 9110 section 13).
import { formatHttpDate } from '#http/http-date.ts';
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { asking, caseOf, type CaseFields, given, hour, second } from './case-words.ts';

const changedMs = Date.UTC(2020, 4, 5, 6, 7, 8);
const changed = formatHttpDate(changedMs);
const page = { ...hour, ETag: '"abc"', 'Last-Modified': changed, Date: 0 } as const;

/** What a fresh page says to a condition: 304, or the page itself. */
function asked(
  status: 200 | 304,
  [id, name]: readonly [string, string],
  condition: CaseFields,
  fields: CaseFields = page,
  more: Partial<CaseRequest> = {},
): CacheCase {
  return caseOf(status === 304 ? 'optimal' : 'required', `condition-${id}`, name, [
    given(fields),
    asking(condition, {
      expected_status: status,
      ...(status === 304 ? { expected_type: 'cached' } : {}),
      ...more,
    }),
  ]);
}

const tags: CacheCase[] = [
  asked(304, ['star', 'If-None-Match: * names what is stored'], { 'If-None-Match': '*' }),
  asked(304, ['middle', 'The tag may stand in the middle of a list'], {
    'If-None-Match': '"x", "abc", W/"y"',
  }),
  asked(304, ['weak-asked', 'A weak tag names the strong one'], { 'If-None-Match': 'W/"abc"' }),
  asked(
    304,
    ['weak-stored', 'A strong tag names the weak one'],
    { 'If-None-Match': '"abc"' },
    {
      ...page,
      ETag: 'W/"abc"',
    },
  ),
  asked(304, ['comma', 'A tag may hold a comma'], { 'If-None-Match': '"a,b"' }, { ...page, ETag: '"a,b"' }),
  asked(304, ['empty-tag', 'A tag may be empty'], { 'If-None-Match': '""' }, { ...page, ETag: '""' }),
  asked(304, ['two-lines', 'The list may stand on two lines'], { 'If-None-Match': ['"x"', '"abc"'] }),
  asked(200, ['other', 'Another tag gets the page'], { 'If-None-Match': '"abd"' }),
  asked(200, ['part', 'A part of a tag names nothing'], { 'If-None-Match': '"ab"' }),
  asked(200, ['tag-case', 'Tags have a case'], { 'If-None-Match': '"ABC"' }),
  asked(200, ['inside', 'A tag inside another names nothing'], { 'If-None-Match': '"x, abc"' }),
  asked(200, ['tag-wins', 'If-None-Match wins over a date that would hold'], {
    'If-None-Match': '"x"',
    'If-Modified-Since': changed,
  }),
];

const dates: CacheCase[] = [
  asked(304, ['since', 'If-Modified-Since as it was sent'], { 'If-Modified-Since': changed }),
  asked(304, ['since-later', 'A later one'], { 'If-Modified-Since': formatHttpDate(changedMs + 60_000) }),
  asked(304, ['since-rfc850', 'One in the form of RFC 850'], {
    'If-Modified-Since': 'Tuesday, 05-May-20 06:07:08 GMT',
  }),
  asked(304, ['since-asctime', "One in asctime's form"], { 'If-Modified-Since': 'Tue May  5 06:07:08 2020' }),
  asked(
    304,
    ['since-date', 'Without Last-Modified, Date stands in'],
    { 'If-Modified-Since': 60 },
    {
      ...hour,
      Date: 0,
    },
  ),
  asked(200, ['since-earlier', 'An earlier one gets the page'], {
    'If-Modified-Since': formatHttpDate(changedMs - 1000),
  }),
  asked(200, ['since-word', 'One that is no date is ignored'], { 'If-Modified-Since': 'yesterday' }),
];

const notModified: CacheCase[] = [
  asked(
    304,
    ['fields', 'A 304 repeats what a copy needs'],
    { 'If-None-Match': '"abc"' },
    {
      ...page,
      Vary: 'Foo',
      Expires: formatHttpDate(Date.UTC(2040, 0, 1)),
      'Content-Location': '/there',
    },
    {
      expected_response_headers: [
        ['Cache-Control', 'max-age=3600'],
        ['Vary', 'Foo'],
        ['Content-Location', '/there'],
        'Expires',
        'Date',
      ],
    },
  ),
  asked(304, ['head', 'A HEAD has conditions too'], { 'If-None-Match': '"abc"' }, page, {
    request_method: 'HEAD',
  }),
];

const validations: CacheCase[] = [
  caseOf('optimal', 'validate-both', 'A cache that has both validators sends both', [
    given({ ...page, ...second }),
    {
      expected_type: 'etag_validated',
      expected_request_headers: [
        ['If-None-Match', '"abc"'],
        ['If-Modified-Since', changed],
      ],
    },
  ]),
  caseOf('optimal', 'validate-no-cache', 'What says no-cache is kept and asked about', [
    given({ ...page, 'Cache-Control': 'no-cache' }),
    { expected_type: 'etag_validated' },
  ]),
  caseOf('optimal', 'validate-max-age-0', 'So is what says max-age=0', [
    given({ ...page, 'Cache-Control': 'max-age=0' }),
    { expected_type: 'etag_validated' },
  ]),
  caseOf('optimal', 'validate-client-tag', 'A client whose copy is the stored one gets a 304 after it', [
    given({ ...page, ...second }),
    asking({ 'If-None-Match': '"abc"' }, { expected_type: 'etag_validated', expected_status: 304 }),
  ]),
  caseOf('optimal', 'validate-other-client-tag', 'A client with another copy gets the page after it', [
    given({ ...page, ...second, ETag: 'W/"abc"' }),
    asking(
      { 'If-None-Match': '"older"' },
      {
        expected_status: 200,
        response_status: [304, 'Not Modified'],
        expected_request_headers: [['If-None-Match', 'W/"abc"']],
      },
    ),
  ]),
  caseOf('required', 'validate-replaced', 'What comes instead of a 304 replaces what was stored', [
    given({ ...page, ...second }),
    {
      response_headers: [
        ['Cache-Control', 'max-age=3600'],
        ['ETag', '"new"'],
      ],
      response_body: 'new',
      expected_type: 'not_cached',
    },
    { expected_response_text: 'new', response_body: 'new' },
  ]),
  caseOf('optimal', 'validate-fresh-again', 'A 304 makes the page fresh again', [
    given({ ...page, ...second }),
    {
      expected_type: 'etag_validated',
      response_headers: [
        ['Cache-Control', 'max-age=3600'],
        ['ETag', '"abc"'],
      ],
      setup: true,
      pause_after: true,
    },
    { expected_type: 'cached' },
  ]),
];

/** All of them. */
export const conditionCases: readonly CacheCase[] = [...tags, ...dates, ...notModified, ...validations];
