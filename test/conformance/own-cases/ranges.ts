// Ranges: parts served from a whole, and parts that are stored (RFC 9110 section 14, RFC 9111 sections 3.3 and 3.4).
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { asking, caseOf, type CaseFields, given, hour, lines } from './case-words.ts';

const digits = '0123456789';
const whole = given({ ...hour, ETag: '"abc"' }, { response_body: digits });

/** Asks a stored whole for a range. */
function served(
  kind: 'required' | 'optimal' | 'check',
  [id, name]: readonly [string, string],
  fields: CaseFields,
  expected: CaseRequest,
  first: CaseRequest = whole,
): CacheCase {
  return caseOf(kind, `range-${id}`, name, [first, asking(fields, expected)]);
}

function part(first: number, last: number): CaseRequest {
  return {
    ...{ expected_type: 'cached', expected_status: 206 },
    expected_response_text: digits.slice(first, last + 1),
    expected_response_headers: [
      ['Content-Range', `bytes ${first}-${last}/10`],
      ['Content-Length', String(last - first + 1)],
    ],
  };
}

const all: CaseRequest = { expected_status: 200, response_body: digits, expected_response_text: digits };
const changed = 'Tue, 05 May 2020 06:07:08 GMT';
const dated = given({ ...hour, 'Last-Modified': changed, Date: 0 }, { response_body: digits });

const fromWhole: CacheCase[] = [
  served('optimal', ['middle', 'Bytes in the middle'], { Range: 'bytes=3-6' }, part(3, 6)),
  served('optimal', ['one', 'One byte'], { Range: 'bytes=9-9' }, part(9, 9)),
  served('optimal', ['open', 'From a byte to the end'], { Range: 'bytes=7-' }, part(7, 9)),
  served('optimal', ['suffix', 'The last bytes'], { Range: 'bytes=-2' }, part(8, 9)),
  served('optimal', ['past-end', 'A range past the end is cut'], { Range: 'bytes=8-99' }, part(8, 9)),
  served(
    'optimal',
    ['long-suffix', 'A suffix longer than the page is the page'],
    { Range: 'bytes=-99' },
    part(0, 9),
  ),
  served(
    'optimal',
    ['unsatisfiable', 'A range behind the end gets 416'],
    { Range: 'bytes=10-' },
    {
      expected_status: 416,
      expected_response_headers: [['Content-Range', 'bytes */10']],
      expected_response_text: null,
    },
  ),
  served('required', ['unit', 'Another unit is ignored'], { Range: 'lines=1-2' }, all),
  served('required', ['backwards', 'A range that runs backwards is ignored'], { Range: 'bytes=6-3' }, all),
  served('required', ['word', 'What is no range is ignored'], { Range: 'bytes=a-b' }, all),
  served(
    'check',
    ['several', 'Are several ranges answered with the whole?'],
    { Range: 'bytes=0-1,4-5' },
    all,
  ),
  served(
    'optimal',
    ['if-tag', 'If-Range with the tag'],
    { Range: 'bytes=0-1', 'If-Range': '"abc"' },
    part(0, 1),
  ),
  served(
    'required',
    ['if-other-tag', 'If-Range with another tag gets the whole'],
    { Range: 'bytes=0-1', 'If-Range': '"abd"' },
    all,
  ),
  served(
    'required',
    ['if-weak-tag', 'A weak tag promises no bytes'],
    { Range: 'bytes=0-1', 'If-Range': 'W/"abc"' },
    all,
  ),
  served(
    'optimal',
    ['if-date', 'If-Range with the date'],
    { Range: 'bytes=0-1', 'If-Range': changed },
    part(0, 1),
    dated,
  ),
  served(
    'required',
    ['if-later-date', 'Another date gets the whole'],
    { Range: 'bytes=0-1', 'If-Range': 'Tue, 05 May 2020 06:07:09 GMT' },
    all,
    dated,
  ),
  served(
    'required',
    ['not-found', 'A 404 has no ranges'],
    { Range: 'bytes=0-1' },
    {
      expected_status: 404,
      expected_response_text: digits,
      response_status: [404, 'Not Found'],
      response_body: digits,
    },
    given(hour, { response_body: digits, response_status: [404, 'Not Found'] }),
  ),
  caseOf('required', 'range-head', 'Ranges are for GET alone', [
    whole,
    asking({ Range: 'bytes=0-1' }, { request_method: 'HEAD', expected_status: 200 }),
  ]),
  caseOf('required', 'range-condition-first', 'If-None-Match is asked before Range', [
    whole,
    asking(
      { Range: 'bytes=0-1', 'If-None-Match': '"abc"' },
      { expected_status: 304, response_status: [304, 'Not Modified'] },
    ),
  ]),
];

