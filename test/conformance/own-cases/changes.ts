// What other methods do to what is stored, and who may be served what was got with Authorization (RFC 9111 sections 3.5 and
// 4.4, RFC 9110 section 9).
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { asking, caseOf, fetched, given, hour, stored } from './case-words.ts';

const page = given(hour);

function change(method: string, status: number, more: Partial<CaseRequest> = {}): CaseRequest {
  return {
    ...{ request_method: method, request_body: 'x', setup: true, expected_method: method },
    ...{ response_status: [status, 'Chosen'], check_body: false },
    ...more,
  };
}

const voided = (['POST', 'PUT', 'DELETE', 'PATCH', 'FROB', 'MKCOL', 'LOCK'] as const).map((method) =>
  caseOf('required', `change-${method}`, `A ${method} that succeeds voids its address`, [
    page,
    change(method, method === 'DELETE' ? 202 : 201),
    fetched,
  ]),
);
const redirected = [301, 302, 303, 307, 308].map((status) =>
  caseOf('required', `change-${status}`, `A POST that is answered ${status} voids its address`, [
    page,
    change('POST', status, { response_headers: [['Location', '/elsewhere']] }),
    fetched,
  ]),
);
const failed = (['POST', 'PATCH', 'FROB'] as const).flatMap((method) =>
  [400, 403, 404, 409, 500, 503].map((status) =>
    caseOf(
      'optimal',
      `change-${method}-${status}`,
      `A ${method} that fails with ${status} has changed nothing`,
      [page, change(method, status), stored],
    ),
  ),
);
const safe = (['OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'] as const).map((method) =>
  caseOf('optimal', `safe-${method}`, `A ${method} changes nothing`, [page, change(method, 200), stored]),
);

const places = (['POST', 'PATCH'] as const).flatMap((method) =>
  (['Location', 'Content-Location'] as const).map((field) =>
    caseOf('check', `change-${method}-${field}`, `Does a ${method} void what ${field} names?`, [
      given(hour, { filename: 'other' }),
      change(method, 201, { response_headers: [[field, 'other']], magic_locations: true }),
      { filename: 'other', expected_type: 'not_cached' },
    ]),
  ),
);

const methods: CacheCase[] = [
  ...(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'] as const).map((method) =>
    caseOf('required', `through-${method}`, `A stored GET answers no ${method}`, [
      page,
      change(method, 200, { setup: false, expected_type: 'not_cached' }),
    ]),
  ),
  ...(['POST', 'PUT', 'PATCH', 'OPTIONS', 'FROB'] as const).map((method) =>
    caseOf('required', `answer-${method}`, `The answer to a ${method} is none to a GET`, [
      change(method, 200, { response_headers: [['Cache-Control', 'max-age=3600']] }),
      fetched,
    ]),
  ),
  caseOf(
    'required',
    'answer-POST-elsewhere',
    'The answer to a POST that names another place is none to a GET',
    [
      change('POST', 200, {
        magic_locations: true,
        response_headers: [
          ['Cache-Control', 'max-age=3600'],
          ['Content-Location', 'other'],
        ],
      }),
      fetched,
    ],
  ),
  caseOf('required', 'answer-POST-no-lifetime', 'Nor is one that names no lifetime', [
    change('POST', 200, {
      magic_locations: true,
      response_headers: [
        ['Last-Modified', -86_400],
        ['Date', 0],
        ['Content-Location', ''],
      ],
    }),
    fetched,
  ]),
];

const basic = asking({ Authorization: 'Basic YTpi' }).request_headers!;
const signed = (directives: string): CaseRequest =>
  given({ 'Cache-Control': directives, Date: 0 }, { request_headers: basic });

const authorization: CacheCase[] = [
  ...['public, max-age=3600', 's-maxage=3600'].map((directives, i) =>
    caseOf('optimal', `auth-open-${i}`, `${directives} opens what was got with Authorization`, [
      signed(directives),
      stored,
    ]),
  ),
  ...[
    'max-age=3600',
    'max-age=3600, private',
    's-maxage=3600, private',
    'max-age=3600, proxy-revalidate',
    'public, no-store',
  ].map((directives, i) =>
    caseOf('required', `auth-closed-${i}`, `${directives} does not`, [signed(directives), fetched]),
  ),
  caseOf('required', 'auth-other-user', 'Nor is one user served what another got', [
    signed('max-age=3600'),
    asking({ Authorization: 'Basic Yzpk' }, fetched),
  ]),
  caseOf('required', 'auth-same-user', 'Not even the same user, in a shared cache', [
    signed('max-age=3600'),
    { request_headers: basic, expected_type: 'not_cached' },
  ]),
  caseOf('required', 'request-no-store', 'What a request with no-store got is not kept', [
    given(hour, { request_headers: [['Cache-Control', 'no-store']] }),
    fetched,
  ]),
  caseOf('required', 'request-no-store-line', 'Not with no-store on a second line either', [
    given(hour, {
      request_headers: [
        ['Cache-Control', 'max-stale'],
        ['Cache-Control', 'no-store'],
      ],
    }),
    fetched,
  ]),
];

/** All of them. */
export const changeCases: readonly CacheCase[] = [
  ...voided,
  ...redirected,
  ...failed,
  ...safe,
  ...places,
  ...methods,
  ...authorization,
];
