// What became of the load of a chaos run: how many exchanges were begun, how each failed and when, and what came that
// should not have. Times are of the machine's clock, which all processes of a run share.

/** One thing that went wrong. */
export interface Failure {
  readonly kind: string;
  /** `502 origin-refused`, `ECONNRESET`. */
  readonly reason: string;
  readonly atMs: number;
}

/** What a load has seen so far. */
export interface LoadReport {
  /** Exchanges by kind, those that failed among them; a message of a WebSocket and an event count as one each. */
  readonly sent: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
  /** Of bodies that broke off. */
  readonly lostBytes: number;
  /** Bytes that came and were not what they should have been; more than none is a fault, whatever happened. */
  readonly wrongBytes: number;
}

/** Failures kept one by one; a run in which everything fails for minutes needs no more. */
const maxFailures = 20_000;

/** Counts; every kind of load writes to one. */
export class Tally {
  readonly #sent: Record<string, number> = {};
  readonly #failures: Failure[] = [];
  #lostBytes = 0;
  #wrongBytes = 0;

  sent(kind: string): void {
    this.#sent[kind] = (this.#sent[kind] ?? 0) + 1;
  }

  failed(kind: string, reason: string): void {
    if (this.#failures.length < maxFailures) this.#failures.push({ kind, reason, atMs: Date.now() });
  }

  lost(bytes: number): void {
    this.#lostBytes += bytes;
  }

  wrong(bytes: number): void {
    this.#wrongBytes += bytes;
  }

  report(): LoadReport {
    return {
      sent: { ...this.#sent },
      failures: [...this.#failures],
      lostBytes: this.#lostBytes,
      wrongBytes: this.#wrongBytes,
    };
  }
}

/** How often each thing went wrong, `kind: reason` by count. */
export function summaryOf(failures: readonly Failure[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, reason } of failures) {
    const key = `${kind}: ${reason}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