/** A part that the origin sent for a range, with what it says of the whole. */
function givenPart(first: number, last: number, fields: CaseFields = {}): CaseRequest {
  return {
    request_headers: lines({ Range: `bytes=${first}-${last}` }),
    response_status: [206, 'Partial Content'],
    response_headers: lines({
      ...hour,
      'Content-Range': `bytes ${first}-${last}/10`,
      ETag: '"abc"',
      ...fields,
    }),
    response_body: digits.slice(first, last + 1),
    setup: true,
  };
}

const kept: CacheCase[] = [
  caseOf('optimal', 'part-same', 'A part answers the same range', [
    givenPart(4, 8),
    asking({ Range: 'bytes=4-8' }, part(4, 8)),
  ]),
  caseOf('optimal', 'part-inner', 'A part answers a range inside it', [
    givenPart(2, 8),
    asking({ Range: 'bytes=4-6' }, part(4, 6)),
  ]),
  caseOf('optimal', 'part-open', 'A part at the end answers a range to the end', [
    givenPart(4, 9),
    asking({ Range: 'bytes=6-' }, part(6, 9)),
  ]),
  caseOf('optimal', 'part-suffix', 'A part at the end answers a suffix', [
    givenPart(4, 9),
    asking({ Range: 'bytes=-3' }, part(7, 9)),
  ]),
  caseOf('optimal', 'part-all', 'A part that is all answers everything', [
    givenPart(0, 9),
    { expected_type: 'cached', expected_status: 200, expected_response_text: digits },
  ]),
  caseOf('required', 'part-whole', 'A part is not the whole', [
    givenPart(0, 4),
    { ...all, expected_type: 'not_cached' },
  ]),
  caseOf('required', 'part-outside', 'A part answers no range outside it', [
    givenPart(0, 4),
    asking(
      { Range: 'bytes=3-6' },
      { expected_type: 'not_cached', expected_status: null, expected_response_text: null },
    ),
  ]),
  caseOf('required', 'part-stale', 'A stale part answers nothing', [
    { ...givenPart(0, 4, { 'Cache-Control': 'max-age=1' }), pause_after: true },
    asking(
      { Range: 'bytes=0-4' },
      { expected_type: 'not_cached', expected_status: null, expected_response_text: null },
    ),
  ]),
  caseOf('required', 'part-no-store', 'A part that says no-store is not kept', [
    givenPart(0, 4, { 'Cache-Control': 'no-store' }),
    asking(
      { Range: 'bytes=0-4' },
      { expected_type: 'not_cached', expected_status: null, expected_response_text: null },
    ),
  ]),
  caseOf('required', 'part-other-tag', 'Parts of different wholes are not one', [
    givenPart(0, 4),
    givenPart(5, 9, { ETag: '"abd"' }),
    { ...all, expected_type: 'not_cached' },
  ]),
  caseOf('required', 'part-weak-tag', 'Parts under a weak tag are not one', [
    givenPart(0, 4, { ETag: 'W/"abc"' }),
    givenPart(5, 9, { ETag: 'W/"abc"' }),
    { ...all, expected_type: 'not_cached' },
  ]),
  caseOf('optimal', 'part-combined', 'Parts under one strong tag are one', [
    givenPart(0, 4),
    givenPart(5, 9),
    { expected_type: 'cached', expected_status: 200, expected_response_text: digits },
  ]),
  caseOf('optimal', 'part-completed', 'Of a part under a strong tag only the rest is asked for', [
    givenPart(0, 4),
    {
      expected_request_headers: [['Range', 'bytes=5-']],
      response_status: [206, 'Partial Content'],
      response_headers: lines({ ...hour, 'Content-Range': 'bytes 5-9/10', ETag: '"abc"' }),
      ...{ response_body: '56789', expected_status: 200, expected_response_text: digits },
    },
  ]),
];

/** All of them. */
export const rangeCases: readonly CacheCase[] = [...fromWhole, ...kept];
