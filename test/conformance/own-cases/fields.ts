// Which fields of a response are kept, and what a 304 or a HEAD changes of them (RFC 9111 sections 3.1, 3.2, 4.3.4, 4.3.5,
// RFC 9110 section 7.6.1).
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { caseOf, type CaseFields, given, hour, lines, second } from './case-words.ts';

const values: Readonly<Record<string, string>> = {
  ...{ 'Accept-Ranges': 'bytes', Allow: 'GET, HEAD', 'Alt-Svc': 'h3=":443"; ma=60' },
  ...{ 'Access-Control-Allow-Origin': '*', 'Content-Disposition': 'inline; filename="a,b.txt"' },
  ...{
    'Content-Encoding': 'x-own',
    'Content-Language': 'de, en',
    'Cross-Origin-Opener-Policy': 'same-origin',
  },
  ...{
    'Content-Digest': 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:',
    Expires: 'Fri, 03 Feb 2040 04:05:06 GMT',
  },
  ...{
    'Last-Modified': 'Tue, 05 May 2020 06:07:08 GMT',
    Link: '</a.css>; rel=preload, </b.js>; rel=preload',
  },
  ...{ 'Permissions-Policy': 'camera=()', 'Referrer-Policy': 'no-referrer', 'Retry-After': '120' },
  ...{ Server: 'own/1', 'Server-Timing': 'db;dur=5', SourceMap: '/a.map', Vary: 'Foo' },
  ...{ 'Strict-Transport-Security': 'max-age=60', 'X-Content-Type-Options': 'nosniff', 'X-Empty': '' },
  ...{ 'X-Odd_.~!#$': 'a', 'X-Long': 'l'.repeat(4000), 'X-Obs': 'caf\u00e9', 'X-Tab': 'a\tb' },
};

const keptFields = Object.entries(values).map(([name, value]) =>
  caseOf('required', `field-${name.replace(/[^A-Za-z0-9-]/g, '')}`, `${name} is kept`, [
    given({ ...hour, [name]: value }),
    { expected_type: 'cached', setup_tests: ['expected_type'], expected_response_headers: [[name, value]] },
  ]),
);

/** What belongs to one connection. */
function dropped(id: string, name: string, fields: CaseFields, missing: readonly string[]): CacheCase {
  return caseOf('required', `hop-${id}`, name, [
    given({ ...hour, ...fields }),
    { expected_type: 'cached', setup_tests: ['expected_type'], expected_response_headers_missing: missing },
  ]);
}

const hops: CacheCase[] = [
  dropped('proxy-connection', 'Proxy-Connection is not kept', { 'Proxy-Connection': 'x-abc' }, [
    'Proxy-Connection',
  ]),
  dropped('named-case', 'Names in Connection have no case', { Connection: 'x-ONE', 'X-One': '1' }, ['X-One']),
  dropped(
    'named-lines',
    'All lines of Connection count',
    { Connection: ['x-one', 'x-two'], 'X-One': '1', 'X-Two': '2' },
    ['X-One', 'X-Two'],
  ),
  dropped(
    'keep-alive',
    'What is named twice goes once',
    { Connection: 'keep-alive, x-one', 'Keep-Alive': 'timeout=5', 'X-One': '1' },
    ['X-One'],
  ),
];

const through: CacheCase[] = [
  caseOf('required', 'hop-through', 'What Connection names on any of its lines is not passed on either', [
    given(
      { 'Cache-Control': 'no-store', Connection: ['x-one', 'x-two'], 'X-One': '1', 'X-Two': '2' },
      { setup: false, expected_response_headers_missing: ['X-One', 'X-Two'] },
    ),
  ]),
];

const several: CacheCase[] = [
  caseOf('required', 'field-lines', 'Lines of one name are kept in order', [
    given({ ...hour, 'X-List': ['a', 'b', 'c'] }),
    {
      expected_type: 'cached',
      setup_tests: ['expected_type'],
      expected_response_headers: [['X-List', 'a, b, c']],
    },
  ]),
  caseOf('required', 'field-hundred', 'A hundred fields are kept', [
    given({ ...hour, ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`X-${i}`, String(i)])) }),
    {
      expected_type: 'cached',
      setup_tests: ['expected_type'],
      expected_response_headers: [
        ['X-0', '0'],
        ['X-99', '99'],
      ],
    },
  ]),
];

