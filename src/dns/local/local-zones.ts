// The zones of the built-in name server, as the one who may change them: records come through the provider interface
// (local-provider.ts), are kept in a file so that a restart answers as before, and go out as snapshots with a growing
// serial. Records of edge.yml are laid over them and cannot be changed that way.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import { type RecordSet, setKey } from '#model/dns/record-set.ts';
import { nextSerial, type ZoneAuthority, type ZoneSnapshot } from '#model/dns/zone-snapshot.ts';

/** A zone that the built-in server answers for. */
export interface LocalZoneConfig {
  /** Lower case, no dot at the end. */
  readonly name: string;
  readonly authority: ZoneAuthority;
  /** NS, glue and whatever else edge.yml lists; never changed here. */
  readonly fixed: readonly RecordSet[];
}

export interface LocalZonesOptions {
  readonly zones: readonly LocalZoneConfig[];
  /** Where records and serials are kept; undefined keeps them in memory. */
  readonly file: string | undefined;
  readonly wallMs: () => number;
  readonly log: Log;
  /** Told of the snapshots after every change. */
  readonly onChange: (snapshots: readonly ZoneSnapshot[]) => void;
}

/** Record sets of one zone beyond this are refused: everything is held in memory. */
const maxSetsPerZone = 100_000;

const setSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttlSeconds: z.int().min(0),
  values: z.array(z.string()).min(1),
});
const fileSchema = z.object({
  version: z.literal(1),
  zones: z.record(z.string(), z.object({ serial: z.int().min(0), records: z.array(setSchema) })),
});

/** A set as it shall be, undefined for none. */
export interface SetChange {
  readonly name: string;
  readonly type: string;
  readonly after: RecordSet | undefined;
}

interface LocalZone {
  readonly config: LocalZoneConfig;
  /** By name and type; without the fixed ones. */
  readonly records: Map<string, RecordSet>;
  snapshot: ZoneSnapshot;
}

/** The zones and what changes them. One per edge. */
export class LocalZones {
  readonly #options: LocalZonesOptions;
  readonly #zones = new Map<string, LocalZone>();

  /** Opens the file if there is one. @throws SallyportError 'file-unreadable', 'config-invalid' */
  constructor(options: LocalZonesOptions) {
    this.#options = options;
    const kept = options.file === undefined ? undefined : readKept(options.file);
    for (const config of options.zones) {
      const before = kept?.zones[config.name];
      const records = new Map((before?.records ?? []).map((set) => [setKey(set.name, set.type), set]));
      const serial = nextSerial(before?.serial ?? 0, options.wallMs());
      this.#zones.set(config.name, { config, records, snapshot: snapshotOf(config, records, serial) });
    }
  }

  /** What the name server answers from. */
  snapshots(): readonly ZoneSnapshot[] {
    return [...this.#zones.values()].map(({ snapshot }) => snapshot);
  }

  names(): readonly string[] {
    return [...this.#zones.keys()];
  }

  /** The set of a name and type that stands in a zone, fixed or not. */
  get(zone: string, name: string, type: string): RecordSet | undefined {
    const local = this.#zones.get(zone);
    return (
      local?.config.fixed.find((set) => set.name === name && set.type === type) ??
      local?.records.get(setKey(name, type))
    );
  }

  /** Whether edge.yml has a set of this name and type, or one that excludes it. */
  isFixed(zone: string, name: string, type: string): boolean {
    return this.#zones.get(zone)?.config.fixed.some((set) => set.name === name && set.type === type) ?? false;
  }

  /** Every set of a zone. */
  records(zone: string): readonly RecordSet[] {
    return this.#zones.get(zone)?.snapshot.records ?? [];
  }

  /**
   * Writes sets (`after`) or removes them (undefined); seen by `get` at once, answered after `commit`.
   * @throws SallyportError 'limit-exceeded'
   */
  write(zone: string, changes: readonly SetChange[]): void {
    const { records } = this.#zones.get(zone)!;
    const added = changes.filter(({ after }) => after).length;
    if (records.size + added > maxSetsPerZone) {
      const text = `The zone ${zone} would hold more than ${maxSetsPerZone} record sets.`;
      throw new SallyportError('limit-exceeded', text);
    }
    for (const { name, type, after } of changes) {
      if (after) records.set(setKey(name, type), after);
      else records.delete(setKey(name, type));
    }
  }

  /** Makes what was written a new snapshot, keeps it and hands it out. */
  commit(zone: string): void {
    const local = this.#zones.get(zone)!;
    const serial = nextSerial(local.snapshot.serial, this.#options.wallMs());
    local.snapshot = snapshotOf(local.config, local.records, serial);
    this.#keep();
    this.#options.onChange(this.snapshots());
  }

  /** A disk that is full must not stop answers: they go on from memory, and the next change tries again. */
  #keep(): void {
    const { file, log } = this.#options;
    if (file === undefined) return;
    const zones = Object.fromEntries(
      [...this.#zones].map(([name, { snapshot, records }]) => [
        name,
        { serial: snapshot.serial, records: [...records.values()] },
      ]),
    );
    try {
      replaceFile(file, `${JSON.stringify({ version: 1, zones }, null, 1)}\n`, 0o600);
    } catch (error) {
      log.error(`${errorText(error)} The name server goes on from memory.`);
    }
  }
}

function snapshotOf(
  { name, authority, fixed }: LocalZoneConfig,
  records: ReadonlyMap<string, RecordSet>,
  serial: number,
): ZoneSnapshot {
  const isFixed = new Set(fixed.map((set) => setKey(set.name, set.type)));
  const own = [...records].filter(([key]) => !isFixed.has(key)).map(([, set]) => set);
  return { name, serial, authority, records: [...fixed, ...own] };
}

function readKept(file: string): z.output<typeof fileSchema> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SallyportError(
      'file-unreadable',
      `${file} could not be read (${errorText(error)}); check its permissions.`,
      { cause: error },
    );
  }
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new SallyportError(
      'config-invalid',
      `${file}, where the name server keeps its records, is damaged; restore it, or move it away to have the records made anew.`,
      { cause: error },
    );
  }
}
