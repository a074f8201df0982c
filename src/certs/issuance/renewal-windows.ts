// Asks authorities when they would like certificates to be renewed (RFC 9773): every few hours as they wish, and soon
// after a start. A window that has come early is how a revocation, or a mistake of the authority's, is found out.
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { CertificateRecord } from '#model/certificates/certificate-record.ts';
import { certificateFacts, renewalIdOf } from '../certificate-facts.ts';
import type { AcmeSettings } from './acme-settings.ts';
import type { Authorities } from './authorities.ts';
import type { CertificateKeeper } from './certificate-keeper.ts';
import { askRenewalAgainMs, renewalTime } from './renewal-time.ts';

export interface RenewalWindowsOptions {
  readonly settings: () => AcmeSettings;
  readonly authorities: () => Authorities;
  readonly keeper: CertificateKeeper;
  readonly log: Log;
  readonly wallMs: () => number;
}

/** Asked in one go; the rest follows with the next look. */
const maxAtOnce = 25;
/** After an authority did not answer. */
const askAgainMs = 3_600_000;
/** After one that gives no such information at all. */
const dayMs = 86_400_000;
/** No authority may postpone the next question for longer; a later time was noted by a wrong clock. */
const longestMs = 2 * 86_400_000;

export class RenewalWindows {
  readonly #options: RenewalWindowsOptions;
  /** By certificate text: asked without success, and not again before. */
  readonly #notBefore = new Map<string, number>();

  constructor(options: RenewalWindowsOptions) {
    this.#options = options;
  }

  isAnyDue(): boolean {
    return this.#due().length > 0;
  }

  /** Asks for every certificate whose time has come. */
  async askDue(signal: AbortSignal): Promise<void> {
    const texts = new Set(this.#options.keeper.shown.records.map(({ certPem }) => certPem));
    for (const text of this.#notBefore.keys()) if (!texts.has(text)) this.#notBefore.delete(text);
    for (const record of this.#due().slice(0, maxAtOnce)) {
      signal.throwIfAborted();
      await this.#ask(record, signal);
    }
  }

  #due(): CertificateRecord[] {
    const { keeper, wallMs } = this.#options;
    const nowMs = wallMs();
    return keeper.shown.records.filter((record) => {
      if (record.source !== 'acme' || record.notAfterMs <= nowMs || !this.#authorityOf(record)) return false;
      if ((this.#notBefore.get(record.certPem) ?? 0) > nowMs) return false;
      const askAtMs = record.renewal?.askAgainAtMs ?? 0;
      return askAtMs <= nowMs || askAtMs > nowMs + longestMs;
    });
  }

  #authorityOf({ authority }: CertificateRecord): AcmeSettings['authorities'][number] | undefined {
    return this.#options.settings().authorities.find(({ directoryUrl }) => directoryUrl === authority);
  }

  async #ask(record: CertificateRecord, signal: AbortSignal): Promise<void> {
    const { authorities, keeper, log, wallMs } = this.#options;
    const authority = this.#authorityOf(record)!;
    this.#notBefore.set(record.certPem, wallMs() + askAgainMs);
    try {
      const id = renewalIdOf(certificateFacts(record.certPem));
      const answer =
        id && (await authorities().use(authority, signal, (client) => client.renewalInfo(id, signal)));
      if (!answer) return void this.#notBefore.set(record.certPem, wallMs() + dayMs);
      const { suggestedWindow, explanationURL = '' } = answer.resource;
      const renewal = {
        startMs: Date.parse(suggestedWindow.start),
        endMs: Date.parse(suggestedWindow.end),
        explanationUrl: explanationURL,
        askAgainAtMs: wallMs() + askRenewalAgainMs(answer.retryAfterMs),
      };
      this.#notBefore.delete(record.certPem);
      // An order that ended meanwhile has put another in its place.
      if (!keeper.shown.records.includes(record)) return;
      const asked = { ...record, renewal };
      await keeper.keep(asked, '', wallMs());
      if (
        renewalTime(asked).atMs <= wallMs() &&
        renewalTime({ ...record, renewal: undefined }).atMs > wallMs()
      ) {
        log.warn(
          `${authority.label} wants the certificate renewed ahead of its time; it may have been revoked`,
          {
            names: record.names.join(' '),
            until: new Date(record.notAfterMs).toISOString(),
            ...(explanationURL === '' ? {} : { see: explanationURL }),
          },
        );
      }
    } catch (error) {
      signal.throwIfAborted();
      log.debug('No renewal information', { names: record.names.join(' '), error: errorText(error) });
    }
  }
}
