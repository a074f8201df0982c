// Keeps the edge's picture of who may pass in step with the store: looked at whenever the configuration changes, and twice a
// second for sessions, which begin and end without a change of it, here or at another edge. Only what differs is sent.
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';

export interface AccessFeedOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly read: () => Promise<AccessDirectory>;
  readonly send: (directory: AccessDirectory) => Promise<void>;
}

/** Who signs out is out within a second everywhere. */
const everyMs = 400;

export class AccessFeed {
  readonly #options: AccessFeedOptions;
  #looking: Promise<void> = Promise.resolve();
  #sent = '';
  #timer: Timer | undefined;
  #isStopped = false;
  #isFailing = false;

  constructor(options: AccessFeedOptions) {
    this.#options = options;
  }

  /** Sends the first one, and follows. */
  async start(): Promise<void> {
    await this.look();
    this.#timer = this.#options.clock.after(everyMs, () => void this.#next());
  }

  async #next(): Promise<void> {
    await this.look();
    if (!this.#isStopped) this.#timer = this.#options.clock.after(everyMs, () => void this.#next());
  }

  /** Looks now, and resolves once the edge knows. One after the other: an older picture must never follow a newer one. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  /** A store that is away leaves the edge with what it knows, whose times still run out. */
  async #lookOnce(): Promise<void> {
    const { read, send, log } = this.#options;
    try {
      const directory = await read();
      const text = JSON.stringify(directory);
      if (text === this.#sent || this.#isStopped) return;
      await send(directory);
      this.#sent = text;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing && !this.#isStopped)
        log.warn('Who may pass could not be read; the edge goes on with what it knows', {
          error: errorText(error),
        });
      this.#isFailing = true;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}
