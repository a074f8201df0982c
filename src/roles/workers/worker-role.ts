// A further process of an edge: serves on the sockets of the first from what that tells it, answers the first's questions,
// and ends with it. It has no store, no certificates and no control plane of its own.
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { ConnectionHandle } from '#base/io/socket-internals.ts';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import type { ThreadLink } from '#base/thread-link.ts';
import { httpChallengePath } from '#certs/acme/challenge.ts';
import { rootPagePath } from '#certs/trust/root-page.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { localRules } from '#edge/tunnels/local-connection.ts';
import { Mates } from '#edge/mates/mates.ts';
import type { WellKnownSource } from '#edge/front-door/well-known.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { type AccessKeys, openAccessKeys } from '../access/access-keys.ts';
import { type AccessLogFile, openAccessLog } from '../access-log-file.ts';
import { passToControl } from '../control/control-door.ts';
import { lookAt } from '../control/edge-look.ts';
import { forwardedLog } from '../control/forwarded-log.ts';
import { processAnswers } from '../control/process-answers.ts';
import { openServing, type Serving } from '../edge-serving.ts';
import { HandedSockets } from '../succession/handed-sockets.ts';
import { AskedCertificates } from './asked-certificates.ts';
import { type Channel, channelLink, sendConnection, sendNote } from './child-link.ts';
import { relayPath } from './relay-path.ts';
import { type FirstOffers, type WorkerNote, type WorkerOffers, type WorkerStart } from './worker-contract.ts';

export interface WorkerRoleOptions {
  readonly clock: Clock;
  readonly random: Random;
}

/** Runs until the first process says so, or has gone. */
export async function runWorker(options: WorkerRoleOptions): Promise<void> {
  const channel = process as unknown as Channel;
  let isOver = (): void => {};
  const over = new Promise<void>((resolve) => (isOver = resolve));
  // Whoever had the sockets opened has gone: while they are held here, nobody else can have them.
  process.once('disconnect', () => process.exit(0));
  // A terminal and a supervisor tell every process of a group; the first one decides.
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {});
  const worker = new RunningWorker(options, channel);
  const link: ThreadLink<FirstOffers> = channelLink(channel, worker.offers(isOver), (note, handle) =>
    worker.onNote(note, handle),
  );
  worker.link = link;
  sendNote(channel, { kind: 'hello' });
  await over;
}

/** What there is once it serves. */
interface Running {
  readonly serving: Serving;
  readonly certificates: AskedCertificates;
  readonly metrics: MetricsRegistry;
  readonly accessLog: AccessLogFile;
  readonly accessKeys: AccessKeys;
}

class RunningWorker {
  link!: ThreadLink<FirstOffers>;
  readonly #options: WorkerRoleOptions;
  readonly #channel: Channel;
  readonly #log: Log;
  #level: EdgeConfig['logLevel'] = 'info';
  #mates: Mates | undefined;
  #running: Running | undefined;

