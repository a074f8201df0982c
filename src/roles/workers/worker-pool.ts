// The further processes of an edge, kept running by the first. They inherit its listening sockets, so the kernel gives each
// connection to whichever process takes it, and nothing is refused when one dies: the sockets stay open here, where
// connections are taken, too. One that has died is replaced at once, and ever more slowly when that keeps happening.
import { Backoff } from '#base/backoff.ts';
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { ConnectionHandle } from '#base/io/socket-internals.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import type { ThreadLink } from '#base/thread-link.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { Inheritance, ListenerState } from '#edge/edge-contract.ts';
import { Mates, type MovedConnection } from '#edge/mates/mates.ts';
import type { AccessKeyRing } from '#model/access/access-keys.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';
import type { EdgeInstance, InstanceWorkers } from '../edge-instance.ts';
import type { AccessCounter } from '../edge-serving.ts';
import { relayPath } from './relay-path.ts';
import { basicsOf, shownFor } from './told-certificates.ts';
import { workerConfig } from './worker-config.ts';
import type { CertificateBasics, FirstOffers, WorkerNote, WorkerOffers } from './worker-contract.ts';
import { startWorkerChild, type WorkerChild } from './worker-child.ts';
import { writeEntry } from '../control/forwarded-log.ts';

export interface WorkerPoolOptions {
  /** Of all processes, this one included. */
  readonly count: number;
  /** `edge run --config ...` */
  readonly args: readonly string[];
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Takes their access log lines where they have no file of their own to write to. */
  readonly accessLog: (lines: Buffer, onLost: () => void) => void;
}

/** What workers are started with, as it is at that moment. */
export interface PoolParts {
  readonly instance: EdgeInstance;
  readonly directory: () => AccessDirectory;
  readonly accessKeys: () => AccessKeyRing;
  readonly accessCounter: AccessCounter | undefined;
  readonly inheritance: () => Inheritance;
  /** What happens at workers, for whoever listens here. */
  readonly events: Pick<FirstOffers, 'event' | 'request'>;
  /** Told of each worker that has begun to serve. */
  readonly onJoined: (link: ThreadLink<WorkerOffers>) => void;
}

/** Loading the program; opening an edge. Long, for a busy machine. */
const startLimitMs = 120_000;
/** Waits between starts of one that keeps ending. */
const restartBaseMs = 250;
const restartCapMs = 15_000;
/** One that has lived so long may be replaced at once again. */
const stableMs = 30_000;
/** What workers must know of certificates is compared so often. */
const lookMs = 1_000;
/** What they see is asked for at each so many looks, as often as the edge's health is looked at. */
const seenEveryLooks = 5;
/** Beyond the grace that a worker is given to stop. */
const stopLimitMs = 5_000;

interface Seat {
  readonly number: number;
  readonly backoff: Backoff;
  child: WorkerChild | undefined;
  /** Set while it serves. */
  link: ThreadLink<WorkerOffers> | undefined;
  startedMs: number;
  retry: Timer | undefined;
}

export class WorkerPool implements InstanceWorkers {
  readonly mates: Mates;
  readonly #options: WorkerPoolOptions;
  readonly #seats: Seat[];
  readonly #secret: Buffer;
  readonly #generation: string;
  #parts: PoolParts | undefined;
  #config: EdgeConfig | undefined;
  #basics: CertificateBasics | undefined;
  #seen: InstanceWorkers['seen'] = { looks: [], origins: [] };
  #timer: Timer | undefined;
  #looks = 0;
  #restarts = 0;
  #isStopping = false;

