// One further process of an edge, from the outside: started with the listening sockets as descriptors, spoken to over its
// channel (worker-contract.ts).
import { spawn } from 'node:child_process';
import { isSea } from 'node:sea';
import { SallyportError } from '#base/errors.ts';
import type { ConnectionHandle } from '#base/io/socket-internals.ts';
import type { ThreadLink } from '#base/thread-link.ts';
import type { HandedSocket } from '../succession/handed-sockets.ts';
import { channelLink, sendConnection, sendNote } from './child-link.ts';
import { workerVariable } from './is-worker.ts';
import type { FirstOffers, WorkerNote, WorkerOffers } from './worker-contract.ts';

export interface WorkerChildOptions {
  readonly number: number;
  /** `edge run --config ...` */
  readonly args: readonly string[];
  readonly sockets: readonly HandedSocket[];
  readonly offers: FirstOffers;
  readonly onNote: (note: WorkerNote, handle: ConnectionHandle | undefined) => void;
}

/** A worker that is starting, or runs. */
export interface WorkerChild {
  readonly pid: number;
  readonly link: ThreadLink<WorkerOffers>;
  /** Its listening sockets, by their descriptors there. */
  readonly sockets: readonly HandedSocket[];
  /** Its program is loaded. @throws SallyportError when it ends before */
  readonly loaded: Promise<void>;
  /** How it ended; never rejects. */
  readonly ended: Promise<string>;
  note(note: WorkerNote): void;
  /** See sendConnection. */
  give(note: WorkerNote, handle: ConnectionHandle, done: () => void): boolean;
  kill(): void;
}

/** Descriptors 0 to 2 are the usual ones, 3 is the channel. */
const firstHandle = 4;

/** Starts the process. */
export function startWorkerChild(options: WorkerChildOptions): WorkerChild {
  const { number, args, sockets, offers, onNote } = options;
  const program = isSea() ? [] : [...process.execArgv, process.argv[1]!];
  const child = spawn(process.execPath, [...program, ...args], {
    // Plain data of ours goes over it, with buffers and maps.
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...sockets.map(({ handle }) => handle)],
    env: { ...process.env, [workerVariable]: String(number) },
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(String(signal ?? code)));
  });
  let hello = (): void => {};
  const loaded = new Promise<void>((resolve, reject) => {
    hello = resolve;
    void ended.then((how) =>
      reject(
        new SallyportError('internal', `Worker ${number} of the edge did not start (it ended with ${how}).`),
      ),
    );
  });
  // Whoever started it may not be waiting any more.
  loaded.catch(() => undefined);
  const link = channelLink<WorkerOffers>(child, offers, (note, handle) => {
    if (note.kind === 'hello') hello();
    else onNote(note, handle);
  });
  return {
    pid: child.pid ?? 0,
    ...{ link, loaded, ended },
    sockets: sockets.map((socket, i) => ({ ...socket, handle: firstHandle + i })),
    note: (note) => sendNote(child, note),
    give: (note, handle, done) => sendConnection(child, note, handle, done),
    kill: () => void child.kill('SIGKILL'),
  };
}
