// What is shown to validators at this moment: tokens on the plain listener, certificates for acme-tls/1, TXT records in
// zones. Orders put answers up and take them down; the listeners ask what there is.
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ChallengeMethod } from '#model/certificates/certificate-record.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import { challengeCertificate, txtNameOf, txtValueOf } from './challenge.ts';
import { isSharedAnswer, SharedAnswers } from './shared-answers.ts';

export interface ChallengeBoardOptions {
  /** Answers go there too where several edges may be asked. */
  readonly vault: CertificateVault;
  readonly presenters: readonly ChallengePresenter[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Awaited whenever what TLS-ALPN-01 shows is another: others who answer in this edge's place are told. */
  readonly announce?: (() => Promise<void>) | undefined;
}

/** What a validator by TLS-ALPN-01 is shown for a name, as PEM. */
export interface ChallengePem {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
}

/** One answer to be put up. */
export interface ChallengeAnswer {
  readonly method: ChallengeMethod;
  /** The hostname, `*.` in front of a wildcard's. */
  readonly name: string;
  readonly token: string;
  /** See keyAuthorization. */
  readonly authorization: string;
}

/** Takes an answer down again; never rejects. */
export type TakeDown = () => Promise<void>;

/** An order lives for ten minutes (order-run.ts); nobody asks for its answers after that. */
const answerLifeMs = 15 * 60_000;
/** Taking a TXT record down is a courtesy that must not hold up a stop. */
const takeDownMs = 15_000;

/** See the head of the file. */
export class ChallengeBoard {
  readonly #options: ChallengeBoardOptions;
  readonly #tokens = new Map<string, string>();
  readonly #contexts = new Map<string, SecureContext>();
  readonly #pems = new WeakMap<SecureContext, Pick<ChallengePem, 'cert' | 'key'>>();
  /** Those of other edges. */
  readonly #shared: SharedAnswers;

  constructor(options: ChallengeBoardOptions) {
    this.#options = options;
    const { vault, clock } = options;
    this.#shared = new SharedAnswers({
      ...{ vault, clock },
      contextOf: (name, authorization) => this.#contextOf(name, authorization),
    });
  }

  /** Follows what other edges have put up for TLS-ALPN-01, until the signal fires. */
  follow(signal: AbortSignal): Promise<void> {
    return this.#shared.follow(signal);
  }

  /** What HTTP-01 serves for a token of ours, or of another edge that shares the vault. */
  async tokenAnswer(token: string): Promise<string | undefined> {
    const { vault } = this.#options;
    if (isSharedAnswer(token)) return undefined;
    return this.#tokens.get(token) ?? (vault.isShared ? await vault.answer(token) : undefined);
  }

  /** What TLS-ALPN-01 shows for a server name. */
  contextFor(serverName: string): SecureContext | undefined {
    return this.#contexts.get(serverName) ?? this.#shared.contextFor(serverName);
  }

  /** All that TLS-ALPN-01 shows at this moment, of this edge and of others. */
  get shown(): ChallengePem[] {
    const contexts = [...this.#shared.contexts, ...this.#contexts];
    return contexts.map(([name, context]) => ({ name, ...this.#pems.get(context)! }));
  }

  /** Who can write the TXT record for a name. */
  presenterFor(name: string): ChallengePresenter | undefined {
    return this.#options.presenters.find((presenter) => presenter.covers(name));
  }

  /** Puts an answer up and resolves when validators can see it. */
  async putUp(answer: ChallengeAnswer, signal: AbortSignal): Promise<TakeDown> {
    switch (answer.method) {
      case 'http-01':
        return this.#putUpToken(answer);
      case 'tls-alpn-01':
        return this.#putUpCertificate(answer, signal);
      case 'dns-01':
        return this.#putUpRecord(answer, signal);
    }
  }

  async #putUpToken({ token, authorization }: ChallengeAnswer): Promise<TakeDown> {
    const { vault, clock } = this.#options;
    this.#tokens.set(token, authorization);
    if (!vault.isShared) return async () => void this.#tokens.delete(token);
    // A vault that cannot be written to leaves the answer with this edge, which may be the one that is asked.
    const keeping = vault.keepAnswer(token, authorization, clock.wallMs() + answerLifeMs);
    await this.#quietly('A challenge answer could not be kept for other edges', keeping);
    return async () => {
      this.#tokens.delete(token);
      await this.#quietly('A challenge answer could not be removed', vault.forgetAnswer(token));
    };
  }

  async #putUpCertificate({ name, authorization }: ChallengeAnswer, signal: AbortSignal): Promise<TakeDown> {
    const { vault, clock, announce } = this.#options;
    const context = this.#contextOf(name, authorization);
    this.#contexts.set(name, context);
    await announce?.();
    const takeDown: TakeDown = async () => {
      if (this.#contexts.get(name) === context) this.#contexts.delete(name);
      await announce?.();
      if (vault.isShared)
        await this.#quietly('A challenge answer could not be removed', this.#shared.takeDown(name));
    };
    if (!vault.isShared) return takeDown;
    const untilMs = clock.wallMs() + answerLifeMs;
    const sharing = this.#shared.putUp(name, authorization, { untilMs, signal });
    await this.#quietly('A challenge answer could not be kept for other edges', sharing);
    return takeDown;
  }

  #contextOf(name: string, authorization: string): SecureContext {
    const { clock, random } = this.#options;
    const { certPem, keyPem } = challengeCertificate(name, authorization, { wallMs: clock.wallMs(), random });
    const context = createSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
    this.#pems.set(context, { cert: certPem, key: keyPem });
    return context;
  }

  async #putUpRecord({ name, authorization }: ChallengeAnswer, signal: AbortSignal): Promise<TakeDown> {
    const presenter = this.presenterFor(name);
    if (!presenter) throw new Error(`nobody can write the TXT record for ${name}`);
    const [record, value] = [txtNameOf(name), txtValueOf(authorization)];
    // Even one that failed may have left the record behind.
    const takeDown: TakeDown = () =>
      this.#quietly(
        `The TXT record ${record} could not be removed, remove it by hand`,
        presenter.removeTxt(record, value, AbortSignal.timeout(takeDownMs)),
      );
    try {
      await presenter.presentTxt(record, value, signal);
    } catch (error) {
      await takeDown();
      throw error;
    }
    return takeDown;
  }

  async #quietly(what: string, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.log.warn(`${what} (${errorText(error)}).`);
    }
  }
}
