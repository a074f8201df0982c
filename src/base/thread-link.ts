// Questions and answers between two threads over a MessagePort: each side offers functions by name, and calls those of the
// other. Values are copied (structured clone), so both sides only ever hold plain data of their own. Errors arrive as what
// they were: a SallyportError keeps its code and facts.
import type { MessagePort, Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorFacts, errorText, SallyportError } from './errors.ts';

type Functions = Readonly<Record<string, ((...args: never[]) => unknown) | undefined>>;

interface CallMessage {
  readonly kind: 'call';
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

interface AnswerMessage {
  readonly kind: 'answer';
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly facts: ErrorFacts };
}

/** Calls that may wait for their answer at once; more are a fault of ours, or a thread that hangs. */
const maxWaiting = 10_000;

/** What a function of the other side takes and answers. */
type ArgsOf<F> = F extends (...args: infer A) => unknown ? A : never;
type AnswerOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** One end. `Theirs`: the functions that the other side offers. */
export class ThreadLink<Theirs extends object> {
  readonly #port: Pick<MessagePort, 'on' | 'postMessage'>;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #ended: string | undefined;

  /** `offered`: an object of functions that answers the other side's calls; what they return is awaited. */
  constructor(port: MessagePort | Worker, offered: object) {
    this.#port = port as MessagePort;
    const receive = (message: CallMessage | AnswerMessage): void => {
      if (message.kind === 'call') void this.#serve(offered as Functions, message);
      else if (message.kind === 'answer') this.#settle(message);
    };
    this.#port.on('message', receive);
  }

  /** Calls a function of the other side. @throws what it throws; SallyportError 'aborted' when it has ended */
  call<K extends keyof Theirs & string>(name: K, ...args: ArgsOf<Theirs[K]>): Promise<AnswerOf<Theirs[K]>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(new SallyportError('aborted', this.#ended));
      if (this.#waiting.size >= maxWaiting) {
        return reject(
          new SallyportError('too-many-requests', `Too many calls of ${name} wait for their answer.`),
        );
      }
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      this.#port.postMessage({ kind: 'call', id, name, args } satisfies CallMessage);
    });
  }

  /** The other side has ended, for this reason: nothing waits for it any longer. */
  end(why: string): void {
    this.#ended = why;
    for (const { reject } of this.#waiting.values()) reject(new SallyportError('aborted', why));
    this.#waiting.clear();
  }

  async #serve(offered: Functions, { id, name, args }: CallMessage): Promise<void> {
    let answer: AnswerMessage;
    try {
      const known = Object.hasOwn(offered, name) ? offered[name] : undefined;
      if (!known) throw new SallyportError('internal', `The other thread has no "${name}".`);
      answer = { kind: 'answer', id, value: await known(...(args as never[])) };
    } catch (error) {
      answer = { kind: 'answer', id, error: plainError(error) };
    }
    if (this.#ended === undefined) this.#port.postMessage(answer);
  }

  #settle({ id, value, error }: AnswerMessage): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    if (error) waiting.reject(new SallyportError(error.code, error.message, { facts: error.facts }));
    else waiting.resolve(value as never);
  }
}

function plainError(error: unknown): NonNullable<AnswerMessage['error']> {
  if (error instanceof SallyportError)
    return { code: error.code, message: error.message, facts: error.facts };
  return { code: 'internal', message: errorText(error), facts: {} };
}
