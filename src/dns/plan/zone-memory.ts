// What the last looks found, zone by zone: for those who want to see it, and for a zone whose provider is away just now.
import type { RecordView, ZoneView } from '#model/dns/dns-view.ts';
import { RecordOwners } from './record-owner.ts';
import type { ActualZone, UnreadableZone } from './plan.ts';
import type { Survey } from './survey.ts';

interface Remembered {
  readonly actual: ActualZone | undefined;
  readonly owners: RecordOwners;
  /** undefined while it can be read. */
  readonly fault: UnreadableZone | undefined;
  readonly readAtMs: number | null;
  readonly lastError: ZoneView['lastError'];
}

/** One per reconciler. */
export class ZoneMemory {
  readonly #owner: string;
  readonly #wallMs: () => number;
  /** By provider and name, in the order of the survey. */
  #zones: ReadonlyMap<string, Remembered> = new Map();

  constructor({ owner, wallMs }: { readonly owner: string; readonly wallMs: () => number }) {
    this.#owner = owner;
    this.#wallMs = wallMs;
  }

  /** Takes what a look found; zones that are not in it are forgotten. */
  note({ zones, unreadable }: Survey): void {
    const now = this.#wallMs();
    const next = new Map<string, Remembered>();
    for (const actual of zones) {
      const key = keyOf(actual.provider, actual.zone.name);
      const owners = new RecordOwners(actual.records, this.#owner);
      const lastError = this.#zones.get(key)?.lastError ?? null;
      next.set(key, { actual, owners, fault: undefined, readAtMs: now, lastError });
    }
    for (const fault of unreadable) {
      const key = keyOf(fault.provider, fault.name);
      const before = this.#zones.get(key);
      next.set(key, {
        actual: before?.actual,
        owners: before?.owners ?? new RecordOwners([], this.#owner),
        readAtMs: before?.readAtMs ?? null,
        ...{ fault, lastError: { detail: fault.detail, atMs: now } },
      });
    }
    this.#zones = next;
  }

  views(): ZoneView[] {
    return [...this.#zones.values()].map((one) => viewOf(one));
  }

  /** Every record set of a zone as it was last seen; undefined when there is no such zone. */
  recordsOf(zone: string): { readonly records: RecordView[]; readonly readAtMs: number | null } | undefined {
    const found = this.#find(zone);
    return found && { records: found.owners.all(), readAtMs: found.readAtMs };
  }

  /** A zone's own servers, as its provider names them. */
  serversOf(zone: string): readonly string[] {
    return this.#find(zone)?.actual?.zone.nameServers ?? [];
  }

  /** What leads somewhere under a hostname. */
  leading(zone: string, hostname: string): RecordView[] {
    return this.#find(zone)?.owners.leading(hostname) ?? [];
  }

  /** Of two zones of one name the first counts, as in a plan. */
  #find(zone: string): Remembered | undefined {
    return [...this.#zones.values()].find(({ actual, fault }) => (actual?.zone.name ?? fault?.name) === zone);
  }
}

function viewOf({ actual, owners, fault, readAtMs, lastError }: Remembered): ZoneView {
  const zone = actual?.zone;
  const records = owners.all();
  return {
    name: zone?.name ?? fault!.name,
    provider: actual?.provider ?? fault!.provider,
    state: fault ? (fault.isMissing ? 'missing' : 'away') : 'good',
    detail: fault?.detail ?? '',
    cure: fault?.cure ?? '',
    nameServers: [...(zone?.nameServers ?? [])],
    minTtlSeconds: zone?.minTtlSeconds ?? 0,
    records: records.length,
    ownRecords: records.filter(({ owner }) => owner === 'edge').length,
    readAtMs,
    lastError,
  };
}

function keyOf(provider: string, zone: string): string {
  return `${provider} ${zone}`;
}
