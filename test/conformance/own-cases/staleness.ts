// Stale pages: who forbids them, who asks for them (RFC 9111 section 4.2.4, RFC 5861), and answers before the final one
// (RFC 8297), which are not stored.
import type { CacheCase, CaseRequest } from '../cache-cases.ts';
import { caseOf, type CaseFields, fetched, given, hour, lines, unanswered } from './case-words.ts';

const page = (directives: string, fields: CaseFields = {}): CaseRequest =>
  given({ 'Cache-Control': directives, ...fields });

const failing = (status: number, expected: number, type: 'cached' | 'not_cached'): CaseRequest => ({
  ...{ response_status: [status, 'Chosen'], expected_status: expected, expected_type: type },
  check_body: false,
});

const errors: CacheCase[] = [
  ...[500, 502, 503, 504].map((status) =>
    caseOf('optimal', `sie-${status}`, `stale-if-error hides a ${status}`, [
      page('max-age=1, stale-if-error=3600'),
      failing(status, 200, 'cached'),
    ]),
  ),
  caseOf('optimal', 'sie-close', 'stale-if-error hides an origin that hangs up', [
    page('max-age=1, stale-if-error=3600'),
    { disconnect: true, expected_type: 'cached' },
  ]),
  ...[400, 404, 410].map((status) =>
    caseOf('required', `sie-${status}`, `stale-if-error does not hide a ${status}`, [
      page('max-age=1, stale-if-error=3600'),
      failing(status, status, 'not_cached'),
    ]),
  ),
  caseOf('required', 'sie-over', 'stale-if-error ends', [
    page('max-age=1, stale-if-error=1'),
    failing(503, 503, 'not_cached'),
  ]),
  ...['must-revalidate', 'proxy-revalidate', 'no-cache'].map((directive) =>
    caseOf('required', `sie-${directive}`, `${directive} wins over stale-if-error`, [
      page(`max-age=1, stale-if-error=3600, ${directive}`, { ETag: '"abc"' }),
      failing(503, 503, 'not_cached'),
    ]),
  ),
];

const closes: CacheCase[] = [
  ...[
    'max-age=1, must-revalidate',
    'max-age=1, proxy-revalidate',
    's-maxage=1',
    'max-age=3600, no-cache',
  ].map((directives, i) =>
    caseOf('required', `close-${i}`, `${directives} forbids a stale page when the origin hangs up`, [
      page(directives, { ETag: '"abc"' }),
      unanswered,
    ]),
  ),
  caseOf('required', 'close-nothing', 'What was never stored stands in for nothing', [
    page('no-store'),
    unanswered,
  ]),
];

const refreshes: CacheCase[] = [
  caseOf('optimal', 'swr-no-validator', 'stale-while-revalidate needs no validator', [
    page('max-age=1, stale-while-revalidate=3600'),
    { expected_type: 'cached' },
  ]),
  caseOf('required', 'swr-0', 'stale-while-revalidate=0 asks for nothing', [
    page('max-age=1, stale-while-revalidate=0'),
    fetched,
  ]),
  caseOf('required', 'swr-word', 'Nor does one that is no number', [
    page('max-age=1, stale-while-revalidate=long'),
    fetched,
  ]),
  ...['must-revalidate', 'proxy-revalidate', 'no-cache'].map((directive) =>
    caseOf('required', `swr-${directive}`, `${directive} wins over stale-while-revalidate`, [
      page(`max-age=1, stale-while-revalidate=3600, ${directive}`),
      fetched,
    ]),
  ),
  caseOf('optimal', 'swr-refreshes', 'The page after the stale one is new', [
    page('max-age=1, stale-while-revalidate=3600'),
    {
      expected_type: 'cached',
      response_headers: lines({ ...hour, 'X-Round': '2' }),
      setup: true,
      pause_after: true,
    },
    { expected_response_headers: [['X-Round', '2']], expected_type: 'cached' },
  ]),
];

const early: readonly [number, ReadonlyArray<readonly [string, string]>] = [
  103,
  [
    ['link', '</a.css>; rel=preload'],
    ['x-early', '1'],
  ],
];
const interims: CacheCase[] = [
  caseOf('optimal', 'interim-two', 'Two interim answers are passed on in order', [
    { interim_responses: [[102, []], early], expected_interim_responses: [[102, []], early], ...given(hour) },
    { expected_type: 'cached' },
  ]),
  caseOf('required', 'interim-fields', 'Fields of an interim answer are not those of the final one', [
    { interim_responses: [early], ...given(hour) },
    { expected_response_headers_missing: ['X-Early'], expected_interim_responses: [] },
  ]),
  caseOf('required', 'interim-lifetime', 'Nor is its lifetime', [
    { interim_responses: [[103, [['cache-control', 'max-age=3600']]]], setup: true, pause_after: true },
    fetched,
  ]),
];

/** All of them. */
export const staleCases: readonly CacheCase[] = [...errors, ...closes, ...refreshes, ...interims];
