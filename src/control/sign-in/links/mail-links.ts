// One-time links by mail, for visitors who ask for one at the sign-in page: good once, for a quarter of an hour, and only in
// the browser that asked. Whether an address is known is told to nobody: the answer is the same, at once, and everything else
// happens behind it. Owners and admins get none: who reads a mailbox must not run the edge.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { MailOutbox } from '#base/mail/mail-outbox.ts';
import { isMailAddress } from '#base/mail/send-mail.ts';
import type { Random } from '#base/random.ts';
import type { AttemptRules } from '#base/secrets/attempt-limits.ts';
import { visitorPages } from '#model/access/sign-in-passage.ts';
import type { User } from '#model/users/user.ts';
import type { Control } from '../../control.ts';
import { createSecret, hashSecret, isSameSecret } from '../proofs/secret.ts';
import type { DashboardPlace } from '../sessions/session-cookie.ts';

export interface MailLinksOptions {
  readonly control: Control;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbox: MailOutbox;
  readonly place: () => DashboardPlace;
}

/** From asking to signing in. */
export const mailLinkMs = 15 * 60_000;

const minute = 60_000;

/** A mailbox gets three at once and some hundred a day, whoever asks; an address may ask for a few people. */
export const mailLinkRules: AttemptRules = {
  address: { free: 10, firstMs: 10_000, longestMs: 15 * minute, forgottenMs: 60 * minute },
  account: { free: 3, firstMs: minute, longestMs: 15 * minute, forgottenMs: 60 * minute },
  known: { free: 3, firstMs: minute, longestMs: 15 * minute, forgottenMs: 60 * minute },
  all: { free: 100, firstMs: 1_000, longestMs: 10_000, forgottenMs: 10 * minute },
};

/** What a mail link leads to: whose it is, and the page that its browser wanted. */
export interface MailLinkTarget {
  readonly userId: string;
  readonly host: string;
  /** Where another proxy serves it. */
  readonly port?: number | undefined;
  readonly path: string;
}

interface Kept extends MailLinkTarget {
  readonly nonceHash: string;
  readonly expiresAtMs: number;
}

const purpose = 'mail link';

/** Makes and redeems them. */
export class MailLinks {
  readonly #options: MailLinksOptions;

  constructor(options: MailLinksOptions) {
    this.#options = options;
  }

  /** Whether there is a mail server. */
  get isOpen(): boolean {
    return this.#options.outbox.isOpen;
  }

  /** A new nonce for the cookie of the browser that asks. */
  createNonce(): string {
    return createSecret(this.#options.random);
  }

  /** Sends a link to the address, if it is a visitor's; nobody waits for it, and nobody learns whether it was. */
  ask(address: string, nonce: string, page: Omit<MailLinkTarget, 'userId'>): void {
    const user = this.#visitorAt(address);
    if (!user?.email) return;
    this.#send(user, user.email, nonce, page).catch((error: unknown) => {
      this.#options.log.error('A sign-in link for a mail could not be made', { error: errorText(error) });
    });
  }

  /** Whose it is; undefined when it was used, has run out, never was, or another browser asked for it. */
  async redeem(token: string, nonce: string): Promise<MailLinkTarget | undefined> {
    const { control, clock } = this.#options;
    const ticket = await control.store.takeTicket(hashSecret(token), purpose, clock.wallMs());
    if (!ticket) return undefined;
    const kept = JSON.parse(ticket.data) as Kept;
    // A clock that was set back must not make a link last longer; a correction of a minute is none.
    if (kept.expiresAtMs - clock.wallMs() > mailLinkMs + minute) return undefined;
    if (isSameSecret(kept.nonceHash, hashSecret(nonce))) return kept;
    // Whoever found the link elsewhere must not take it away from the browser that asked.
    await this.#keep(token, kept);
    return undefined;
  }

  /** Takes a redemption back: the code beside it was not right. */
  async giveBack(token: string, nonce: string, target: MailLinkTarget): Promise<void> {
    const expiresAtMs = this.#options.clock.wallMs() + mailLinkMs / 3;
    await this.#keep(token, { ...target, nonceHash: hashSecret(nonce), expiresAtMs });
  }

  #visitorAt(address: string): User | undefined {
    if (!isMailAddress(address)) return undefined;
    const wanted = address.toLowerCase();
    // An address that only its user wrote down could be anybody's.
    return [...this.#options.control.state.users.values()].find(
      ({ email, isEmailVouched, isDisabled, role }) =>
        email?.toLowerCase() === wanted &&
        isEmailVouched &&
        !isDisabled &&
        (role === 'guest' || role === 'viewer'),
    );
  }

  async #send(
    { id, displayName, name }: User,
    to: string,
    nonce: string,
    { host, port, path }: Omit<MailLinkTarget, 'userId'>,
  ): Promise<void> {
    const { control, clock, random, outbox, place } = this.#options;
    const token = createSecret(random);
    const expiresAtMs = clock.wallMs() + mailLinkMs;
    await this.#keep(token, { userId: id, host, port, path, nonceHash: hashSecret(nonce), expiresAtMs });
    const { title } = control.state.settings;
    const { origin, basePath } = place();
    outbox.put(
      {
        to,
        subject: `Sign in to ${host}`,
        text: [
          `Hello ${displayName || name},`,
          `this link signs you in to ${host}. It works once, within 15 minutes, and only in the browser in which you asked for it:`,
          `${origin}${basePath}${visitorPages}/mail-link?token=${token}`,
          `If you did not ask for it, do nothing; nobody gets in with it.`,
          title,
        ].join('\n\n'),
      },
      'a sign-in link',
    );
  }

  #keep(token: string, kept: Kept): Promise<void> {
    return this.#options.control.store.putTicket({
      hash: hashSecret(token),
      purpose,
      data: JSON.stringify(kept),
      expiresAtMs: kept.expiresAtMs,
    });
  }
}
