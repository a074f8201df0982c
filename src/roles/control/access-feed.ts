// Keeps the edge's picture of who may pass in step with the store: looked at whenever the configuration or anything else in the
// store has changed (sessions begin and end without a change of the configuration, here or at another edge: store-looks.ts),
// and when something in the picture runs out. Only what differs is sent.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';

export interface AccessFeedOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly read: () => Promise<AccessDirectory>;
  readonly send: (directory: AccessDirectory) => Promise<void>;
}

export class AccessFeed {
  readonly #options: AccessFeedOptions;
  #looking: Promise<void> = Promise.resolve();
  #sent = '';
  /** The picture is good from when it was read until something in it runs out. */
  #fromMs = 0;
  #untilMs = -Infinity;
  #isStopped = false;
  #isFailing = false;

  constructor(options: AccessFeedOptions) {
    this.#options = options;
  }

  /** Looks if there is a reason to. */
  async glance(mayHaveChanged: boolean): Promise<void> {
    const wallMs = this.#options.clock.wallMs();
    // A clock that was set back may bring back what had run out.
    const isGood = wallMs >= this.#fromMs && wallMs < this.#untilMs;
    if (isGood) this.#fromMs = wallMs;
    if (mayHaveChanged || !isGood) await this.look();
  }

  /** Looks now, and resolves once the edge knows. One after the other: an older picture must never follow a newer one. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  /** A store that is away leaves the edge with what it knows, whose times still run out. */
  async #lookOnce(): Promise<void> {
    const { clock, read, send, log } = this.#options;
    const fromMs = clock.wallMs();
    try {
      const directory = await read();
      if (this.#isStopped) return;
      const text = JSON.stringify(directory);
      if (text !== this.#sent) await send(directory);
      this.#sent = text;
      this.#fromMs = fromMs;
      this.#untilMs = firstEndMs(directory, fromMs);
      this.#isFailing = false;
    } catch (error) {
      this.#untilMs = -Infinity;
      if (!this.#isFailing && !this.#isStopped)
        log.warn('Who may pass could not be read; the edge goes on with what it knows', {
          error: errorText(error),
        });
      this.#isFailing = true;
    }
  }

  stop(): void {
    this.#isStopped = true;
  }
}

/** When the first of the times runs out that a later picture would not have. */
function firstEndMs({ sessions }: AccessDirectory, fromMs: number): number {
  return sessions
    .flatMap(({ untilMs, trusted }) => [untilMs, trusted?.untilMs ?? Infinity])
    .reduce((first, endMs) => (endMs > fromMs ? Math.min(first, endMs) : first), Infinity);
}
