// The step `cache` of explain: what the route's cache did with a request that was just made, and why it was no hit.
import type { CachePolicy } from '#model/routes/cache-policy.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { explainCache } from '#http/cache/explain-cache.ts';
import type { InnerAnswer, InnerRequest } from '../own-requests/inner-request.ts';
import { innerTargetOf } from '../own-requests/inner-request.ts';

const titles: Readonly<Record<string, string>> = {
  HIT: 'Answered from the cache',
  STALE: 'Answered from the cache with a stale copy, because the origin failed',
  UPDATING: 'Answered from the cache with a stale copy, while it is refreshed',
  REVALIDATED: 'Answered from the cache, after the origin said that the copy is still good',
  EXPIRED: 'A miss: the stored copy was too old, and a new one has taken its place',
  MISS: 'A miss: nothing was stored for it',
  BYPASS: 'Not from the cache',
  DYNAMIC: 'Not from the cache',
};

/** Fields by which a response is as old as it is. */
const aged: ReadonlySet<string> = new Set(['age', 'date']);

/** Words with which the cache answered the request itself. */
const answeredWords: ReadonlySet<string> = new Set(['HIT', 'STALE', 'UPDATING']);

/** Whether the answer came from the cache, without one from the origin. */
export function isFromCache({ fields }: InnerAnswer): boolean {
  return answeredWords.has(fields.get('cf-cache-status') ?? '');
}

/** The step; `wallMs` is now. */
export function cacheStep(
  { method, url }: InnerRequest,
  answer: InnerAnswer,
  policy: CachePolicy | undefined,
  wallMs: number,
): ExplainStep {
  const base = { step: 'cache', status: 'ok', cure: '', ms: null, facts: {} } as const;
  const { fields, status } = answer;
  const word = fields.get('cf-cache-status');
  if (word === undefined || policy === undefined) {
    return { ...base, title: 'No cache', detail: 'This route does not cache, or the edge made the answer.' };
  }
  const { path, query } = innerTargetOf(url);
  const isAnswered = isFromCache(answer);
  // A copy's Date and Age say how long it has been kept here, not how old it came.
  const isKept = isAnswered || word === 'REVALIDATED';
  const judged = [...fields].filter(([name]) => !isKept || !aged.has(name));
  const explained = explainCache(
    { method, path, query, fields: [] },
    { status, fields: judged.flat() },
    policy,
    wallMs,
  );
  const facts = {
    'cf-cache-status': word,
    'cache-status': fields.get('cache-status') ?? '',
    ...(fields.has('age') ? { age: fields.get('age')! } : {}),
  };
  // What is stored already has been judged; its headers would only say how it came to be so.
  const next =
    explained.isStored && !isAnswered && word !== 'REVALIDATED' ? ' The next visitor gets a hit.' : '';
  return {
    ...base,
    title: titles[word] ?? word,
    detail: isAnswered && !explained.isStored ? '' : explained.sentences.join(' ') + next,
    facts,
  };
}