  constructor(options: WorkerRoleOptions, channel: Channel) {
    this.#options = options;
    this.#channel = channel;
    this.#log = forwardedLog((entry) => {
      if (entry.level === 'debug' && this.#level !== 'debug') return;
      this.#send((first) => first.call('log', entry));
    });
  }

  onNote(note: WorkerNote, handle: ConnectionHandle | undefined): void {
    if (note.kind === 'news') this.#mates?.receive(note.from, note.topic, note.news);
    else if (note.kind === 'moved' && handle) this.#mates?.moved(note.moved, handle);
    else if (note.kind === 'joined') this.#mates?.joined(note.number);
    else if (note.kind === 'left') this.#mates?.left(note.number);
  }

  offers(isOver: () => void): WorkerOffers {
    const running = (): Running => this.#known;
    const answers = processAnswers(() => running().serving, {
      event: (event) => this.#send((first) => first.call('event', event)),
      request: (subscription, request) => this.#send((first) => first.call('request', subscription, request)),
    });
    return {
      ...answers,
      start: (start) => this.#start(start),
      async apply(config) {
        const { serving } = running();
        await serving.prepare(config);
        serving.serve(config);
      },
      access: (directory) => running().serving.access.apply(directory),
      accessKeys: (ring) => running().accessKeys.follow(ring),
      certificates: (basics) => running().certificates.apply(basics),
      look: () =>
        lookAt({
          edge: running().serving.edge,
          names: undefined,
          certificateStates: () => new Map(),
          listeners: () => [],
        }),
      origins: () => running().serving.edge.origins(),
      metrics: () => running().metrics.text(),
      inheritance: (withinMs) => running().serving.edge.inheritance(withinMs),
      reopen: () => running().accessLog.reopen(),
      leave: (graceMs) => running().serving.edge.leave(graceMs, new AbortController().signal),
      stop: async (graceMs) => {
        await this.#stop(graceMs);
        // After the answer.
        setImmediate(() => setImmediate(isOver));
      },
    };
  }

  get #known(): Running {
    if (this.#running) return this.#running;
    throw new SallyportError('internal', 'This worker does not serve yet.');
  }

  async #start(start: WorkerStart): Promise<void> {
    const { clock, random } = this.#options;
    const { config, number, count } = start;
    this.#level = config.logLevel;
    const mates = new Mates({
      ...{ number, count },
      send: (topic, news) => sendNote(this.#channel, { kind: 'news', from: number, topic, news }),
      move: (to, moved, handle, done) =>
        sendConnection(this.#channel, { kind: 'moved', to, moved }, handle, done),
      relay: {
        pathOf: (other) => relayPath(config.dataDir, start.generation, other),
        secret: Buffer.from(start.relaySecret),
      },
    });
    this.#mates = mates;
    const metrics = new MetricsRegistry();
    const accessLog = this.#openAccessLog(config);
    const certificates = new AskedCertificates({
      clock,
      basics: start.certificates,
      ask: (serverName) => this.link.call('certificateFor', serverName),
    });
    // The first has kept the same in the same file.
    const accessKeys = openAccessKeys(config.dataDir, { clock, random });
    accessKeys.follow(start.accessKeys);
    const serving = await openServing({
      ...{ config, accessKeys, clock, random, log: this.#log, metrics, certificates, mates },
      accessLog: (lines, onLost) => accessLog.write(lines, onLost),
      accessCounter: { useShareLink: (id) => this.link.call('useShareLink', id) },
      wellKnown: this.#wellKnown(),
      handed: new HandedSockets(start.sockets),
      inherited: start.inheritance,
      routesChanged() {},
    });
    serving.access.apply(start.directory);
    if (config.dashboard) {
      serving.edge.serveLocally({
        tunnelId: dashboardTunnelId,
        rules: localRules('dashboard'),
        accept: (socket) => passToControl(config.dataDir, socket),
      });
    }
    this.#running = { serving, certificates, metrics, accessLog, accessKeys };
  }

  async #stop(graceMs: number): Promise<void> {
    if (!this.#running) return;
    const { serving, accessLog } = this.#running;
    await serving.edge.drain(graceMs);
    await serving.edge.close();
    await serving.close();
    accessLog.close();
  }

  /** Several processes may append to a file, but not share a pipe without tearing each other's lines. */
  #openAccessLog({ accessLog }: EdgeConfig): AccessLogFile {
    if (accessLog !== '-') return openAccessLog(accessLog, this.#log);
    return {
      write: (lines) => sendNote(this.#channel, { kind: 'lines', lines: Buffer.from(lines) }),
      reopen() {},
      close() {},
    };
  }

  #wellKnown(): WellKnownSource {
    return {
      find: (path) =>
        path.startsWith(httpChallengePath) || path.startsWith(rootPagePath)
          ? this.link
              .call('wellKnown', path)
              .then((answer) => answer && { ...answer, body: Buffer.from(answer.body) })
          : undefined,
    };
  }

  #send(tell: (first: ThreadLink<FirstOffers>) => Promise<unknown>): void {
    tell(this.link).catch(() => undefined);
  }
}
