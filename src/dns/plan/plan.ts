// From what is wanted and what stands, the steps between them: a pure function. Nothing is changed or removed but what
// carries our marker and is as we wrote it; what is otherwise is reported, and left.
import type { DesiredName, EdgeTarget, NameState } from '#model/dns/desired-name.ts';
import type { RecordSet } from '#model/dns/record-set.ts';
import type { ProviderZone, RecordChange } from '../provider/dns-provider.ts';
import { planName } from './plan-name.ts';
import { planPrune } from './plan-prune.ts';
import type { RecordTtls } from './wanted-sets.ts';
import { ZoneRecords } from './zone-records.ts';
import { longestZone } from './zone-match.ts';

/** A zone as it stands. */
export interface ActualZone {
  /** The provider's name in edge.yml. */
  readonly provider: string;
  readonly zone: ProviderZone;
  readonly records: readonly RecordSet[];
}

/** A zone that should be there and could not be read; its names wait, and nothing is made for them elsewhere. */
export interface UnreadableZone {
  readonly provider: string;
  readonly name: string;
  readonly detail: string;
  readonly cure: string;
  /** The provider answered, and has no such zone (any more); else it is only away. */
  readonly isMissing: boolean;
}

export interface PlanInput {
  /** This edge's id in markers. */
  readonly owner: string;
  readonly names: readonly DesiredName[];
  readonly target: EdgeTarget;
  readonly ttls: RecordTtls;
  /** In the order of edge.yml: of two zones of one name the first counts. */
  readonly zones: readonly ActualZone[];
  readonly unreadable: readonly UnreadableZone[];
  /** Whether a marked name that nobody wants now may be wanted again soon: its connector has not been heard of yet. */
  readonly isHeld: (hostname: string, routeId: string) => boolean;
}

/** What is to be done for one hostname. */
export interface PlanStep {
  /** Unique in a plan, the same in the next one. */
  readonly id: string;
  readonly provider: string;
  readonly zone: ProviderZone;
  readonly hostname: string;
  /** `adopt` writes only the marker. */
  readonly action: 'create' | 'update' | 'delete' | 'adopt';
  /** What we once wrote and somebody changed or removed since. */
  readonly isDrift: boolean;
  /** One sentence. */
  readonly detail: string;
  readonly changes: readonly RecordChange[];
}

export interface Plan {
  readonly steps: readonly PlanStep[];
  /** Every wanted name, in the order given. `pending` ones have a step. */
  readonly names: readonly NameState[];
  /** Wanted names whose zone could not be read this time: what stands there is not known. */
  readonly unread: ReadonlySet<string>;
  /** Names with a marker of ours that were left, with the reason. */
  readonly kept: readonly { readonly hostname: string; readonly detail: string }[];
}

/** Compares what is wanted with what stands. */
export function plan(input: PlanInput): Plan {
  const zones = input.zones.map((actual) => ({
    ...actual,
    name: actual.zone.name,
    index: new ZoneRecords(actual.records),
  }));
  const places = [...zones, ...input.unreadable];
  const steps: PlanStep[] = [];
  const names: NameState[] = [];
  /** `zone/hostname` of every wanted name, so that a name that moved to another zone is pruned in the old one. */
  const wanted = new Set<string>();
  const unread = new Set<string>();
  for (const desired of input.names) {
    const place = longestZone(places, desired.hostname);
    if (!place) {
      const detail = `No zone that is managed here covers ${desired.hostname}.`;
      const cure = 'Make its record by hand, or add its zone under dns.providers.';
      names.push({ hostname: desired.hostname, state: 'unmanaged', detail, cure, zone: '', provider: '' });
      continue;
    }
    const where = { hostname: desired.hostname, zone: place.name, provider: place.provider };
    wanted.add(`${place.name}/${desired.hostname}`);
    if (!('index' in place)) {
      names.push({ ...where, state: 'failed', detail: place.detail, cure: place.cure });
      if (!place.isMissing) unread.add(desired.hostname);
      continue;
    }
    const verdict = planName({ ...input, desired, zone: place.zone, records: place.index });
    names.push({ ...where, state: verdict.state, detail: verdict.detail, cure: verdict.cure });
    if (verdict.step)
      steps.push({ ...verdict.step, ...stepHead(place, desired.hostname), detail: verdict.detail });
  }
  const kept: { hostname: string; detail: string }[] = [];
  for (const place of zones) {
    if (longestZone(places, place.name) !== place) continue;
    for (const pruned of planPrune({ ...input, zoneName: place.name, records: place.index, wanted })) {
      const { hostname, detail, changes } = pruned;
      if (changes)
        steps.push({ ...stepHead(place, hostname), action: 'delete', isDrift: false, detail, changes });
      else kept.push({ hostname, detail });
    }
  }
  return { steps, names, unread, kept };
}

function stepHead(
  { provider, zone }: Pick<ActualZone, 'provider' | 'zone'>,
  hostname: string,
): Pick<PlanStep, 'id' | 'provider' | 'zone' | 'hostname'> {
  return { id: `${zone.name}/${hostname}`, provider, zone, hostname };
}
