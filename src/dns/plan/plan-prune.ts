// Markers of ours whose hostname nobody wants any more: the records that we wrote go, and then the marker.
import { recordSet } from '#model/dns/record-set.ts';
import type { RecordChange } from '../provider/dns-provider.ts';
import { isWritten, markedHostname, markersIn, parseMarker } from './ownership-marker.ts';
import { leadingTypes } from './wanted-sets.ts';
import type { ZoneRecords } from './zone-records.ts';

export interface PruneQuestion {
  readonly owner: string;
  readonly zoneName: string;
  readonly records: ZoneRecords;
  /** `zone/hostname` of what is wanted. */
  readonly wanted: ReadonlySet<string>;
  readonly isHeld: (hostname: string, routeId: string) => boolean;
}

export interface PruneVerdict {
  readonly hostname: string;
  readonly detail: string;
  /** undefined: left as it is. */
  readonly changes: readonly RecordChange[] | undefined;
}

/** Decides on every marker of ours in a zone that stands for no wanted name. */
export function planPrune(question: PruneQuestion): PruneVerdict[] {
  const { owner, zoneName, records, wanted, isHeld } = question;
  const verdicts: PruneVerdict[] = [];
  for (const set of records.ofType('TXT')) {
    const hostname = markedHostname(set.name);
    if (hostname === undefined || wanted.has(`${zoneName}/${hostname}`)) continue;
    const markers = markersIn(set);
    const marker = markers.find(({ edge }) => edge === owner);
    if (!marker) continue;
    if (isHeld(hostname, marker.route)) {
      const detail = `${hostname} stays until its connector has said whether it still wants it.`;
      verdicts.push({ hostname, detail, changes: undefined });
      continue;
    }
    const standing = leadingTypes.flatMap((type) => records.get(hostname, type) ?? []);
    const wrote = new Set(marker.wrote);
    const ours = standing.filter((one) => isWritten(one, wrote));
    const left = standing.length - ours.length;
    // Another edge's marker beside ours: the records are in doubt, only our claim to them goes.
    const isShared = markers.length > 1;
    const rest = set.values.filter((value) => parseMarker(value)?.edge !== owner);
    const after = rest.length > 0 ? recordSet(set.name, 'TXT', set.ttlSeconds, rest) : undefined;
    const going = isShared ? [] : ours;
    verdicts.push({
      hostname,
      detail: detailOf(
        hostname,
        going.map(({ type }) => type),
        left > 0 || isShared,
      ),
      changes: [
        ...going.map((before) => ({ name: hostname, type: before.type, before, after: undefined })),
        // Last: whatever happens before, the marker still says whose the rest is.
        { name: set.name, type: 'TXT', before: set, after },
      ],
    });
  }
  return verdicts;
}

function detailOf(hostname: string, types: readonly string[], leavesSome: boolean): string {
  const what = types.length > 0 ? `Remove ${types.join(' and ')} and the marker` : 'Remove the marker';
  const left = leavesSome ? ' Records that this edge did not write stay.' : '';
  return `${what}: no route leads to ${hostname} any more.${left}`;
}
