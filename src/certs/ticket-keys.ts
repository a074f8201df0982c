// The key that session tickets are sealed with (RFC 5077, RFC 8446 section 4.6.1): drawn anew every twelve hours, the same
// for every edge that shares the vault, so that a visitor resumes at whichever he comes to, also after a restart. Node
// takes one key at a time; tickets live for five minutes (its default), so a change costs few a full handshake.
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';

export interface TicketKeysOptions {
  readonly vault: CertificateVault;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Name, HMAC and AES key, as node:tls takes them. */
const keyBytes = 48;
/** A stolen key opens the TLS 1.2 sessions of this long. */
const periodMs = 12 * 3_600_000;
const lookEveryMs = 10_000;

export class TicketKeys {
  readonly #options: TicketKeysOptions;
  #key: Buffer;
  #period = -1;
  #timer: Timer | undefined;
  #isClosed = false;
  #hasFailed = false;

  constructor(options: TicketKeysOptions) {
    this.#options = options;
    this.#key = options.random.bytes(keyBytes);
  }

  /** The key of this moment; another buffer after each change. */
  get current(): Buffer {
    return this.#key;
  }

  /** Gets the present period's key, and then that of each period as it begins. */
  async start(): Promise<void> {
    await this.look();
    if (this.#isClosed) return;
    this.#timer = this.#options.clock.after(lookEveryMs, () => void this.start());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Changes the key if another period has begun. Without the vault an own key is drawn, and the vault tried again. */
  async look(): Promise<void> {
    const { vault, clock, random, log } = this.#options;
    const period = Math.floor(clock.wallMs() / periodMs);
    if (period === this.#period) return;
    try {
      const key = await vault.ticketKey(period, random.bytes(keyBytes));
      // Another edge is drawing it at this moment: the next look finds it.
      if (!key) return;
      this.#key = key;
      this.#period = period;
      this.#hasFailed = false;
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#key = random.bytes(keyBytes);
      log.warn(
        `The session ticket key could not be kept (${errorText(error)}); sessions are not resumed elsewhere.`,
      );
    }
  }
}
