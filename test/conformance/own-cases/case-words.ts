// The words in which our own cache cases are written: a page is stored, time passes, it is asked for again. The form is that
// of the public suite's data (cache-cases.ts), so one judge runs both; what the cases say comes from the RFCs they name.
import type { CacheCase, CaseField, CaseRequest } from '../cache-cases.ts';

type Kind = 'required' | 'optimal' | 'check';

/** Fields by name; a number stands for a date so many seconds from now, a list for several lines. */
export type CaseFields = Readonly<Record<string, string | number | readonly string[]>>;

/** A case of this many requests, each of which says what it is about. */
export function caseOf(
  kind: Kind,
  id: string,
  name: string,
  requests: readonly CaseRequest[],
  // What cannot store at all shows nothing by asking again.
  depends_on: readonly string[] = ['freshness-max-age'],
): CacheCase {
  return { id: `own-${id}`, name, kind, depends_on, requests };
}

/** Field lines as a case has them. */
export function lines(fields: CaseFields): CaseField[] {
  return Object.entries(fields).flatMap(([name, value]): CaseField[] =>
    typeof value === 'object' ? value.map((line) => [name, line]) : [[name, value]],
  );
}

/** What the origin answers, for the first of a case's requests; three seconds pass after it. */
export function given(fields: CaseFields, more: Partial<CaseRequest> = {}): CaseRequest {
  return { response_headers: lines(fields), setup: true, pause_after: true, ...more };
}

/** A request with these fields. */
export function asking(fields: CaseFields, more: Partial<CaseRequest> = {}): CaseRequest {
  return { request_headers: lines(fields), ...more };
}

/** Expects what is stored. */
export const stored: CaseRequest = { expected_type: 'cached' };
/** Expects an answer of the origin. */
export const fetched: CaseRequest = { expected_type: 'not_cached' };

/** The origin hangs up, and nothing that was stored stands in for its answer. */
export const unanswered: CaseRequest = {
  disconnect: true,
  expected_status: null,
  check_body: false,
  expected_response_headers_missing: ['Server-Request-Count'],
};

/** A page with these fields answers the next request too. */
export function reused(id: string, name: string, fields: CaseFields, kind: Kind = 'optimal'): CacheCase {
  return caseOf(kind, id, name, [given(fields), stored]);
}

/** A page with these fields answers nobody but who asked. */
export function unused(id: string, name: string, fields: CaseFields, kind: Kind = 'required'): CacheCase {
  return caseOf(kind, id, name, [given(fields), fetched]);
}

/** What makes a page last for all of a case. */
export const hour = { 'Cache-Control': 'max-age=3600' } as const;
/** What makes it stale after the pause. */
export const second = { 'Cache-Control': 'max-age=1' } as const;
