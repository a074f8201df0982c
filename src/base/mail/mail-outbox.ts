// Mails that nobody waits for: handed in at once, sent one after the other behind the answer, so that how long a mail takes
// tells nobody whether there was one. A server that is away is tried again; what was given up is told to the log.
import type { Clock } from '../clock.ts';
import { errorText, isSallyportError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Mail, MailSettings } from './send-mail.ts';

export interface MailOutboxOptions {
  /** As edge.yml has them now; undefined: no mail is sent. */
  readonly settings: () => MailSettings | undefined;
  /** base/mail/send-mail.ts. */
  readonly send: (mail: Mail, settings: MailSettings) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Mails that wait; what comes beyond is dropped, and the log says so. */
export const maxWaitingMails = 100;
/** Before the second and the third try; then the mail is given up, since who waits for it has asked again. */
const retryAfterMs = [5_000, 60_000];

/** Sends in the background. */
export class MailOutbox {
  readonly #options: MailOutboxOptions;
  readonly #waiting: { readonly mail: Mail; readonly what: string }[] = [];
  #isSending = false;

  constructor(options: MailOutboxOptions) {
    this.#options = options;
  }

  /** Whether there is a mail server at all. */
  get isOpen(): boolean {
    return this.#options.settings() !== undefined;
  }

  /** Takes a mail; `what` names it in the log: "a sign-in link". False when it was dropped. */
  put(mail: Mail, what: string): boolean {
    if (this.#waiting.length >= maxWaitingMails) {
      this.#options.log.warn(`Too many mails wait for the mail server; ${what} was dropped`, {
        limit: maxWaitingMails,
      });
      return false;
    }
    this.#waiting.push({ mail, what });
    if (!this.#isSending) void this.#sendAll();
    return true;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      await this.#deliver(next.mail, next.what);
    }
    this.#isSending = false;
  }

  async #deliver(mail: Mail, what: string): Promise<void> {
    const { settings, send, log, clock } = this.#options;
    for (const waitMs of [...retryAfterMs, undefined]) {
      const server = settings();
      if (!server) return log.error(`There is no mail server any more; ${what} was dropped`);
      try {
        await send(mail, server);
        return log.info(`The mail server has taken over ${what}`, { server: server.host });
      } catch (error) {
        const isWorthATry = isSallyportError(error, 'mail-unreachable') && waitMs !== undefined;
        if (!isWorthATry) return log.error(`${errorText(error)} A mail (${what}) was not sent.`);
        log.warn(`${errorText(error)} A mail (${what}) is tried again.`, { afterMs: waitMs });
        await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      }
    }
  }
}
