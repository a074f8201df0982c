// Our own cache cases beside the public suite's: what the RFCs say that the 268 cases at hand do not ask.
import type { CacheCase } from '../cache-cases.ts';
import { changeCases } from './changes.ts';
import { conditionCases } from './conditions.ts';
import { fieldCases } from './fields.ts';
import { freshnessCases } from './freshness.ts';
import { rangeCases } from './ranges.ts';
import { selectingCases } from './selecting.ts';
import { staleCases } from './staleness.ts';
import { statusCases } from './statuses.ts';
import { targetedCases } from './targeted.ts';

/** All of them. */
export const ownCases: readonly CacheCase[] = [
  ...freshnessCases,
  ...statusCases,
  ...targetedCases,
  ...selectingCases,
  ...conditionCases,
  ...rangeCases,
  ...fieldCases,
  ...changeCases,
  ...staleCases,
];

/** Whether a case is ours, not the public suite's. */
export function isOwn({ id }: CacheCase): boolean {
  return id.startsWith('own-');
}
