// Certificates by the names they are good for. What is shown and what is renewed is decided by the same order: one that is
// good before one that is not, exact before wildcard, newest first.
import { wildcardOf } from '../certificate.ts';

/** What the order is decided by. */
export interface Indexed {
  readonly names: readonly string[];
  readonly notAfterMs: number;
  readonly obtainedAtMs: number;
}

/** Built once from a list, asked many times. */
export class CertificateIndex<T extends Indexed> {
  readonly #byName = new Map<string, T[]>();

  constructor(certificates: Iterable<T>) {
    for (const certificate of certificates) {
      for (const name of certificate.names) {
        const known = this.#byName.get(name);
        if (known) known.push(certificate);
        else this.#byName.set(name, [certificate]);
      }
    }
    for (const known of this.#byName.values()) known.sort((a, b) => b.obtainedAtMs - a.obtainedAtMs);
  }

  /** The one to show for a lower-case name or `*.` pattern; one that has expired only where there is no other. */
  best(name: string, nowMs: number): T | undefined {
    const exact = this.#byName.get(name) ?? [];
    const wide = this.#byName.get(wildcardOf(name)) ?? [];
    const isGood = ({ notAfterMs }: T): boolean => notAfterMs > nowMs;
    return exact.find(isGood) ?? wide.find(isGood) ?? exact[0] ?? wide[0];
  }
}
