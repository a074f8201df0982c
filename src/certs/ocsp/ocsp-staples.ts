// OCSP answers kept ready for handshakes (RFC 6066 section 8), for certificates that name a responder. Fetched ahead of
// need and again at half their life; an answer that has run out is not shown, one that says "revoked" is told on.
//
// The authorities that most people use have given OCSP up; with their certificates this has nothing to do.
import type { Clock, Timer } from '#base/clock.ts';
import { createHash, X509Certificate } from 'node:crypto';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { WebClient } from '#base/net/web-client.ts';
import { certificateFacts } from '../certificate-facts.ts';
import { decodeOcspAnswer, encodeOcspRequest, issuerOf, type OcspAnswer } from './ocsp-message.ts';

export interface OcspStaplesOptions {
  /** PEM chains that the listeners show at this moment. */
  readonly chains: () => readonly string[];
  readonly web: WebClient;
  readonly clock: Clock;
  readonly log: Log;
  /** A responder calls the certificate revoked. */
  readonly onRevoked: (chainPem: string) => void;
}

interface Subject {
  readonly chainPem: string;
  readonly names: string;
  readonly url: string;
  /** SHA-256 of the certificate's DER. */
  readonly print: string;
  readonly request: Buffer;
  answer?: { readonly bytes: Buffer; readonly facts: OcspAnswer };
  askAtMs: number;
  failures: number;
  isRevoked: boolean;
}

/** How often it is looked whether a certificate is new or an answer is due. */
const lookEveryMs = 30_000;
/** Answers without an end are fetched again after this; with one, at half their life, within these. */
const usualMs = 12 * 3_600_000;
const soonestMs = 5 * 60_000;
/** After failures in a row: 1, 2, 4 ... minutes, an hour at most. */
const longestRetryMs = 3_600_000;
/** An answer may have been made this far in the future of our clock. */
const toleranceMs = 10 * 60_000;
const maxSubjects = 2_000;

export class OcspStaples {
  readonly #options: OcspStaplesOptions;
  readonly #abort = new AbortController();
  /** By PEM; undefined for certificates without a responder. */
  #subjects = new Map<string, Subject | undefined>();
  #byPrint = new Map<string, Subject>();
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(options: OcspStaplesOptions) {
    this.#options = options;
  }

  /** Begins to look after the certificates there are, and those that come. */
  start(): void {
    this.#schedule(0);
  }

  /** Whether any certificate has a responder, so that handshakes need to ask at all. */
  get isNeeded(): boolean {
    return this.#byPrint.size > 0;
  }

  /** The answer to show for a certificate, undefined when there is no good one now. */
  answerFor(certificate: Buffer): Buffer | undefined {
    const subject = this.#byPrint.get(printOf(certificate));
    const answer = subject?.answer;
    const endMs = answer?.facts.nextUpdateMs ?? Infinity;
    return answer && endMs > this.#options.clock.wallMs() ? answer.bytes : undefined;
  }

  /** Looks now; resolves when everything that is due has been asked. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#abort.abort(new Error('closing'));
    this.#timer?.cancel();
    await this.#looking;
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => {
      void this.look().finally(() => {
        if (!this.#abort.signal.aborted) this.#schedule(lookEveryMs);
      });
    });
  }

  async #lookOnce(): Promise<void> {
    this.#follow();
    for (const subject of this.#byPrint.values()) {
      if (this.#abort.signal.aborted) return;
      if (subject.askAtMs <= this.#options.clock.wallMs()) await this.#ask(subject);
    }
  }

  /** Takes in certificates that are new, and lets go of those that are gone. */
  #follow(): void {
    const chains = this.#options.chains().slice(0, maxSubjects);
    const subjects = new Map<string, Subject | undefined>();
    for (const chain of chains) {
      subjects.set(chain, this.#subjects.has(chain) ? this.#subjects.get(chain) : this.#subjectOf(chain));
    }
    this.#subjects = subjects;
    this.#byPrint = new Map(
      [...subjects.values()].flatMap((subject) => (subject ? [[subject.print, subject]] : [])),
    );
  }

  #subjectOf(chainPem: string): Subject | undefined {
    try {
      const { ocspUrl: url, names } = certificateFacts(chainPem);
      if (url === '') return undefined;
      issuerOf(chainPem);
      const print = printOf(new X509Certificate(chainPem).raw);
      const request = encodeOcspRequest({ chainPem });
      return {
        chainPem,
        url,
        print,
        request,
        names: names.join(' '),
        askAtMs: 0,
        failures: 0,
        isRevoked: false,
      };
    } catch (error) {
      this.#options.log.debug('No OCSP for a certificate', { error: errorText(error) });
      return undefined;
    }
  }

  async #ask(subject: Subject): Promise<void> {
    const { web, clock, log, onRevoked } = this.#options;
    try {
      const answer = await web(
        {
          ...{ url: subject.url, method: 'POST', body: subject.request },
          headers: { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' },
        },
        this.#abort.signal,
      );
      if (answer.status !== 200) throw new Error(`status ${answer.status}`);
      const facts = decodeOcspAnswer(answer.body, subject);
      checkTimes(facts, clock.wallMs());
      subject.failures = 0;
      subject.askAtMs = askAgainAt(facts, clock.wallMs());
      // Handshakes go on without one: no visitor is helped by being told that the certificate is no good.
      if (facts.status === 'good') subject.answer = { bytes: answer.body, facts };
      else delete subject.answer;
      if (facts.status === 'revoked' && !subject.isRevoked) {
        subject.isRevoked = true;
        log.error('The certificate has been revoked, says its OCSP responder; another one is needed', {
          names: subject.names,
          responder: subject.url,
        });
        onRevoked(subject.chainPem);
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      subject.failures += 1;
      subject.askAtMs = clock.wallMs() + Math.min(longestRetryMs, 60_000 * 2 ** (subject.failures - 1));
      const level = subject.failures === 1 ? 'warn' : 'debug';
      log[level](
        `The OCSP responder gave no answer that can be shown (${errorText(error)}); it is asked again`,
        {
          names: subject.names,
          responder: subject.url,
        },
      );
    }
  }
}

/** @throws when an answer is not of this time */
function checkTimes({ thisUpdateMs, nextUpdateMs }: OcspAnswer, nowMs: number): void {
  if (thisUpdateMs > nowMs + toleranceMs)
    throw new Error('the answer is from the future; is the clock right?');
  if (nextUpdateMs !== undefined && nextUpdateMs <= nowMs) throw new Error('the answer has run out already');
}

function askAgainAt({ thisUpdateMs, nextUpdateMs }: OcspAnswer, nowMs: number): number {
  if (nextUpdateMs === undefined) return nowMs + usualMs;
  const halfMs = (thisUpdateMs + nextUpdateMs) / 2;
  return Math.min(nowMs + usualMs, Math.max(nowMs + soonestMs, halfMs));
}

function printOf(certificate: Buffer): string {
  return createHash('sha256').update(certificate).digest('base64url');
}
