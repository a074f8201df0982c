// Whose the records of a zone are, told by the ownership markers that stand beside them.
import type { RecordView } from '#model/dns/dns-view.ts';
import type { RecordSet } from '#model/dns/record-set.ts';
import { isWritten, markedHostname, markerName, markersIn } from './ownership-marker.ts';
import { leadingTypes } from './wanted-sets.ts';
import { ZoneRecords } from './zone-records.ts';

/** Names under which authorities look for the answer to a challenge. */
const challengePrefix = '_acme-challenge.';

/** Tells it for one zone. */
export class RecordOwners {
  readonly #index: ZoneRecords;
  readonly #records: readonly RecordSet[];
  readonly #owner: string;
  /** Made when it is first asked for. */
  #all: RecordView[] | undefined;

  /** `owner`: this edge's name in markers. */
  constructor(records: readonly RecordSet[], owner: string) {
    this.#records = records;
    this.#index = new ZoneRecords(records);
    this.#owner = owner;
  }

  /** Every record set of the zone. */
  all(): RecordView[] {
    return (this.#all ??= this.#records.map((set) => this.#view(set)));
  }

  /** The sets under a hostname that lead somewhere. */
  leading(hostname: string): RecordView[] {
    return leadingTypes.flatMap((type) => {
      const set = this.#index.get(hostname, type);
      return set ? [this.#view(set)] : [];
    });
  }

  #view(set: RecordSet): RecordView {
    const { name, type, ttlSeconds, values } = set;
    return { name, type, ttlSeconds, values: [...values], ...this.#ownerOf(set) };
  }

  #ownerOf(set: RecordSet): Pick<RecordView, 'owner' | 'note'> {
    if (set.type === 'TXT') return this.#ownerOfText(set);
    if (!(leadingTypes as readonly string[]).includes(set.type)) return { owner: 'other', note: '' };
    const markers = markersIn(this.#index.get(markerName(set.name), 'TXT')).filter(({ wrote }) =>
      isWritten(set, new Set(wrote)),
    );
    if (markers.some(({ edge }) => edge === this.#owner)) return { owner: 'edge', note: '' };
    const [other] = markers;
    return other ? { owner: 'other-edge', note: `the edge ${other.edge}` } : { owner: 'other', note: '' };
  }

  #ownerOfText(set: RecordSet): Pick<RecordView, 'owner' | 'note'> {
    if (set.name.startsWith(challengePrefix))
      return { owner: 'other', note: 'answers a certificate challenge' };
    const hostname = markedHostname(set.name);
    const markers = hostname === undefined ? [] : markersIn(set);
    if (markers.some(({ edge }) => edge === this.#owner)) {
      return { owner: 'edge', note: `marks ${hostname} as this edge's` };
    }
    const [other] = markers;
    return other
      ? { owner: 'other-edge', note: `marks ${hostname} as that of the edge ${other.edge}` }
      : { owner: 'other', note: '' };
  }
}
