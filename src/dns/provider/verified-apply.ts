// Applying groups at a provider whose interface knows no conditions: the zone is listed, each group is held against what
// stands, and only what fits is sent, in batches of the provider's size. Between look and write lies a moment in which
// somebody else may write; it is kept short by looking again before every batch.
import type { Clock } from '#base/clock.ts';
import { isSallyportError } from '#base/errors.ts';
import { isSameSet, type RecordSet, setKey } from '#model/dns/record-set.ts';
import type { ChangeGroup, ChangeOutcome, OutcomeReport, RecordChange } from './dns-provider.ts';
import { ApiRefusal } from './http-api.ts';

/** What stands, by name and type. `Details` is what the provider needs to change it, such as ids. */
export type Standing<Details> = ReadonlyMap<string, { readonly set: RecordSet; readonly details: Details }>;

export interface VerifiedApplyOptions<Details> {
  readonly groups: readonly ChangeGroup[];
  readonly clock: Clock;
  /** Lists the zone as it is now. */
  readonly list: () => Promise<Standing<Details>>;
  /** Groups that may be sent together. */
  readonly batches: (groups: readonly ChangeGroup[]) => readonly (readonly ChangeGroup[])[];
  /** Sends the changes of a batch. @throws ApiRefusal when it was found wrong, whole or in part */
  readonly send: (batch: readonly ChangeGroup[], standing: Standing<Details>) => Promise<void>;
  /** Whether a batch that was refused has changed nothing, so that its halves can be tried. */
  readonly isAtomic: boolean;
  readonly report: OutcomeReport;
  /** How long a listing is trusted. */
  readonly listingLifeMs?: number;
}

/** A listing older than this is made anew before more is written, unless a provider's limits need it to last longer. */
const defaultListingLifeMs = 10_000;

/** Applies and reports every group, or throws when the provider cannot be used; what was reported until then is done. */
export async function applyVerified<Details>(options: VerifiedApplyOptions<Details>): Promise<void> {
  const { clock, list, send, report, isAtomic, listingLifeMs = defaultListingLifeMs } = options;
  const waiting = [...options.batches(options.groups)];
  let standing: Standing<Details> | undefined;
  let listedMs = 0;
  while (waiting.length > 0) {
    if (!standing || clock.nowMs() - listedMs > listingLifeMs) {
      standing = await list();
      listedMs = clock.nowMs();
    }
    const now = standing;
    const batch = waiting.shift()!.filter((group) => {
      const outcome = verdictOn(group, now);
      if (outcome) report(group.id, outcome);
      return !outcome;
    });
    if (batch.length === 0) continue;
    try {
      await send(batch, now);
      for (const { id } of batch) report(id, { state: 'applied' });
      // Groups of one call do not touch each other's sets, so the listing stays good for the next batch.
    } catch (error) {
      standing = undefined;
      if (error instanceof ApiRefusal && isAtomic && batch.length > 1) {
        waiting.unshift(batch.slice(0, batch.length >> 1), batch.slice(batch.length >> 1));
      } else if (error instanceof ApiRefusal) {
        await settle(batch, options, { state: 'failed', detail: error.message, isTransient: false });
      } else {
        // The answer is lost, perhaps after the work was done; and nothing more can be sent now.
        if (isSallyportError(error, 'dns-unreachable')) await settle(batch, options, undefined);
        throw error;
      }
    }
  }
}

/** What the groups of a batch have come to, from a new look; `otherwise` for those that do not stand, if given. */
export async function settle<Details>(
  batch: readonly ChangeGroup[],
  { list, report }: Pick<VerifiedApplyOptions<Details>, 'list' | 'report'>,
  otherwise: ChangeOutcome | undefined,
): Promise<void> {
  const standing = await list().catch((error: unknown) => {
    if (!isSallyportError(error)) throw error;
    return undefined;
  });
  const isDone = ({ changes }: ChangeGroup): boolean =>
    standing !== undefined && changes.every((change) => isSameSet(find(standing, change), change.after));
  for (const group of batch) {
    if (isDone(group)) report(group.id, { state: 'applied' });
    else if (otherwise) report(group.id, otherwise);
  }
}

/** A group's outcome if it is decided without writing. */
function verdictOn<Details>(
  { changes }: ChangeGroup,
  standing: Standing<Details>,
): ChangeOutcome | undefined {
  if (changes.every((change) => isSameSet(find(standing, change), change.after))) return { state: 'applied' };
  const wrong = changes.find((change) => !isSameSet(find(standing, change), change.before));
  if (!wrong) return undefined;
  const found = find(standing, wrong);
  const words = found
    ? `is ${found.values.join(', ')} (TTL ${found.ttlSeconds}) now`
    : 'is not there any more';
  return { state: 'conflict', detail: `${wrong.name} ${wrong.type} ${words}` };
}

function find<Details>(standing: Standing<Details>, { name, type }: RecordChange): RecordSet | undefined {
  return standing.get(setKey(name, type))?.set;
}

/** Changes that write something, conditions left out. */
export function writesOf(batch: readonly ChangeGroup[]): RecordChange[] {
  return batch.flatMap(({ changes }) => changes.filter(({ before, after }) => !isSameSet(before, after)));
}

/** Groups in batches whose weights add up to at most `limit`; a group beyond it stands alone. */
export function batchesBy(
  groups: readonly ChangeGroup[],
  limit: number,
  weightOf: (group: ChangeGroup) => number,
): ChangeGroup[][] {
  const batches: ChangeGroup[][] = [];
  let room = 0;
  for (const group of groups) {
    const weight = weightOf(group);
    const last = batches.at(-1);
    if (last && weight <= room) {
      last.push(group);
      room -= weight;
    } else {
      batches.push([group]);
      room = limit - weight;
    }
  }
  return batches;
}
