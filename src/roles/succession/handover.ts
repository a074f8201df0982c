// One edge process takes over from another without a refused connection. The one that runs starts its successor as a child
// that inherits the listening sockets (the kernel's own queue of connections goes on), and steps back when that is ready.
// The two speak over Node's channel between parent and child:
//
//     old                                        new
//      | starts it, with its sockets              | loads program and configuration
//      | <-- prepared --------------------------- |
//      | lets go of store and control plane       |
//      | --- offer: sockets, tunnels, claims ---> | opens the store, takes the sockets
//      | <-- ready ------------------------------ |
//      | asks connectors and clients to move      | serves; requests for tunnels on their way wait
//      | <-- finish ----------------------------- | (only if the new one is about to be succeeded itself)
//      | ends when its last client has gone       |
import { type ChildProcess, spawn } from 'node:child_process';
import { isSea } from 'node:sea';
import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Inheritance } from '#edge/edge-contract.ts';
import { type HandedSocket, socketKinds } from './handed-sockets.ts';

/** What the old process hands over. */
export interface Offer extends Inheritance {
  readonly sockets: readonly HandedSocket[];
}

/** Tells a process that it is somebody's successor. */
const variable = 'SALLYPORT_SUCCEEDS';

/** Descriptors 0 to 2 are the usual ones, 3 is the channel. */
const firstHandle = 4;

/** Loading program and configuration; store, certificates and cache. Long, for a busy machine: the old one serves meanwhile. */
const prepareLimitMs = 60_000;
const readyLimitMs = 120_000;

const offerSchema = z.object({
  kind: z.literal('offer'),
  sockets: z.array(
    z
      .object({
        kind: z.enum(socketKinds),
        // JSON has no undefined, which stands for every address.
        host: z.string().optional(),
        port: z.int(),
        handle: z.int(),
      })
      .transform((socket) => ({ ...socket, host: socket.host })),
  ),
  expected: z.object({ tunnelIds: z.array(z.string()), withinMs: z.number() }),
  claims: z.array(z.tuple([z.string(), z.array(z.string())])),
});

/** The old process's hold on its successor. */
export interface Successor {
  readonly pid: number;
  /** Resolves when it serves. @throws SallyportError, with the successor ended, when it does not come to that */
  ready(): Promise<void>;
  /** Fires when what is left here is to end soon, because the successor has a successor. */
  readonly finish: AbortSignal;
  /** It goes on by itself from here. */
  release(): void;
  /** It is not wanted after all. */
  end(): void;
}

export interface SucceedOptions {
  readonly clock: Clock;
  /** `edge run --config ...` */
  readonly args: readonly string[];
  readonly sockets: readonly HandedSocket[];
  /** Called once the successor is prepared: lets go of what only one process may have. */
  readonly letGo: () => Promise<Inheritance>;
}

/** Starts a successor and hands everything over to it. @throws SallyportError when it does not start */
export async function succeed(options: SucceedOptions): Promise<Successor> {
  const { clock, args, sockets, letGo } = options;
  if (process.pid === 1) {
    throw new SallyportError(
      'invalid',
      'This edge is the first process of a container, which ends with it; start another container instead.',
    );
  }
  const program = isSea() ? [] : [...process.execArgv, process.argv[1]!];
  const child = spawn(process.execPath, [...program, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...sockets.map(({ handle }) => handle)],
    env: { ...process.env, [variable]: String(process.pid) },
  });
  const messages = new Messages(child, clock);
  const finish = new AbortController();
  await messages.next('prepared', prepareLimitMs);
  const inheritance = await letGo();
  const handed = sockets.map((socket, i) => ({ ...socket, handle: firstHandle + i }));
  child.send({ kind: 'offer', ...inheritance, sockets: handed });
  return {
    pid: child.pid ?? 0,
    finish: finish.signal,
    async ready() {
      await messages.next('ready', readyLimitMs);
      child.on('message', (message) => {
        if (kindOf(message) === 'finish') finish.abort();
      });
    },
    release() {
      if (child.connected) child.disconnect();
      child.unref();
    },
    end: () => void child.kill('SIGTERM'),
  };
}

/** The new process's hold on the one before it. */
export interface Predecessor {
  /** Everything that can be checked before has been; resolves with what the old process hands over. */
  prepared(): Promise<Offer>;
  /** Serves. */
  ready(): void;
  /** What is left there shall end soon. */
  finish(): void;
}

/** Undefined for a process that nobody has started as a successor. */
export function findPredecessor(env: NodeJS.ProcessEnv = process.env): Predecessor | undefined {
  if (env[variable] === undefined || process.send === undefined) return undefined;
  // Whoever this process starts is nobody's successor by that alone.
  delete env[variable];
  const tell = (kind: string): void => {
    if (process.connected) process.send!({ kind });
  };
  return {
    prepared() {
      return new Promise((resolve, reject) => {
        process.once('message', (message) => {
          process.off('disconnect', gone);
          resolve(offerSchema.parse(message));
        });
        const gone = (): void =>
          reject(new SallyportError('aborted', 'The edge that this one was to succeed has ended.'));
        process.once('disconnect', gone);
        tell('prepared');
      });
    },
    ready: () => tell('ready'),
    finish: () => tell('finish'),
  };
}

/** What a child says, each kind once and in order; its end is an error. */
class Messages {
  readonly #child: ChildProcess;
  readonly #clock: Clock;
  #ended: string | undefined;
  #failed: ((why: string) => void) | undefined;

  constructor(child: ChildProcess, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    child.once('error', (error) => this.#fail(error.message));
    child.once('exit', (code, signal) => this.#fail(`it ended with ${code ?? signal}`));
  }

  next(kind: string, limitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        this.#failed = undefined;
        this.#child.off('message', listen);
      };
      const fail = (why: string): void => {
        settle();
        this.#child.kill('SIGKILL');
        reject(
          new SallyportError(
            'internal',
            `The new edge did not start (${why}); its own words are in the log.`,
          ),
        );
      };
      const listen = (message: unknown): void => {
        if (kindOf(message) !== kind) return;
        settle();
        resolve();
      };
      const timer = this.#clock.after(limitMs, () => fail(`it was not ${kind} within ${limitMs / 1000} s`));
      if (this.#ended !== undefined) return fail(this.#ended);
      this.#failed = fail;
      this.#child.on('message', listen);
    });
  }

  #fail(why: string): void {
    this.#ended = why;
    this.#failed?.(why);
  }
}

function kindOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'kind' in message ? message.kind : undefined;
}
