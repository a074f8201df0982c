// The verdict on one wanted hostname: good as it is, to be made or mended, or in somebody else's hands.
import type { DesiredName, EdgeTarget, NameStateWord } from '#model/dns/desired-name.ts';
import { hasSameValues, isSameSet, recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { parseName } from '#wire/dns-name.ts';
import type { ProviderZone, RecordChange } from '../provider/dns-provider.ts';
import {
  checksums,
  formatMarker,
  isWritten,
  looksLikeMarker,
  markerFits,
  markerName,
  markersIn,
  type OwnershipMarker,
  parseMarker,
} from './ownership-marker.ts';
import type { PlanStep } from './plan.ts';
import { leadingTypes, leadsHere, type RecordTtls, wantedSets } from './wanted-sets.ts';
import { cutAbove } from './zone-match.ts';
import type { ZoneRecords } from './zone-records.ts';

export interface NameQuestion {
  readonly owner: string;
  readonly desired: DesiredName;
  readonly target: EdgeTarget;
  readonly ttls: RecordTtls;
  readonly zone: ProviderZone;
  readonly records: ZoneRecords;
}

export interface NameVerdict {
  readonly state: NameStateWord;
  readonly detail: string;
  readonly cure: string;
  /** With `pending`. */
  readonly step?: Pick<PlanStep, 'action' | 'isDrift' | 'changes'>;
}

const addressesCure = "Set dns.addresses to this edge's public addresses.";

/** Decides on one hostname. */
export function planName(question: NameQuestion): NameVerdict {
  const { owner, desired, target, zone, records } = question;
  const { hostname } = desired;
  if (
    parseName(markerName(hostname)) === undefined ||
    looksLikeMarker(hostname) ||
    !markerFits(hostname, zone.name)
  ) {
    return {
      state: 'failed',
      detail: `${hostname} leaves no room for an ownership marker.`,
      cure: 'Choose a shorter name.',
    };
  }
  const cut = cutAbove(hostname, zone.name, (name, type) => records.get(name, type));
  if (cut) {
    const detail = `${cut.name} is handed on to ${cut.by.values.join(', ')} (${cut.by.type}), so a record for ${hostname} in ${zone.name} would not be seen.`;
    return { state: 'conflict', detail, cure: 'Manage that zone here, or end the delegation.' };
  }
  const wanted = wantedSets({
    ...{ hostname, zone: zone.name, target, ttls: question.ttls, minTtlSeconds: zone.minTtlSeconds },
    otherTypes: records.typesOf(hostname).filter((type) => !isLeading(type)),
  });
  if (typeof wanted === 'string') return { state: 'failed', detail: wanted, cure: addressesCure };
  const standing = leadingTypes.flatMap((type) => records.get(hostname, type) ?? []);
  const markers = markersIn(records.get(markerName(hostname), 'TXT'));
  const stranger = markers.find(({ edge }) => edge !== owner);
  if (stranger) {
    const detail = `${hostname} belongs to the edge "${stranger.edge}" (its marker is ${markerName(hostname)}).`;
    return { state: 'conflict', detail, cure: 'Take the route away there, or choose another name.' };
  }
  return markers.length > 0 ? mend(question, wanted, standing, markers) : make(question, wanted, standing);
}

/** A name without a marker: free, or somebody's. */
function make(
  question: NameQuestion,
  wanted: readonly RecordSet[],
  standing: readonly RecordSet[],
): NameVerdict {
  const { desired, target } = question;
  const { hostname } = desired;
  if (standing.length > 0) {
    if (standing.every((set) => leadsHere(set, target))) {
      return {
        state: 'good',
        detail: `${hostname} leads here by records made by hand; they are left alone.`,
        cure: '',
      };
    }
    const cure = `Delete ${standing.length > 1 ? 'them' : 'it'} to have ${hostname} lead here, or take the route away.`;
    return { state: 'conflict', detail: `${hostname} is ${textOf(standing)}, made by hand.`, cure };
  }
  const changes = [
    markerChange(question, wanted.flatMap(checksums)),
    ...leadingTypes.map((type) => changeTo(hostname, type, undefined, wanted)),
  ];
  return {
    state: 'pending',
    detail: `Make ${textOf(wanted)}.`,
    cure: '',
    step: { action: 'create', isDrift: false, changes },
  };
}

/** A name with our marker: as we wrote it, to be brought up to date, or changed by hand. */
function mend(
  question: NameQuestion,
  wanted: readonly RecordSet[],
  standing: readonly RecordSet[],
  markers: readonly OwnershipMarker[],
): NameVerdict {
  const { hostname, routeId } = question.desired;
  const wrote = new Set(markers.flatMap((marker) => marker.wrote));
  // A value that we want anyway is taken over: it is what we would write.
  const known = new Set([...wrote, ...wanted.flatMap(checksums)]);
  const isOurs = (set: RecordSet): boolean => isWritten(set, known);
  const foreign = standing.filter((set) => !isOurs(set));
  if (foreign.length > 0) {
    const detail = `${hostname} is ${textOf(foreign)}, which is not what this edge wrote.`;
    const cure = `Delete it to have ${hostname} lead here again, or take the route away.`;
    return { state: 'conflict', detail, cure };
  }
  const changes = leadingTypes.map((type) =>
    changeTo(
      hostname,
      type,
      standing.find((set) => set.type === type),
      wanted,
    ),
  );
  const written = changes.filter(({ before, after }) => !isSameSet(before, after));
  const knows = wanted.every((set) => isWritten(set, wrote));
  const isMarkerRight = knows && markers.length === 1 && markers[0]!.route === routeId;
  if (written.length === 0 && isMarkerRight) {
    return { state: 'good', detail: `${hostname} leads here: ${textOf(wanted)}.`, cure: '' };
  }
  // What stands stays in the marker until it is replaced, so that a run cut short leaves nothing that nobody owns.
  const sums = [...wanted, ...standing].flatMap(checksums);
  const first = isMarkerRight ? condition(question) : markerChange(question, sums);
  if (written.length === 0) {
    const step = { action: 'adopt' as const, isDrift: false, changes: [first, ...changes] };
    return { state: 'pending', detail: 'Note in the marker what stands already.', cure: '', step };
  }
  const isOnlyTtl = written.every(({ before, after }) => hasSameValues(before, after));
  const isDrift = knows && !isOnlyTtl;
  const found = standing.length > 0 ? textOf(standing) : 'nothing';
  const detail = isDrift
    ? `Restore ${textOf(wanted)}: found ${found} in its place.`
    : `Change to ${textOf(wanted)} from ${found}.`;
  return {
    state: 'pending',
    detail,
    cure: '',
    step: { action: 'update', isDrift, changes: [first, ...goingFirst(changes)] },
  };
}

/** What goes makes room for what comes. */
function goingFirst(changes: readonly RecordChange[]): RecordChange[] {
  return [...changes.filter(({ after }) => !after), ...changes.filter(({ after }) => after)];
}

function changeTo(
  hostname: string,
  type: string,
  before: RecordSet | undefined,
  wanted: readonly RecordSet[],
): RecordChange {
  return { name: hostname, type, before, after: wanted.find((set) => set.type === type) };
}

/** Writes our marker, leaving other texts of its name as they are. */
function markerChange(
  { owner, desired, ttls, zone, records }: NameQuestion,
  sums: readonly string[],
): RecordChange {
  const name = markerName(desired.hostname);
  const before = records.get(name, 'TXT');
  const others = (before?.values ?? []).filter((value) => !parseMarker(value));
  const text = formatMarker({ edge: owner, route: desired.routeId, wrote: sums });
  const ttl = Math.max(ttls.alias, zone.minTtlSeconds);
  return { name, type: 'TXT', before, after: recordSet(name, 'TXT', ttl, [...others, text]) };
}

function condition({ desired, records }: NameQuestion): RecordChange {
  const name = markerName(desired.hostname);
  const marker = records.get(name, 'TXT');
  return { name, type: 'TXT', before: marker, after: marker };
}

function isLeading(type: string): boolean {
  return (leadingTypes as readonly string[]).includes(type);
}

/** `A 203.0.113.7 and AAAA 2001:db8::7 (TTL 60)` */
function textOf(sets: readonly RecordSet[]): string {
  const texts = sets.map(({ type, values }) => `${type} ${values.join(', ')}`);
  const ttls = [...new Set(sets.map(({ ttlSeconds }) => ttlSeconds))];
  return `${texts.join(' and ')} (TTL ${ttls.join(', ')})`;
}
