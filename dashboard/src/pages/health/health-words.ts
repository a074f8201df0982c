// Words for the parts of an edge and for how they are.
import type { Health, HealthPart } from '#model/live/health.ts';
import type { Tone } from '../../kit/status.tsx';
import { formatAmount } from '../../kit/units.ts';

export const kindWords: Readonly<Record<HealthPart['kind'], string>> = {
  ...{ listener: 'Listener', store: 'Store', certificate: 'Certificate', dns: 'DNS', tunnel: 'Tunnel' },
  ...{ origin: 'Origin', probe: 'Seen from outside' },
};

export const stateTones: Readonly<Record<HealthPart['state'], Tone>> = {
  ...{ ok: 'good', degraded: 'warn', down: 'bad', unknown: 'off' },
};

export const stateWords: Readonly<Record<HealthPart['state'], string>> = {
  ...{ ok: 'well', degraded: 'not quite', down: 'down', unknown: 'not seen yet' },
};

/** The page's first sentence. */
export function sumUp({ counts, isServing }: Health): string {
  const all = counts.ok + counts.degraded + counts.down + counts.unknown;
  const bad = [
    ...(counts.down > 0 ? [`${counts.down} down`] : []),
    ...(counts.degraded > 0 ? [`${counts.degraded} not quite well`] : []),
  ];
  const what = bad.length === 0 ? 'nothing is wrong' : bad.join(', ');
  return `${formatAmount(all, 'part')}, ${what}. ${isServing ? 'The edge can serve.' : 'The edge cannot serve.'}`;
}
