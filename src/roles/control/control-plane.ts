// The main thread's side of the control plane: starts its thread, keeps it running, hands its configuration to the edge and
// the edge's answers to it. When the thread is away, the edge serves on from the last good configuration, and whoever asks
// the dashboard is told to come back in a moment.
import type { Duplex } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { Backoff } from '#base/backoff.ts';
import type { Clock, Timer } from '#base/clock.ts';
import { type ErrorCode, errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { ThreadLink } from '#base/thread-link.ts';
import type { DocumentStore } from '#certs/vault/document-vault.ts';
import type { Declared } from '#control/command.ts';
import type { ControlEnd, EdgeFacts } from '#control/edge-view.ts';
import type { Served } from '#control/snapshot.ts';
import type { ControlReport } from '#model/live/control-report.ts';
import {
  type ControlHello,
  type ControlOffers,
  type ControlSettings,
  type EdgeOffers,
  type OwnersServices,
} from './control-contract.ts';
import type { AccessCounter } from '../edge-serving.ts';
import type { AccessKeyRing } from '#model/access/access-keys.ts';
import { passToControl } from './control-door.ts';
import { readLastGood } from './last-good.ts';
import { startThread } from './start-thread.ts';

export interface ControlPlaneOptions {
  readonly settings: Omit<ControlSettings, 'accessKeys'>;
  /** The keys of access that this edge has now. */
  readonly accessKeys: () => AccessKeyRing;
  /** Answers the thread's questions about the edge. */
  readonly edge: EdgeOffers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Waits between starts of a thread that keeps ending. */
const restartBaseMs = 500;
const restartCapMs = 15_000;

export class ControlPlane {
  readonly #options: ControlPlaneOptions;
  readonly #backoff: Backoff;
  #declared: Declared;
  #services: OwnersServices;
  #facts: EdgeFacts;
  #thread: { readonly worker: Worker; readonly link: ThreadLink<ControlOffers> } | undefined;
  #retry: Timer | undefined;
  #lastEnd: ControlEnd | undefined;
  #isStopping = false;

  private constructor(options: ControlPlaneOptions) {
    this.#options = options;
    this.#declared = options.settings.declared;
    this.#services = options.settings.services;
    this.#facts = options.settings.facts;
    this.#backoff = new Backoff({ baseMs: restartBaseMs, capMs: restartCapMs, random: options.random });
  }

  /**
   * Starts the thread and waits for the configuration it has loaded. A store that cannot be used is no reason not to serve
   * what was served before: then the last good configuration is used, and the store tried again.
   * @throws SallyportError when there is none
   */
  static async start(options: ControlPlaneOptions): Promise<{ plane: ControlPlane; served: Served }> {
    const plane = new ControlPlane(options);
    try {
      return { plane, served: await plane.#startThread() };
    } catch (error) {
      const served = readLastGood(options.settings.dataDir);
      if (!served) throw error;
      options.log.error(
        `${errorText(error)} The edge serves the last good configuration meanwhile and tries again; nothing can be changed.`,
        { revision: served.revision },
      );
      plane.#startAgain();
      return { plane, served };
    }
  }

  /** The thread's functions. @throws SallyportError 'store-unavailable' while it is away */
  get #link(): ThreadLink<ControlOffers> {
    if (this.#thread) return this.#thread.link;
    throw new SallyportError(
      'store-unavailable',
      'The control plane is starting; try again in a few seconds.',
    );
  }

  /** The store's documents and leases. Every function rejects with 'store-unavailable' or 'aborted' while it is away. */
  get documents(): DocumentStore {
    return {
      getDocument: async (...args) => await this.#link.call('getDocument', ...args),
      putDocument: async (...args) => await this.#link.call('putDocument', ...args),
      deleteDocument: async (...args) => await this.#link.call('deleteDocument', ...args),
      listDocuments: async (...args) => await this.#link.call('listDocuments', ...args),
      takeLease: async (...args) => await this.#link.call('takeLease', ...args),
      releaseLease: async (...args) => await this.#link.call('releaseLease', ...args),
    };
  }

  /** What access has counted. Every function rejects while the thread is away. */
  get accessCounter(): AccessCounter {
    return { useShareLink: async (id) => await this.#link.call('useShareLink', id) };
  }

  /** What is to be shown of it. Rejects while the thread is away. */
  async report(): Promise<ControlReport> {
    return await this.#link.call('report');
  }

  /** edge.yml has changed. */
  declare(declared: Declared, services: OwnersServices): void {
    this.#declared = declared;
    this.#services = services;
    this.tell((link) => link.call('declare', declared, services));
  }

  /** The edge is up: what is now known of it. */
  introduce(facts: EdgeFacts): void {
    this.#facts = facts;
    this.tell((link) => link.call('introduce', facts));
  }

  /** See control-contract.ts. */
  firstOwnerLink(name: string): Promise<string | undefined> {
    return this.#link.call('firstOwnerLink', name);
  }

  /** Passes a function of the thread on, while there is one. */
  tell(tell: (link: ThreadLink<ControlOffers>) => Promise<unknown>): void {
    if (this.#thread) tell(this.#thread.link).catch(() => undefined);
  }

  /** Takes a connection of the dashboard's hostname: its bytes go to the thread's socket file. */
  accept(socket: Duplex): void {
    passToControl(this.#options.settings.dataDir, socket);
  }

  /** Starts the thread again after a `stop`. */
  resume(): void {
    this.#isStopping = false;
    this.#startAgain();
  }

  /** Ends the thread; the edge goes on from what it has. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#retry?.cancel();
    const thread = this.#thread;
    if (!thread) return;
    try {
      await thread.link.call('stop');
    } finally {
      await thread.worker.terminate();
    }
  }

  #startThread(): Promise<Served> {
    const { edge } = this.#options;
    const worker = startThread({
      ...this.#options.settings,
      accessKeys: this.#options.accessKeys(),
      declared: this.#declared,
      services: this.#services,
      facts: this.#facts,
      ...(this.#lastEnd ? { lastEnd: this.#lastEnd } : {}),
    });
    const link = new ThreadLink<ControlOffers>(worker, edge);
    return new Promise((resolve, reject) => {
      let lastError: unknown;
      worker.on('message', (hello: ControlHello) => {
        if (hello.kind === 'failed') {
          lastError = new SallyportError(hello.code as ErrorCode, hello.message);
        } else if (hello.kind === 'ready') {
          this.#thread = { worker, link };
          this.#backoff.reset();
          resolve(hello.served);
        }
      });
      worker.on('error', (error) => (lastError = error));
      worker.on('exit', () => {
        const why = lastError === undefined ? 'The control plane has ended.' : errorText(lastError);
        link.end(why);
        if (this.#thread?.worker === worker) this.#ended(lastError);
        else reject(lastError instanceof Error ? lastError : new SallyportError('internal', why));
      });
    });
  }

  #ended(error: unknown): void {
    this.#thread = undefined;
    if (this.#isStopping) return;
    const why = error === undefined ? 'it ended without a word' : errorText(error);
    this.#lastEnd = { atMs: this.#options.clock.wallMs(), why };
    this.#options.log.error('The control plane has ended; it is started again, and traffic goes on', {
      error: error instanceof Error ? (error.stack ?? error.message) : errorText(error ?? 'without a word'),
    });
    this.#startAgain();
  }

  #startAgain(): void {
    if (this.#isStopping) return;
    const { clock, log, edge } = this.#options;
    this.#retry = clock.after(Math.max(restartBaseMs, this.#backoff.nextMs()), () => {
      this.#startThread().then(
        (served) => {
          log.info('The control plane is back', { revision: served.revision });
          edge.served(served);
        },
        (error: unknown) => {
          log.warn('The control plane could not be started again', { error: errorText(error) });
          this.#startAgain();
        },
      );
    });
  }
}
