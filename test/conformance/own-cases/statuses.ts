// Which statuses are kept: with a lifetime all but those that are about one request, without one only those of RFC 9110
// section 15.1 (RFC 9111 sections 3, 4.2.2 and 5.2.2.3, RFC 6585).
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { caseOf, type CaseFields, given, stored } from './case-words.ts';

function answered(status: number, fields: CaseFields): CaseRequest {
  return given(
    { 'X-Page': 'p', Date: 0, ...fields },
    {
      response_status: [status, 'Chosen'],
      // It has none (RFC 9110 section 15.3.6), and HTTP/2 clients insist.
      ...(status === 205 ? { response_body: '' } : {}),
    },
  );
}

/** The second request, to which the origin would answer 200. */
function again(status: number, type: 'cached' | 'not_cached'): CaseRequest {
  return { expected_type: type, expected_status: type === 'cached' ? status : 200, check_body: false };
}

const explicit = [203, 299, 300, 302, 402, 403, 405, 406, 409, 418, 422, 451, 501, 502, 504, 505].flatMap(
  (status): CacheCase[] => [
    caseOf('optimal', `status-${status}-fresh`, `A ${status} with a lifetime is reused`, [
      answered(status, { 'Cache-Control': 'max-age=3600' }),
      again(status, 'cached'),
    ]),
    caseOf('required', `status-${status}-stale`, `A ${status} is not reused after its lifetime`, [
      answered(status, { 'Cache-Control': 'max-age=1' }),
      again(status, 'not_cached'),
    ]),
  ],
);

/** RFC 6585 forbids to store them, whatever they say. */
const forbidden = [428, 429, 431, 511].map((status) =>
  caseOf('required', `status-${status}-never`, `A ${status} is not stored, whatever it says (RFC 6585)`, [
    answered(status, { 'Cache-Control': 'public, max-age=3600' }),
    again(status, 'not_cached'),
  ]),
);

const guessed = [202, 205, 302, 303, 307, 400, 401, 402, 409, 418, 499, 500, 502, 504].map((status) =>
  caseOf('required', `guess-${status}`, `A ${status} without a lifetime is given none by guess`, [
    answered(status, { 'Last-Modified': -86_400 }),
    again(status, 'not_cached'),
  ]),
);

const guessable = [300, 301, 308, 404].map((status) =>
  caseOf('optimal', `guess-${status}`, `A ${status} may be given a lifetime by guess`, [
    answered(status, { 'Last-Modified': -86_400 }),
    again(status, 'cached'),
  ]),
);

const guesses: CacheCase[] = [
  caseOf('optimal', 'guess-302-public', 'A 302 that says public may be given a lifetime by guess', [
    answered(302, { 'Last-Modified': -86_400, 'Cache-Control': 'public' }),
    again(302, 'cached'),
  ]),
  caseOf('required', 'guess-max-age-0', 'What names a lifetime is given none by guess: max-age=0', [
    given({ 'Last-Modified': -86_400, Date: 0, 'Cache-Control': 'max-age=0' }),
    { expected_type: 'not_cached' },
  ]),
  caseOf('required', 'guess-expires-invalid', 'What names a lifetime is given none by guess: bad Expires', [
    given({ 'Last-Modified': -86_400, Date: 0, Expires: 'soon' }),
    { expected_type: 'not_cached' },
  ]),
  caseOf('required', 'guess-future', 'Who was changed in the future has no past to guess by', [
    given({ 'Last-Modified': 86_400, Date: 0 }),
    { expected_type: 'not_cached' },
  ]),
];

const understood: CacheCase[] = [
  caseOf(
    'optimal',
    'must-understand-200',
    'Who understands a status ignores no-store beside must-understand',
    [answered(200, { 'Cache-Control': 'max-age=3600, no-store, must-understand' }), stored],
  ),
  caseOf('optimal', 'must-understand-404', 'The same for a 404', [
    answered(404, { 'Cache-Control': 'must-understand, no-store, max-age=3600' }),
    again(404, 'cached'),
  ]),
  caseOf(
    'required',
    'must-understand-599',
    'A status that nobody understands is not kept with must-understand',
    [answered(599, { 'Cache-Control': 'max-age=3600, must-understand' }), again(599, 'not_cached')],
  ),
  caseOf('required', 'must-understand-499-no-store', 'Nor with no-store beside it', [
    answered(499, { 'Cache-Control': 'max-age=3600, no-store, must-understand' }),
    again(499, 'not_cached'),
  ]),
];

/** All of them. */
export const statusCases: readonly CacheCase[] = [
  ...explicit,
  ...forbidden,
  ...guessed,
  ...guessable,
  ...guesses,
  ...understood,
];
