// Remembers since when each part of the edge is as it is. A part that is well again begins anew; one that is gone for good is
// forgotten. No clock: `nowMs` is an argument.
import type { HealthPart, PartKind, PartNow, PartState } from '#model/live/health.ts';

interface Entry {
  state: PartState;
  sinceMs: number;
  /** Number of the last look at which it was there. */
  seen: number;
}

export class HealthBook {
  readonly #entries = new Map<string, Entry>();
  #looks = 0;

  /** The parts of one look, each with the time since which it is in its state. */
  look(parts: readonly PartNow[], nowMs: number): HealthPart[] {
    this.#looks += 1;
    const dated = parts.map((part) => ({ ...part, sinceMs: this.#since(part, nowMs) }));
    for (const [key, { seen }] of this.#entries) if (seen !== this.#looks) this.#entries.delete(key);
    return dated;
  }

  #since({ kind, name, state }: PartNow, nowMs: number): number {
    const key = keyOf(kind, name);
    const known = this.#entries.get(key);
    if (known?.state === state) {
      known.seen = this.#looks;
      return known.sinceMs;
    }
    const sinceMs = Math.max(0, Math.round(nowMs));
    this.#entries.set(key, { state, sinceMs, seen: this.#looks });
    return sinceMs;
  }
}

function keyOf(kind: PartKind, name: string): string {
  return `${kind} ${name}`;
}
