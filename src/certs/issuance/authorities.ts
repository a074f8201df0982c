// The authorities that the settings name, each with its client once it was needed, and what their clocks tell of ours.
import type { Clock } from '#base/clock.ts';
import type { WebClient } from '#base/net/web-client.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import { openAccount, registerAccount, type AccountOptions } from '../acme/accounts.ts';
import type { AcmeClient, ClockReading } from '../acme/acme-client.ts';
import { isUnknownAccount } from '../acme/order-run.ts';
import type { AcmeSettings, AuthoritySettings } from './acme-settings.ts';

export interface AuthoritiesOptions {
  readonly settings: AcmeSettings;
  readonly vault: CertificateVault;
  readonly clock: Clock;
  /** A client that trusts the public roots, and this PEM if one is given. */
  readonly webFor: (ca: string | undefined) => WebClient & { close(): void };
}

/** A clock this far off is set wrong; less is drift that matters to nobody here. */
const wrongClockMs = 3_600_000;
/** Wall and monotonic time part by more than this only when the clock was set, or the machine slept. */
const jumpMs = 60_000;

export class Authorities {
  readonly #options: AuthoritiesOptions;
  readonly #clients = new Map<string, Promise<AcmeClient>>();
  readonly #webs = new Map<string, ReturnType<AuthoritiesOptions['webFor']>>();
  #reading: ClockReading | undefined;

  constructor(options: AuthoritiesOptions) {
    this.#options = options;
  }

  /** Runs work for our account at an authority; one that has forgotten the account is told of it again, once. */
  async use<T>(
    authority: AuthoritySettings,
    signal: AbortSignal,
    work: (client: AcmeClient) => Promise<T>,
  ): Promise<T> {
    const client = await this.#client(authority, signal);
    try {
      return await work(client);
    } catch (error) {
      if (!isUnknownAccount(error)) throw error;
      await registerAccount(client, this.#accountOptions(authority), signal);
      return await work(client);
    } finally {
      this.#reading = client.clockReading ?? this.#reading;
    }
  }

  /** How far this machine's clock is behind (ahead: negative), by the authority asked last; 0 when it is about right. */
  get clockErrorMs(): number {
    const aheadMs = (this.knowsTime && this.#reading?.aheadMs) || 0;
    return Math.abs(aheadMs) < wrongClockMs ? 0 : aheadMs;
  }

  /** Whether an authority has told its time, and this machine's clock has not been set since. */
  get knowsTime(): boolean {
    return this.#reading !== undefined && !this.hasJumped;
  }

  /** Whether the clock has been set since an authority told its time, so that it should be asked again. */
  get hasJumped(): boolean {
    if (!this.#reading) return false;
    const { clock } = this.#options;
    const { wallMs, nowMs } = this.#reading;
    return Math.abs(clock.wallMs() - wallMs - (clock.nowMs() - nowMs)) > jumpMs;
  }

  close(): void {
    for (const web of this.#webs.values()) web.close();
  }

  #client(authority: AuthoritySettings, signal: AbortSignal): Promise<AcmeClient> {
    const { directoryUrl } = authority;
    let client = this.#clients.get(directoryUrl);
    if (!client) {
      client = openAccount(this.#accountOptions(authority), signal);
      this.#clients.set(directoryUrl, client);
      // What failed is tried anew by the next who needs it.
      client.catch(() => this.#clients.delete(directoryUrl));
    }
    return client;
  }

  #accountOptions({ directoryUrl, ca, externalAccount }: AuthoritySettings): AccountOptions {
    const { vault, clock, settings, webFor } = this.#options;
    let web = this.#webs.get(directoryUrl);
    if (!web) {
      web = webFor(ca);
      this.#webs.set(directoryUrl, web);
    }
    return { directoryUrl, web, clock, vault, email: settings.email, externalAccount };
  }
}
