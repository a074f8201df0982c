// Which certificates have lost their use, and when they go for good. One whose hostname nobody routes any more is shown no
// longer from that moment on; it stays sealed in the vault for a while that the owner sets, then it is deleted with its key.
//
// The while is not for comfort: a hostname that is taken away and added again (a config being edited, a rename and back, a
// deployment that removes before it adds) must not cost an order each time, since authorities issue the same names five
// times in a week and then no more.
import type { CertificateRecord } from '#model/certificates/certificate-record.ts';
import { CertificateIndex } from './certificate-index.ts';

/**
 * What a certificate's names are to the edge: wanted in certificates that it gets; routed, but got in another way now (a
 * file, a wildcard, no ACME any more); awaited from connectors that have not published since the start; or withdrawn.
 */
export type NameUse = 'wanted' | 'routed' | 'awaited' | 'withdrawn';

export interface UnusedCertificatesOptions {
  readonly useOf: (names: readonly string[]) => NameUse;
  /** How long a certificate with withdrawn names is kept. */
  readonly keepMs: () => number;
  /** Other edges may want what this one never did. */
  readonly isShared: boolean;
}

interface Unused {
  readonly sinceMs: number;
  readonly isWithdrawn: boolean;
}

/**
 * What may have its use again without anybody's doing, such as that of a connector that is away over a weekend while the
 * edge is started anew, is kept for three days.
 */
export const otherwiseUnusedMs = 3 * 86_400_000;

export class UnusedCertificates {
  readonly #options: UnusedCertificatesOptions;
  readonly #unused = new Map<string, Unused>();
  /** Ids of those that had a use here, as far as they are still there. */
  #used: ReadonlySet<string> = new Set();

  constructor(options: UnusedCertificatesOptions) {
    this.#options = options;
  }

  /** Looks all of them over: the ids of those that are not to be shown, and those whose time is over. */
  sort(
    records: readonly CertificateRecord[],
    nowMs: number,
  ): { readonly held: ReadonlySet<string>; readonly over: readonly CertificateRecord[] } {
    const { useOf, keepMs, isShared } = this.#options;
    const index = new CertificateIndex(records);
    const ids = new Set(records.map(({ id }) => id));
    for (const id of this.#unused.keys()) if (!ids.has(id)) this.#unused.delete(id);
    const used = new Set([...this.#used].filter((id) => ids.has(id)));
    const held = new Set<string>();
    const over: CertificateRecord[] = [];
    for (const record of records) {
      const { id, names, source, notAfterMs } = record;
      // What somebody brought is his to remove; once it has expired nobody can want it.
      if (source === 'imported' && notAfterMs > nowMs) continue;
      const use = useOf(names);
      if (use === 'wanted' && names.some((name) => index.best(name, nowMs) === record)) {
        used.add(id);
        this.#unused.delete(id);
        continue;
      }
      const isWithdrawn = use === 'withdrawn';
      if (isWithdrawn) held.add(id);
      const before = this.#unused.get(id);
      const sinceMs = before?.isWithdrawn === isWithdrawn ? before.sinceMs : nowMs;
      this.#unused.set(id, { sinceMs, isWithdrawn });
      // One that had no use here may be another edge's, which alone can tell; expired it is nobody's.
      const isOthers = isWithdrawn && isShared && !used.has(id) && notAfterMs > nowMs;
      const limitMs = isWithdrawn ? keepMs() : otherwiseUnusedMs;
      if (!isOthers && nowMs - sinceMs >= limitMs) over.push(record);
    }
    this.#used = used;
    return { held, over };
  }
}
