// What a vault keeps for HTTP-01, the same in every implementation: texts by token, each good until a time. Tokens come from
// authorities and from whoever asks the plain listener, and become names in the vault: nothing but a token gets that far.
import { z } from 'zod';
import type { Clock } from '#base/clock.ts';

/** Where an implementation keeps its answers, as values that are not checked yet. */
export interface AnswerShelf {
  /** What is kept under a token; undefined when there is nothing, or nothing that can be read. */
  read(token: string): Promise<unknown>;
  /** All that is kept, by token; a name that is no token is what an unfinished write has left. */
  all(): Promise<readonly (readonly [name: string, value: unknown])[]>;
  keep(token: string, value: object): Promise<void>;
  forget(name: string): Promise<void>;
}

const answerSchema = z.object({ text: z.string(), untilMs: z.number() });
type Answer = z.output<typeof answerSchema>;

/** The answers of one vault; see CertificateVault for what each method promises. */
export class VaultAnswers {
  readonly #shelf: AnswerShelf;
  readonly #clock: Clock;

  constructor(shelf: AnswerShelf, clock: Clock) {
    this.#shelf = shelf;
    this.#clock = clock;
  }

  /** The text for a token, while it is good. */
  async one(token: string): Promise<string | undefined> {
    if (!isAnswerToken(token)) return undefined;
    const answer = answerSchema.safeParse(await this.#shelf.read(token)).data;
    return answer && this.#isGood(answer) ? answer.text : undefined;
  }

  /** All that are good, by token. */
  async all(): Promise<ReadonlyMap<string, string>> {
    const good = new Map<string, string>();
    for (const [token, value] of await this.#shelf.all()) {
      const answer = answerSchema.safeParse(value).data;
      if (answer && isAnswerToken(token) && this.#isGood(answer)) good.set(token, answer.text);
    }
    return good;
  }

  /** Keeps one, and throws out those whose time is over: what an edge that died has left. */
  async keep(token: string, text: string, untilMs: number): Promise<void> {
    if (!isAnswerToken(token)) throw new Error('not a token');
    for (const [old, value] of await this.#shelf.all()) {
      const answer = answerSchema.safeParse(value).data;
      if (answer && !this.#isGood(answer)) await this.#shelf.forget(old);
    }
    await this.#shelf.keep(token, { text, untilMs });
  }

  /** Nothing is kept under the token any more. */
  async forget(token: string): Promise<void> {
    if (isAnswerToken(token)) await this.#shelf.forget(token);
  }

  #isGood({ untilMs }: Answer): boolean {
    return untilMs > this.#clock.wallMs();
  }
}

/** At least 128 bits in base64url (RFC 8555 section 8.3), and nothing else. */
function isAnswerToken(token: string): boolean {
  return /^[A-Za-z0-9_-]{16,256}$/.test(token);
}
