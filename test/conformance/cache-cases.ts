// The public http cache-tests as data (shared/vectors/cache-tests.json, BSD-3-Clause, Mark Nottingham): what a case says,
// and how its numbers become dates. SALLYPORT_CACHE_CASES names another file of the same shape, such as the whole suite.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatHttpDate } from '#http/http-date.ts';

/** `[name, value]`, a number standing for a date so many seconds from now; `false` behind: not said about by the origin. */
export type CaseField = readonly [string, string | number, boolean?];

/** One request of a case: what is sent, what the origin answers, what is expected. */
export interface CaseRequest {
  readonly request_method?: string;
  readonly request_headers?: readonly CaseField[];
  readonly request_body?: string;
  readonly query_arg?: string;
  readonly filename?: string;
  readonly magic_ims?: boolean;
  readonly magic_locations?: boolean;
  readonly pause_after?: boolean;
  readonly disconnect?: boolean;
  readonly response_status?: readonly [number, string];
  readonly response_headers?: readonly CaseField[];
  readonly response_body?: string | null;
  /** Seconds before the origin answers. */
  readonly response_pause?: number;
  readonly interim_responses?: ReadonlyArray<readonly [number, ReadonlyArray<readonly [string, string]>?]>;
  readonly setup?: boolean;
  readonly setup_tests?: readonly string[];
  readonly expected_type?: 'cached' | 'not_cached' | 'etag_validated' | 'lm_validated';
  readonly expected_status?: number | null;
  readonly expected_method?: string;
  readonly expected_request_headers?: ReadonlyArray<string | readonly [string, string]>;
  readonly expected_response_headers?: ReadonlyArray<string | readonly [string, string | number, number?]>;
  readonly expected_response_headers_missing?: ReadonlyArray<string | readonly [string, string]>;
  readonly expected_response_text?: string | null;
  readonly expected_interim_responses?: ReadonlyArray<
    readonly [number, ReadonlyArray<readonly [string, string]>?]
  >;
  readonly check_body?: boolean;
}

export interface CacheCase {
  readonly id: string;
  readonly name: string;
  readonly kind?: 'required' | 'optimal' | 'check';
  readonly depends_on?: readonly string[];
  readonly requests: readonly CaseRequest[];
}

interface Suite {
  readonly tests: ReadonlyArray<CacheCase & { readonly browser_only?: boolean }>;
}

const file =
  process.env['SALLYPORT_CACHE_CASES'] ??
  fileURLToPath(new URL('../../../shared/vectors/cache-tests.json', import.meta.url));

/** The cases for shared caches. @throws with one line on how to get them when the file is missing */
export function loadCacheCases(): CacheCase[] {
  if (!existsSync(file)) {
    throw new Error(
      `The cache cases are missing: put cache-tests.json into ../shared/vectors beside this checkout.`,
    );
  }
  const { suites } = JSON.parse(readFileSync(file, 'utf8')) as { suites: Suite[] };
  return suites.flatMap(({ tests }) => tests).filter((one) => one.browser_only !== true);
}

/** How strict a case is meant. */
export function kindOf(one: CacheCase): 'required' | 'optimal' | 'check' {
  return one.kind ?? 'required';
}

const dateFields = new Set(['date', 'expires', 'last-modified', 'if-modified-since', 'if-unmodified-since']);

/** A field's value as it is sent; `baseMs` is what its seconds count from. */
export function fieldText(name: string, value: string | number, baseMs: number): string {
  if (typeof value === 'number' && dateFields.has(name.toLowerCase()))
    return formatHttpDate(baseMs + value * 1000);
  return String(value);
}
