// What the edge makes of one origin, from how requests to it ended and, while it is not well, from dialling it again. No clock
// and no sockets: `nowMs` is an argument.
//
//   unknown --a request was answered--> ok --one that the origin failed--> degraded --three in a row, or a dial too--> down
//                                        ^------- a request was answered, or (where dials had failed) a dial -------'
import type { FailureCode } from '#http/exchange.ts';
import type { OriginLive } from '#model/live/origin-live.ts';

/** Failed requests in a row after which it is called down. */
const failuresToDown = 3;
/** What nobody has asked for so long since it failed is not known any more. */
export const forgetMs = 600_000;

/** Failures of the connection to the origin itself: dialling shows whether it is over. */
const dialFailures: ReadonlySet<FailureCode> = new Set([
  'origin-refused',
  'origin-unreachable',
  'origin-tls',
]);

export class OriginHealth {
  #state: OriginLive['state'] = 'unknown';
  #failures = 0;
  #sentence = 'Nobody has asked it since the edge started.';
  #isDialFailure = false;
  #failedMs = 0;

  get state(): OriginLive['state'] {
    return this.#state;
  }

  get sentence(): string {
    return this.#sentence;
  }

  /** Whether it is worth dialling it: it has failed, and nobody has found it well since. */
  get isInDoubt(): boolean {
    return this.#state === 'down' || this.#state === 'degraded';
  }

  /** A request was answered. HOT: most calls end at once. */
  answered(): void {
    if (this.#state === 'ok') return;
    this.#become('ok', 'It answers.');
    this.#failures = 0;
  }

  /** A request failed; `code` undefined: the origin itself said that it cannot (502 to 504). */
  failed(trouble: string, code: FailureCode | undefined, nowMs: number): void {
    this.#failures += 1;
    this.#failedMs = nowMs;
    this.#isDialFailure = code !== undefined && dialFailures.has(code);
    // An answer is an answer: who says 503 is there.
    const isDown = code !== undefined && (this.#state === 'down' || this.#failures >= failuresToDown);
    this.#become(isDown ? 'down' : 'degraded', sentenceOf(trouble));
  }

  /** It was dialled through its tunnel; '' when it was reached. */
  dialled(trouble: string, nowMs: number): void {
    if (!this.isInDoubt) return;
    if (trouble !== '') {
      this.#isDialFailure = true;
      this.#failedMs = nowMs;
      return this.#become('down', sentenceOf(trouble));
    }
    if (this.#isDialFailure) {
      this.#failures = 0;
      return this.#become('ok', 'It can be reached again; nobody has asked it since.');
    }
    if (nowMs - this.#failedMs < forgetMs) return;
    this.#failures = 0;
    this.#become('unknown', `It can be reached, and nobody has asked it for ${forgetMs / 60_000} minutes.`);
  }

  #become(state: OriginLive['state'], sentence: string): void {
    this.#state = state;
    this.#sentence = sentence;
  }
}

function sentenceOf(trouble: string): string {
  return `The last request to it failed: ${trouble}${trouble.endsWith('.') ? '' : '.'}`;
}
