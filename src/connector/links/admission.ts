// Only the first link dials while it is unknown whether the edge will have this connector; the others wait here, so a
// revoked key is tried once a minute and not four times.

import type { LinkFailure } from './edge-link.ts';

export class Admission {
  #isGranted = false;
  #waiting: (() => void)[] = [];
  #first: (() => void)[] | undefined = [];

  /** The edge has accepted a connection. */
  grant(): void {
    this.#isGranted = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
    for (const resolve of this.#first?.splice(0) ?? []) resolve();
    this.#first = undefined;
  }

  /** The edge has refused one. */
  revoke(): void {
    this.#isGranted = false;
  }

  /** Resolves while (or once) the edge accepts; rejects with the signal's reason. */
  granted(signal: AbortSignal): Promise<void> {
    if (this.#isGranted) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error);
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
    });
  }

  /** Resolves at the first acceptance ever. */
  first(): Promise<void> {
    if (!this.#first) return Promise.resolve();
    const waiting = this.#first;
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }
}

/**
 * Whether a lost connection tells more than what is known: a refusal stands until the first link, which alone asks again while there
 * is one, hears something else. That another one is cut meanwhile, maybe without a word, says nothing new.
 */
export function isNews(known: LinkFailure | undefined, failure: LinkFailure, index: number): boolean {
  return index === 0 || failure.state === 'unauthorized' || known?.state !== 'unauthorized';
}
