// Links that sign somebody in once: an invitation, help for whoever cannot get in, the way in of the first owner. The
// secret stands behind a `#`, which browsers send to nobody: not to logs, not in Referer, and no preview of a chat follows it.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { Store } from '#store/store.ts';
import { createSecret, hashSecret } from '../proofs/secret.ts';

export interface OneTimeLinksOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Where the dashboard stands: `https://sallyport.example.com`. */
  readonly dashboardUrl: () => string;
}

/** What a link is for, and how long it is good. */
export const linkLifetimesMs = {
  invitation: 24 * 3_600_000,
  help: 15 * 60_000,
} as const;

/** A link as it is shown once. */
export interface OneTimeLink {
  readonly url: string;
  readonly expiresAtMs: number;
}

const purpose = 'link';

/** Makes and redeems links. */
export class OneTimeLinks {
  readonly #options: OneTimeLinksOptions;

  constructor(options: OneTimeLinksOptions) {
    this.#options = options;
  }

  async create(userId: string, kind: keyof typeof linkLifetimesMs): Promise<OneTimeLink> {
    const { store, clock, random, dashboardUrl } = this.#options;
    const token = createSecret(random);
    const expiresAtMs = clock.wallMs() + linkLifetimesMs[kind];
    await store.putTicket({
      hash: hashSecret(token),
      purpose,
      data: JSON.stringify({ userId, kind }),
      expiresAtMs,
    });
    return { url: `${dashboardUrl().replace(/\/+$/, '')}/link#token=${token}`, expiresAtMs };
  }

  /** Takes a redemption back: what was given beside it was not right. It is good for a while, as help is. */
  async giveBack(token: string, userId: string): Promise<void> {
    const { store, clock } = this.#options;
    const expiresAtMs = clock.wallMs() + linkLifetimesMs.help;
    const data = JSON.stringify({ userId, kind: 'help' });
    await store.putTicket({ hash: hashSecret(token), purpose, data, expiresAtMs });
  }

  /** The id of the user that a link was made for; undefined when it was used, has run out, or never was. */
  async redeem(token: string): Promise<string | undefined> {
    const { store, clock } = this.#options;
    const ticket = await store.takeTicket(hashSecret(token), purpose, clock.wallMs());
    return ticket && (JSON.parse(ticket.data) as { userId: string }).userId;
  }
}
