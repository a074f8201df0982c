// Why a request was, or was not, answered from the cache, in words: for `explain`, the dashboard and whoever wonders.
// Decides nothing itself; it asks the same functions that the edge asks.
import type { CachePolicy } from '#model/routes/cache-policy.ts';
import { formatDuration } from '#base/text/duration.ts';
import { ListFields } from '../list-fields.ts';
import { requestSettings, responseSettings, rulesFor } from './cache-rules.ts';
import { parseCacheControl } from './cache-control.ts';
import { ageMs, freshForMs, freshnessOf } from './freshness.ts';
import type { Freshness } from './freshness.ts';
import { reduceQuery } from './query.ts';
import { readResponseFacts } from './response-facts.ts';
import type { ResponseFacts } from './response-facts.ts';
import { refusalToStore, storeRefusals } from './storable.ts';
import type { StoreRefusal } from './storable.ts';
import { isVariableBy } from './vary.ts';

/** A request as far as a cache looks at it; fields as `[name, value, ...]`. */
export interface ExplainedRequest {
  readonly method: string;
  readonly path: string;
  /** '' or from '?' on. */
  readonly query: string;
  readonly fields: readonly string[];
}

export interface ExplainedResponse {
  readonly status: number;
  readonly fields: readonly string[];
}

/** What a cache under this policy makes of the pair. */
export interface CacheExplanation {
  /** Whether a shared cache keeps the response. */
  readonly isStored: boolean;
  readonly refusal: StoreRefusal | '';
  /** Milliseconds for which it would then be served without asking. */
  readonly freshForMs: number;
  /** The answer and its reasons, one sentence each, the most important first. */
  readonly sentences: readonly string[];
}

/** Explains a pair that was just exchanged; `policy` undefined is a route without a cache. */
export function explainCache(
  request: ExplainedRequest,
  response: ExplainedResponse,
  policy: CachePolicy | undefined,
  wallMs: number,
): CacheExplanation {
  if (policy === undefined) return refused('off', []);
  const requestFields = new ListFields(request.fields);
  const rules = rulesFor(policy, { ...request, cookie: requestFields.get('cookie') ?? '' });
  const { bypass, keyHeaders } = requestSettings(policy, rules);
  if (bypass) return refused('rule', []);
  const facts = readResponseFacts(response.status, new ListFields(response.fields), wallMs);
  const settings = responseSettings(policy, rules, facts);
  const isNoStore = parseCacheControl(requestFields.get('cache-control') ?? '').noStore;
  const asked = { ...request, fields: requestFields, isNoStore, keyHeaders };
  const refusal =
    refusalToStore(asked, facts, settings, wallMs) || (facts.vary.every(isVariableBy) ? '' : 'vary-client');
  if (refusal !== '') return refused(refusal, notes(request, facts, policy));
  const times = { requestMs: 0, responseMs: 0, wallMs };
  const freshness = freshnessOf(facts, settings, times);
  return {
    isStored: true,
    refusal: '',
    freshForMs: Math.max(0, freshness.isAlwaysValidated ? 0 : freshForMs(freshness, 0)),
    sentences: [lifetimeSentence(facts, freshness, settings.ttlMs), ...notes(request, facts, policy)],
  };
}

function refused(refusal: StoreRefusal, more: readonly string[]): CacheExplanation {
  return { isStored: false, refusal, freshForMs: 0, sentences: [storeRefusals[refusal], ...more] };
}

function lifetimeSentence(facts: ResponseFacts, freshness: Freshness, ruleTtlMs: number | undefined): string {
  const lifetime = formatDuration(freshness.lifetimeMs);
  const why = ruleTtlMs === undefined ? source(facts) : 'a rule of the route';
  const age = ageMs(freshness, 0);
  if (freshness.isAlwaysValidated)
    return 'The response is kept, but asked about again each time, because it says no-cache.';
  if (age === 0) return `The response is served from the cache for ${lifetime}, by ${why}.`;
  const reason =
    facts.ageSeconds > 0
      ? 'its Age says so.'
      : "its Date is that far behind the edge's clock; is the origin's clock right?";
  return `The response may live ${lifetime}, by ${why}, but was ${formatDuration(age)} old when it came: ${reason}`;
}

function source({ control, isTargeted, expiresMs }: ResponseFacts): string {
  if (isTargeted) return 'CDN-Cache-Control';
  if (control.sMaxAgeSeconds >= 0) return 's-maxage';
  if (control.maxAgeSeconds >= 0) return 'max-age';
  return expiresMs === undefined ? "the route's policy" : 'Expires';
}

/** What is worth knowing beside the verdict. */
function notes(request: ExplainedRequest, facts: ResponseFacts, policy: CachePolicy): string[] {
  const out: string[] = [];
  if (facts.vary.length > 0 && !facts.vary.includes('*'))
    out.push(`Each combination of ${facts.vary.join(', ')} in a request has a copy of its own (Vary).`);
  if (facts.vary.includes('cookie') || facts.vary.includes('user-agent'))
    out.push(
      'It varies by a field that nearly every client has a value of its own for, so hits will be rare.',
    );
  const reduced = reduceQuery(request.query, policy.query);
  if (reduced !== request.query)
    out.push(`The query counts as "${reduced}" (policy), and so the origin sees it.`);
  else if (request.query !== '')
    out.push('The whole query is part of the key; another query is another response.');
  return out;
}
