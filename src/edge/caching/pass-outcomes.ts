// What an answer that is not kept is called, in both headers' words; each outcome is one object, so that its lines are made
// once.
import type { CacheOutcome, CacheWord } from '#http/cache/cache-status.ts';
import type { StoreRefusal } from '#http/cache/storable.ts';

/** A HEAD whose GET would be kept. */
export const missedHead: CacheOutcome = { word: 'MISS', forward: 'uri-miss' };
/** The same where a stale response is stored. */
export const staleHead: CacheOutcome = { word: 'EXPIRED', forward: 'stale' };

type Outcomes = Readonly<Partial<Record<StoreRefusal | '', CacheOutcome>>>;

/** What passed answers are called: the cache was not meant, or the answer forbids it. */
const outsideRefusals: ReadonlySet<StoreRefusal> = new Set<StoreRefusal>([
  'off',
  'method',
  'rule',
  'request-body',
  'no-lifetime',
]);

function outcomesFor(forward: 'uri-miss' | 'stale'): Outcomes {
  const refusals = [
    ...([
      'method',
      'request-no-store',
      'authorization',
      'ambiguous-path',
      'method-override',
      'unkeyed-field',
      'no-store',
    ] as const),
    ...([
      'private',
      'set-cookie',
      'vary-all',
      'vary-client',
      'vary-too-much',
      'no-lifetime',
      'no-use',
    ] as const),
    ...([
      'status',
      'must-understand',
      'partial',
      'trailers',
      'stream',
      'type-mismatch',
      'too-large',
      'busy',
    ] as const),
  ];
  const out: Partial<Record<StoreRefusal | '', CacheOutcome>> = { '': { word: 'BYPASS', forward } };
  for (const refusal of refusals) {
    const word: CacheWord = outsideRefusals.has(refusal) ? 'DYNAMIC' : 'BYPASS';
    out[refusal] = { word, forward: refusal === 'method' ? 'method' : forward, refusal };
  }
  return out;
}

const missOutcomes = outcomesFor('uri-miss');
const staleOutcomes = outcomesFor('stale');

/** The outcome for a refusal ('': for no reason that is the answer's). */
export function outcomeOfPass(refusal: StoreRefusal | '', isStale: boolean): CacheOutcome {
  const outcomes = isStale ? staleOutcomes : missOutcomes;
  return outcomes[refusal] ?? outcomes['']!;
}
