// Hostnames whose records the edge is just making: an authority that looks before they can be seen finds nothing, and the
// failure costs a minute's wait and one of its few failures an hour. Their first order waits until they are published, and
// not for ever: a look that never succeeds says nothing about what the authority sees.
import type { Log } from '#base/log.ts';
import type { ChallengeMethod } from '#model/certificates/certificate-record.ts';

export interface PublishedFirstOptions {
  /** Whether a hostname's records are being made, or about to be. */
  readonly isComing: (hostname: string) => boolean;
  /** The method that a name would be validated by. */
  readonly methodOf: (name: string) => ChallengeMethod | undefined;
  readonly log: Log;
}

/** Providers show what was written within seconds, their last secondary within a minute. */
const longestWaitMs = 120_000;

export class PublishedFirst {
  readonly #options: PublishedFirstOptions;
  /** When each name was first found unpublished. */
  readonly #since = new Map<string, number>();
  readonly #told = new Set<string>();

  constructor(options: PublishedFirstOptions) {
    this.#options = options;
  }

  /** Of these names, those that are not to be ordered yet, with the time until which they wait at the longest. */
  held(names: readonly string[], nowMs: number): ReadonlyMap<string, number> {
    const { isComing, methodOf, log } = this.#options;
    const held = new Map<string, number>();
    const present = new Set(names);
    for (const name of this.#since.keys()) if (!present.has(name)) this.#forget(name);
    for (const name of names) {
      const method = methodOf(name);
      // DNS-01 has a record of its own and asks for it before the authority does.
      if (method === undefined || method === 'dns-01' || !isComing(name)) {
        this.#forget(name);
        continue;
      }
      const sinceMs = this.#since.get(name) ?? nowMs;
      this.#since.set(name, sinceMs);
      if (nowMs - sinceMs < longestWaitMs && nowMs >= sinceMs) held.set(name, sinceMs + longestWaitMs);
      else if (!this.#told.has(name)) {
        this.#told.add(name);
        log.warn(
          `The records of ${name} are not published after ${longestWaitMs / 1000} s; its certificate is ordered all the same, and fails if the authority does not see them either.`,
        );
      }
    }
    return held;
  }

  #forget(name: string): void {
    this.#since.delete(name);
    this.#told.delete(name);
  }
}