/** A stale page, a 304 with other fields, and the page after it. */
function updated(
  kind: 'required' | 'check',
  [id, name]: readonly [string, string],
  [before, news, after]: readonly [CaseFields, CaseFields, Partial<CaseRequest>],
): CacheCase {
  const tag = { ETag: '"abc"' };
  const expectations = { setup_tests: ['expected_type'], ...after };
  return caseOf(kind, `update-${id}`, name, [
    given({ ...second, ...tag, ...before }),
    {
      response_headers: lines({ ...hour, ...tag, ...news }),
      expected_type: 'etag_validated',
      ...expectations,
    },
    { expected_type: 'cached', ...expectations },
  ]);
}

const updates: CacheCase[] = [
  updated(
    'required',
    ['link', 'A 304 changes Link'],
    [{ Link: '</a>' }, { Link: '</b>' }, { expected_response_headers: [['Link', '</b>']] }],
  ),
  updated(
    'required',
    ['new', 'A 304 brings a field that was not there'],
    [{}, { 'X-New': '1' }, { expected_response_headers: [['X-New', '1']] }],
  ),
  updated(
    'required',
    ['kept', 'A 304 leaves what it does not name'],
    [{ 'X-Old': '1' }, { 'X-New': '1' }, { expected_response_headers: [['X-Old', '1']] }],
  ),
  updated(
    'required',
    ['lines', 'A 304 changes all lines of a name'],
    [
      { 'X-List': ['a', 'b', 'c'] },
      { 'X-List': ['d', 'e'] },
      { expected_response_headers: [['X-List', 'd, e']] },
    ],
  ),
  updated(
    'required',
    ['coding', 'A 304 does not change Content-Encoding'],
    [
      { 'Content-Encoding': 'x-own' },
      { 'Content-Encoding': 'x-other' },
      { expected_response_headers: [['Content-Encoding', 'x-own']] },
    ],
  ),
  updated(
    'required',
    ['range', 'A 304 brings no Content-Range'],
    [{}, { 'Content-Range': 'bytes 0-1/2' }, { expected_response_headers_missing: ['Content-Range'] }],
  ),
  updated(
    'required',
    ['hop', 'A 304 brings nothing of its connection'],
    [{}, { Connection: 'x-hop', 'X-Hop': '1' }, { expected_response_headers_missing: ['X-Hop'] }],
  ),
];

const tagged = { ...second, ETag: '"abc"' } as const;
const heads: CacheCase[] = [
  caseOf('optimal', 'head-from-get', 'A stored GET answers a HEAD', [
    given({ ...hour, 'X-One': '1' }),
    {
      request_method: 'HEAD',
      expected_type: 'cached',
      expected_response_headers: [['X-One', '1'], 'Content-Length'],
    },
  ]),
  caseOf('required', 'head-not-get', 'A HEAD answers no GET with an empty page', [
    given({ ...hour }, { request_method: 'HEAD' }),
    { expected_status: 200 },
  ]),
  caseOf('optimal', 'head-other-tag', 'A HEAD with another tag voids the stored GET', [
    given({ ...hour, 'Cache-Control': 'max-age=3600, no-cache', ETag: '"abc"' }),
    {
      request_method: 'HEAD',
      response_headers: lines({ ...hour, ETag: '"abd"' }),
      expected_method: 'HEAD',
      expected_type: 'not_cached',
      setup: true,
    },
    { expected_type: 'not_cached', response_headers: lines({ ...hour, ETag: '"abd"' }) },
  ]),
  caseOf('check', 'head-same-tag', 'Does a HEAD with the same tag make the stored GET fresh?', [
    given(tagged),
    {
      request_method: 'HEAD',
      response_headers: lines({ ...hour, ETag: '"abc"' }),
      expected_method: 'HEAD',
      setup: true,
    },
    { expected_type: 'cached' },
  ]),
];

/** All of them. */
export const fieldCases: readonly CacheCase[] = [
  ...keptFields,
  ...hops,
  ...through,
  ...several,
  ...updates,
  ...heads,
];