  constructor(options: WorkerPoolOptions) {
    const { count, random, dataDir } = options;
    this.#options = options;
    this.#secret = random.bytes(32);
    this.#generation = random.bytes(4).toString('hex');
    this.#seats = Array.from({ length: count - 1 }, (_, i) => ({
      number: i + 2,
      backoff: new Backoff({ baseMs: restartBaseMs, capMs: restartCapMs, random }),
      ...{ child: undefined, link: undefined, startedMs: 0, retry: undefined },
    }));
    this.mates = new Mates({
      ...{ number: 1, count },
      send: (topic, news) => this.#tellAll({ kind: 'news', from: 1, topic, news }),
      move: (to, moved, handle, done) => this.#move(to, moved, handle, done),
      relay: {
        pathOf: (number) => relayPath(dataDir, this.#generation, number),
        secret: this.#secret,
      },
    });
  }

  /** Starts them; resolves when all serve. @throws SallyportError when one does not */
  async start(parts: PoolParts): Promise<void> {
    this.#parts = parts;
    this.#config = parts.instance.config();
    this.#basics = basicsOf(parts.instance.certificates.store);
    await Promise.all(this.#seats.map((seat) => this.#startOne(seat)));
    this.#lookLater();
  }

  /** Those that serve. */
  get links(): ThreadLink<WorkerOffers>[] {
    return this.#seats.flatMap(({ link }) => (link ? [link] : []));
  }

  get pids(): number[] {
    return this.#seats.flatMap(({ child }) => (child ? [child.pid] : []));
  }

  get state(): ListenerState {
    const running = this.links.length + 1;
    const { count } = this.mates;
    return { name: 'workers', isReady: running === count, detail: `${running} of ${count} processes serve` };
  }

  collect(metrics: MetricsRegistry): void {
    metrics.collect('sallyport_edge_workers', 'Processes of the edge that serve.', 'gauge', () => [
      [{}, this.links.length + 1],
    ]);
    metrics.collect(
      'sallyport_edge_worker_restarts_total',
      'Processes of the edge that ended and were replaced.',
      'counter',
      () => [[{}, this.#restarts]],
    );
  }

  async announce(): Promise<void> {
    const { store } = this.#parts?.instance.certificates ?? {};
    if (!store) return;
    const basics = basicsOf(store);
    if (isSameBasics(basics, this.#basics)) return;
    this.#basics = basics;
    await this.#every((link) => link.call('certificates', basics));
  }

  get seen(): InstanceWorkers['seen'] {
    return this.#seen;
  }

  async metricsTexts(): Promise<string[]> {
    return await this.#every((link) => link.call('metrics'));
  }

  /** Puts a changed configuration, which is in force here, in force at each; what one cannot apply is logged. */
  async apply(config: EdgeConfig): Promise<void> {
    this.#config = config;
    await this.#every((link) => link.call('apply', workerConfig(config)));
  }

  /** The keys of access from now on: known to all well before anything is signed with them. */
  async accessKeys(ring: AccessKeyRing): Promise<void> {
    await this.#every((link) => link.call('accessKeys', ring));
  }

  reopen(): void {
    void this.#every((link) => link.call('reopen'));
  }

  async inheritances(withinMs: number): Promise<Inheritance[]> {
    return await this.#every((link) => link.call('inheritance', withinMs));
  }

  /** A successor serves: none is replaced from now on. */
  async leave(graceMs: number, signal: AbortSignal): Promise<void> {
    this.#stopReplacing();
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([aborted, this.#every((link) => link.call('leave', graceMs))]);
  }

  /** Lets requests finish for at most `graceMs`; then all have ended. */
  async stop(graceMs: number): Promise<void> {
    this.#stopReplacing();
    await Promise.all(
      this.#seats.map(async ({ child, link }) => {
        if (!child) return;
        const limit = this.#options.clock.after(graceMs + stopLimitMs, () => child.kill());
        if (link) await link.call('stop', graceMs).catch(() => undefined);
        else child.kill();
        await child.ended;
        limit.cancel();
      }),
    );
  }

  #stopReplacing(): void {
    this.#isStopping = true;
    this.#timer?.cancel();
    for (const { retry } of this.#seats) retry?.cancel();
  }

  /** Asks each that serves; those that end meanwhile, or cannot, are left out. */
  async #every<T>(ask: (link: ThreadLink<WorkerOffers>) => Promise<T>): Promise<T[]> {
    const answers = await Promise.all(
      this.#seats.map(async ({ link, number }) => {
        try {
          return link ? [await ask(link)] : [];
        } catch (error) {
          this.#options.log.error(`Worker ${number} could not do what it was asked`, {
            error: errorText(error),
          });
          return [];
        }
      }),
    );
    return answers.flat(1) as T[];
  }

  async #startOne(seat: Seat): Promise<void> {
    const { clock, log, args } = this.#options;
    const { instance, directory, accessKeys, inheritance, onJoined } = this.#parts!;
    const { number } = seat;
    seat.startedMs = clock.nowMs();
    const child = startWorkerChild({
      ...{ number, args },
      sockets: instance.edge.listenHandles().filter(({ kind }) => kind === 'https' || kind === 'http'),
      offers: this.#offers(number),
      onNote: (note, handle) => this.#onNote(number, note, handle),
    });
    seat.child = child;
    const limit = clock.after(startLimitMs, () => child.kill());
    void child.ended.then((how) => {
      limit.cancel();
      this.#onEnd(seat, child, how);
    });
    try {
      await child.loaded;
      await child.link.call('start', {
        ...{ number, count: this.mates.count, directory: directory(), inheritance: inheritance() },
        config: workerConfig(this.#config!),
        accessKeys: accessKeys(),
        sockets: child.sockets,
        certificates: this.#basics!,
        relaySecret: this.#secret,
        generation: this.#generation,
      });
      // What has changed while it started.
      await child.link.call('apply', workerConfig(this.#config!));
      await child.link.call('access', directory());
      await child.link.call('accessKeys', accessKeys());
      await child.link.call('certificates', this.#basics!);
    } catch (error) {
      child.kill();
      throw error;
    } finally {
      limit.cancel();
    }
    seat.link = child.link;
    this.#join(seat, child);
    onJoined(child.link);
    log.info('A worker serves', { worker: number, pid: child.pid });
  }

  /** Introduces a newcomer to the others and the others to it. */
  #join({ number }: Seat, child: WorkerChild): void {
    child.note({ kind: 'joined', number: 1 });
    for (const other of this.#seats) {
      if (other.number === number || !other.link) continue;
      child.note({ kind: 'joined', number: other.number });
      other.child?.note({ kind: 'joined', number });
    }
    this.mates.joined(number);
  }

  #onEnd(seat: Seat, child: WorkerChild, how: string): void {
    const { clock, log } = this.#options;
    child.link.end(`Worker ${seat.number} has ended (${how}).`);
    if (seat.child !== child) return;
    const wasServing = seat.link !== undefined;
    seat.child = undefined;
    seat.link = undefined;
    if (wasServing) {
      this.mates.left(seat.number);
      this.#tellAll({ kind: 'left', number: seat.number });
    }
    // One that did not even start at the beginning is told by `start`.
    if (this.#isStopping || (!wasServing && this.#timer === undefined)) return;
    if (clock.nowMs() - seat.startedMs >= stableMs) seat.backoff.reset();
    this.#restarts += 1;
    log.error('A worker has ended; it is replaced, and the others serve meanwhile', {
      worker: seat.number,
      how,
    });
    seat.retry = clock.after(seat.backoff.nextMs(), () => {
      this.#startOne(seat).catch((error: unknown) => {
        log.error('A worker could not be started again', {
          worker: seat.number,
          error: errorText(error),
        });
      });
    });
  }

  #offers(number: number): FirstOffers {
    const { log } = this.#options;
    const { instance, accessCounter, events } = this.#parts!;
    const { store, wellKnown } = instance.certificates;
    return {
      log: ({ level, message, fields }) =>
        writeEntry(log, { level, message, fields: { ...fields, worker: number } }),
      certificateFor: (serverName) => shownFor(store, serverName),
      wellKnown: async (path) => await wellKnown.find(path, ''),
      useShareLink: async (id) => (await accessCounter?.useShareLink(id)) ?? false,
      ...events,
    };
  }

  #onNote(number: number, note: WorkerNote, handle: ConnectionHandle | undefined): void {
    if (note.kind === 'moved' && handle) {
      // To one that has ended nothing can be given: then it is served here.
      const isGiven = this.#move(note.to, note.moved, handle, () => handle.close());
      if (!isGiven) this.mates.moved(note.moved, handle);
      return;
    }
    if (note.kind === 'lines') return this.#options.accessLog(Buffer.from(note.lines), () => {});
    if (note.kind !== 'news') return;
    this.mates.receive(number, note.topic, note.news);
    for (const other of this.#seats) if (other.number !== number && other.link) other.child?.note(note);
  }

  #move(to: number, moved: MovedConnection, handle: ConnectionHandle, done: () => void): boolean {
    const seat = this.#seats.find(({ number, link }) => number === to && link !== undefined);
    return seat?.child?.give({ kind: 'moved', to, moved }, handle, done) ?? false;
  }

  #tellAll(note: WorkerNote): void {
    for (const { child, link } of this.#seats) if (link) child?.note(note);
  }

  #lookLater(): void {
    this.#timer = this.#options.clock.after(lookMs, () => {
      this.#looks += 1;
      const isTurn = this.#looks % seenEveryLooks === 0;
      void Promise.all([this.announce(), isTurn ? this.#see() : undefined]).finally(() => {
        if (!this.#isStopping) this.#lookLater();
      });
    });
  }

  async #see(): Promise<void> {
    const [looks, origins] = await Promise.all([
      this.#every((link) => link.call('look')),
      this.#every((link) => link.call('origins')),
    ]);
    this.#seen = { looks, origins };
  }
}

function isSameBasics(a: CertificateBasics, b: CertificateBasics | undefined): boolean {
  return b !== undefined && textOf(a) === textOf(b);
}

function textOf({ ticketKeys, needsStaples, fallback, challenges }: CertificateBasics): string {
  const staple = fallback?.staple && Buffer.from(fallback.staple).toString('base64');
  return JSON.stringify([
    Buffer.from(ticketKeys).toString('hex'),
    needsStaples,
    fallback,
    staple,
    challenges,
  ]);
}
