// Answers to TLS-ALPN-01 between edges that share a vault: a validator dials whichever edge its name server names, and a
// handshake cannot wait for a database. So every edge looks every few seconds what the others have put up, and who puts one
// up waits until they have looked.
import { createHash } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import type { CertificateVault } from '#model/certificates/certificate-vault.ts';

export interface SharedAnswersOptions {
  readonly vault: CertificateVault;
  readonly clock: Clock;
  /** Makes what a validator is shown. */
  readonly contextOf: (name: string, authorization: string) => SecureContext;
}

interface Shared {
  readonly text: string;
  readonly context: SecureContext;
}

/** How often edges look: a listing that is empty nearly always. */
const lookEveryMs = 2_000;
/** Whoever was just looking when an answer came sees it with the next look, and has this long to make it ready. */
const untilSeenMs = lookEveryMs + 1_000;
const prefix = 'alpn-';

/** Whether a token is one of these, which no plain listener serves. */
export function isSharedAnswer(token: string): boolean {
  return token.startsWith(prefix);
}

/** See the head of the file. */
export class SharedAnswers {
  readonly #options: SharedAnswersOptions;
  #contexts = new Map<string, Shared>();

  constructor(options: SharedAnswersOptions) {
    this.#options = options;
  }

  /** What another edge has put up for a server name. */
  contextFor(serverName: string): SecureContext | undefined {
    return this.#contexts.get(serverName)?.context;
  }

  /** All of them, by server name. */
  get contexts(): [string, SecureContext][] {
    return [...this.#contexts].map(([name, { context }]) => [name, context]);
  }

  /** Puts one up for the others; resolves when they have had time to see it. */
  async putUp(
    name: string,
    authorization: string,
    { untilMs, signal }: { untilMs: number; signal: AbortSignal },
  ): Promise<void> {
    const { vault, clock } = this.#options;
    await vault.keepAnswer(tokenOf(name), `${name} ${authorization}`, untilMs);
    await pause(clock, untilSeenMs, signal);
  }

  takeDown(name: string): Promise<void> {
    return this.#options.vault.forgetAnswer(tokenOf(name));
  }

  /** Looks every now and then until the signal fires. */
  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // A vault that is away has no answers; the orders themselves say what is wrong.
      await this.look().catch(() => undefined);
      await pause(this.#options.clock, lookEveryMs, signal).catch(() => undefined);
    }
  }

  /** Reads what there is now. */
  async look(): Promise<void> {
    const { vault, contextOf } = this.#options;
    const contexts = new Map<string, Shared>();
    for (const [token, text] of await vault.answers()) {
      const [name, authorization] = text.split(' ');
      if (!isSharedAnswer(token) || name === undefined || authorization === undefined) continue;
      const known = this.#contexts.get(name);
      contexts.set(name, known?.text === text ? known : { text, context: contextOf(name, authorization) });
    }
    this.#contexts = contexts;
  }
}

/** Names are longer than keys of a vault may be, and have other characters. */
function tokenOf(name: string): string {
  return `${prefix}${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = clock.after(ms, () => {
      signal.removeEventListener('abort', stop);
      resolve();
    });
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
}
