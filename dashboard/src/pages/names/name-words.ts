// States of names and zones, and owners of records, in words and tones.
import type { NameView, RecordView, ZoneView } from '#model/dns/dns-view.ts';
import type { Tone } from '../../kit/status.tsx';

export const nameTone: Readonly<Record<NameView['state'], Tone>> = {
  ...{ good: 'good', pending: 'warn', conflict: 'bad', failed: 'bad', unmanaged: 'off' },
};

export const nameWords: Readonly<Record<NameView['state'], string>> = {
  good: 'good',
  pending: 'on its way',
  conflict: 'conflict',
  failed: 'failed',
  unmanaged: 'not kept here',
};

export const zoneTone: Readonly<Record<ZoneView['state'], Tone>> = {
  ...{ good: 'good', away: 'warn', missing: 'bad' },
};

export const zoneWords: Readonly<Record<ZoneView['state'], string>> = {
  good: 'good',
  away: 'not reachable',
  missing: 'not there',
};

export const ownerWords: Readonly<Record<RecordView['owner'], string>> = {
  edge: 'this edge',
  'other-edge': 'another edge',
  other: 'somebody else',
};

/** What a provider is called; the edge's own server has a name that people need not know. */
export function providerWords(provider: string): string {
  return provider === 'builtin' ? 'this edge answers' : provider;
}
