// Which settings hold for one request and its response: a route's policy with the rules that match laid over it, the
// later over the earlier. Rules are sorted out once per request; without rules nothing is.
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import type { CachePolicy, CacheRule, QueryPolicy, SetCookieMode } from '#model/routes/cache-policy.ts';
import { cookieNames } from './cookies.ts';
import { queryNames } from './query.ts';

/** What a rule may look at in a request. */
export interface RuleRequest {
  readonly path: string;
  /** '' or from '?' on. */
  readonly query: string;
  /** The Cookie field, '' without one. */
  readonly cookie: string;
}

/** Decided before there is a response. */
export interface RequestSettings {
  readonly bypass: boolean;
  readonly query: QueryPolicy | undefined;
  readonly keyHeaders: readonly string[];
  readonly keyCookies: readonly string[];
}

/** Decided when the response head is there. */
export interface ResponseSettings {
  ttlMs: number | undefined;
  defaultTtlMs: number | undefined;
  isForced: boolean;
  staleWhileRevalidateMs: number | undefined;
  staleIfErrorMs: number | undefined;
  staleIfUnreachableMs: number | undefined;
  heuristics: boolean;
  setCookie: SetCookieMode;
}

const noRules: readonly CacheRule[] = [];

/** The rules whose conditions on the request hold. */
export function rulesFor(policy: CachePolicy, request: RuleRequest): readonly CacheRule[] {
  if (policy.rules.length === 0) return noRules;
  return policy.rules.filter((rule) => holdsForRequest(rule, request));
}

function holdsForRequest({ paths, queryNames: names, cookies }: CacheRule, request: RuleRequest): boolean {
  if (paths !== undefined && !matchesAnyWildcard(paths, request.path)) return false;
  if (names !== undefined && !queryNames(request.query).some((name) => matchesAnyWildcard(names, name)))
    return false;
  return (
    cookies === undefined || cookieNames(request.cookie).some((name) => matchesAnyWildcard(cookies, name))
  );
}

/** Settings for a request; `rules` come from rulesFor. */
export function requestSettings(policy: CachePolicy, rules: readonly CacheRule[]): RequestSettings {
  let { query, keyHeaders, keyCookies } = policy;
  // HOT: by name, for a spread of the whole policy costs more than a percent of a request.
  if (rules.length === 0) return { bypass: false, query, keyHeaders, keyCookies };
  let bypass = false;
  for (const rule of rules) {
    if (rule.types !== undefined || rule.statuses !== undefined) continue;
    bypass = rule.bypass ?? bypass;
    query = rule.query ?? query;
    keyHeaders = rule.keyHeaders ?? keyHeaders;
    keyCookies = rule.keyCookies ?? keyCookies;
  }
  return { bypass, query, keyHeaders, keyCookies };
}

/** Settings for a response. */
export function responseSettings(
  policy: CachePolicy,
  rules: readonly CacheRule[],
  response: { readonly status: number; readonly contentType: string },
): ResponseSettings {
  const out: ResponseSettings = {
    ttlMs: undefined,
    defaultTtlMs: undefined,
    isForced: false,
    staleWhileRevalidateMs: undefined,
    staleIfErrorMs: undefined,
    staleIfUnreachableMs: policy.staleIfUnreachableMs,
    heuristics: policy.heuristics,
    setCookie: policy.setCookie,
  };
  for (const rule of rules) {
    if (rule.types !== undefined && !matchesAnyWildcard(rule.types, response.contentType)) continue;
    if (rule.statuses !== undefined && !namesStatus(rule.statuses, response.status)) continue;
    // Errors live by a rule only where it names their status: whoever provokes one must not have it kept for all.
    const isMeant = response.status < 400 || rule.statuses !== undefined;
    if (isMeant && rule.ttlMs !== undefined) {
      out.ttlMs = rule.ttlMs;
      out.isForced = rule.isForced;
    }
    if (isMeant) out.defaultTtlMs = rule.defaultTtlMs ?? out.defaultTtlMs;
    out.staleWhileRevalidateMs = rule.staleWhileRevalidateMs ?? out.staleWhileRevalidateMs;
    out.staleIfErrorMs = rule.staleIfErrorMs ?? out.staleIfErrorMs;
    out.staleIfUnreachableMs = rule.staleIfUnreachableMs ?? out.staleIfUnreachableMs;
    out.heuristics = rule.heuristics ?? out.heuristics;
    out.setCookie = rule.setCookie ?? out.setCookie;
  }
  return out;
}

function namesStatus(statuses: readonly number[], status: number): boolean {
  return statuses.includes(status) || statuses.includes(Math.floor(status / 100));
}
