// An edge with its control plane: what edge.yml declares and what the store holds, served as one. The edge role runs one
// from a file, the demo one from options.
//
//   edge.yml ----> compose ----> EdgeInstance (listeners, tunnels, certificates)
//   store ------------^   ControlPlane <--- dashboard, API, commands
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { removeLeftDrafts } from '#base/secrets/left-drafts.ts';
import { makeFolder } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import { Repetition } from '#base/repetition.ts';
import { version } from '#base/version.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { EdgeFacts } from '#control/edge-view.ts';
import type { Served } from '#control/snapshot.ts';
import type { Inheritance } from '#edge/edge-contract.ts';
import { localRules } from '#edge/tunnels/local-connection.ts';
import { emptyDirectory } from '#model/access/access-state.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { portName } from '#model/port.ts';
import type { ControlOffers, OwnersServices } from './control/control-contract.ts';
import { ControlPlane } from './control/control-plane.ts';
import { AccessKeyKeeper, ownShelf } from './access/access-key-keeper.ts';
import { openAccessKeys } from './access/access-keys.ts';
import { createEdgeAnswers } from './control/edge-answers.ts';
import {
  basePathOf,
  composeConfig,
  dashboardUrlOf,
  declaredBy,
  publicHttpsPort,
  storeUrlOf,
} from './edge-composition.ts';
import { type EdgeInstance, startEdgeInstance } from './edge-instance.ts';
import type { Offer } from './succession/handover.ts';
import { arrivalMs } from './succession/edge-succession.ts';
import { mergeAnswers, mergedEvents } from './workers/merged-answers.ts';
import { removeRelayFiles } from './workers/relay-path.ts';
import { joined, withWorkers } from './workers/with-workers.ts';
import { workerCount } from './workers/worker-count.ts';
import type { PoolParts, WorkerPool } from './workers/worker-pool.ts';

export interface EdgeNodeOptions {
  readonly config: EdgeConfig;
  readonly accessLog: (lines: Buffer, onLost: () => void) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The last lines of the log, where they are kept. */
  readonly recentLog?: (() => string) | undefined;
  /** What the edge before this one has handed over. */
  readonly offer?: Offer | undefined;
  /** The command line that further processes of the edge are started with; absent: there are none. */
  readonly workerArgs?: readonly string[];
}

/** A running edge with its control plane. */
export interface EdgeNode {
  readonly instance: EdgeInstance;
  /** `https://sallyport.example.com`, '' when there is no dashboard. */
  readonly dashboardUrl: string;
  /** A one-time link for the owner, undefined once somebody can sign in, or without a dashboard. */
  firstOwnerLink(name: string): Promise<string | undefined>;
  /** Puts a changed edge.yml in force; throws, with everything as before, if it cannot be. */
  apply(config: EdgeConfig): Promise<void>;
  /** Lets go of the store and the control plane, for a successor; traffic goes on. */
  letGo(): Promise<void>;
  /** Takes them again: there is no successor after all. */
  resume(): void;
  /** Opens the access logs of further processes anew. */
  reopenLogs(): void;
  stop(graceMs: number): Promise<void>;
}

/** Starts both, or throws one sentence and leaves nothing running. */
export async function startEdgeNode(options: EdgeNodeOptions): Promise<EdgeNode> {
  const { config, clock } = options;
  makeFolder(config.dataDir);
  // Each with its own depth: the cache may have a hundred thousand files.
  removeLeftDrafts(config.dataDir, clock.wallMs());
  removeLeftDrafts(join(config.dataDir, 'certificates'), clock.wallMs(), true);
  if (config.store === 'off') return await startAlone(options);
  return await RunningNode.start(options);
}

/** A route's first key of its kind is made while its first visitors wait for the assertions that it signs. */
const glanceEveryMs = 400;

/** An edge of nothing but its file. */
async function startAlone(options: EdgeNodeOptions): Promise<EdgeNode> {
  const { config, clock, random, log } = options;
  const keys = openAccessKeys(config.dataDir, options);
  const pool = await openPool(options);
  const keeper = new AccessKeyKeeper({
    ...{ clock, random, log, own: keys.ring, shelf: ownShelf(keys) },
    ageMs: () => config.access.keyDays * dayMs,
    onRing: async (ring) => await pool?.accessKeys(ring),
  });
  const alone = await startEdgeInstance({
    ...{ ...options, workers: pool, accessKeys: keys },
    accessKeyTroubles: () => keeper.troubles,
    wantAssertions: (algorithm) => keeper.want(algorithm),
  });
  const instance = pool ? withWorkers(alone, pool) : alone;
  const ignored = { event() {}, request() {} };
  await startPool(pool, options, {
    ...{ instance: alone, events: ignored, accessCounter: undefined },
    directory: () => emptyDirectory,
    accessKeys: () => keys.ring,
    onJoined() {},
  });
  await keeper.look();
  // Its shelf has no other hand in it: what is looked for is whether a key is due or wanted.
  const glances = new Repetition({
    ...{ clock, log, everyMs: glanceEveryMs, what: 'The look at keys of access' },
    work: () => keeper.glance(false),
  });
  return {
    instance,
    dashboardUrl: '',
    reopenLogs: () => pool?.reopen(),
    firstOwnerLink: () => Promise.resolve(undefined),
    apply: (config) => instance.apply(config),
    letGo: () => Promise.resolve(),
    resume() {},
    stop(graceMs) {
      glances.stop();
      keeper.stop();
      return instance.stop(graceMs);
    },
  };
}

/** The further processes that the configuration asks for; undefined where it asks for none. */
async function openPool(options: EdgeNodeOptions): Promise<WorkerPool | undefined> {
  const { config, clock, random, log, accessLog, offer, workerArgs: args } = options;
  const count = workerCount(config.workers);
  if (!args || count === 1) return undefined;
  if (!offer) removeRelayFiles(config.dataDir);
  // Loaded only where there are several processes.
  const { WorkerPool: Pool } = await import('./workers/worker-pool.ts');
  return new Pool({ ...{ count, args, clock, random, log, accessLog }, dataDir: config.dataDir });
}

/** Starts them, once the first process serves; if one does not start, nothing is left running. */
async function startPool(
  pool: WorkerPool | undefined,
  { offer }: EdgeNodeOptions,
  parts: Omit<PoolParts, 'inheritance'>,
): Promise<void> {
  if (!pool) return;
  const { instance } = parts;
  const inheritance = (): Inheritance => {
    const own = instance.edge.inheritance(arrivalMs);
    return offer ? joined(own, offer) : own;
  };
  try {
    await pool.start({ ...parts, inheritance });
  } catch (error) {
    await withWorkers(instance, pool).stop(0);
    throw error;
  }
}

class RunningNode implements EdgeNode {
  readonly instance: EdgeInstance;
  readonly dashboardUrl: string;
  readonly #plane: ControlPlane;
  readonly #pool: WorkerPool | undefined;
  readonly #log: Log;
  #config: EdgeConfig;
  #served: Served;
  #applying: Promise<void> = Promise.resolve();

  static async start(options: EdgeNodeOptions): Promise<RunningNode> {
    const { config, clock, random, log } = options;
    const keys = openAccessKeys(config.dataDir, options);
    const facts = factsOf(options);
    let node: RunningNode | undefined;
    const pool = await openPool(options);
    const tell: ControlPlane['tell'] = (call) => started.plane.tell(call);
    const events = mergedEvents((event) => tell((link) => link.call('event', event)));
    const request: ControlOffers['request'] = (id, seen) => tell((link) => link.call('request', id, seen));
    const answers = createEdgeAnswers({
      log,
      recentLog: options.recentLog ?? (() => ''),
      wallMs: () => clock.wallMs(),
      onServed(served) {
        if (node) node.#follow(served);
      },
      onAccessKeys(ring) {
        // Also where there is no room for a file.
        void pool?.accessKeys(ring);
        keys.apply(ring);
      },
      events: { event: events.own, request },
    });
    const merged = mergeAnswers(answers.offers, () => pool?.links ?? [], emptyDirectory);
    const started = await ControlPlane.start({
      settings: {
        dataDir: config.dataDir,
        storeUrl: storeUrlOf(config),
        facts,
        basePath: basePathOf(config),
        declared: declaredBy(config),
        services: servicesOf(config),
      },
      accessKeys: () => keys.ring,
      edge: pool ? merged.offers : answers.offers,
      clock,
      random,
      log,
    });
    const { plane } = started;
    try {
      const alone = await startEdgeInstance({
        ...options,
        workers: pool,
        config: composeConfig(config, started.served),
        documents: plane.documents,
        accessCounter: plane.accessCounter,
        controlReport: () => plane.report(),
        accessKeys: keys,
        wantAssertions: (algorithm) => plane.tell((link) => link.call('wantAssertions', algorithm)),
      });
      const instance = pool ? withWorkers(alone, pool) : alone;
      answers.attach(instance);
      node = new RunningNode(options, { instance, plane, pool, served: started.served, facts });
      await startPool(pool, options, {
        ...{ instance: alone, accessCounter: plane.accessCounter },
        directory: merged.directory,
        accessKeys: () => keys.ring,
        events: { event: events.workers, request },
        onJoined: (link) => merged.joined(link),
      });
      plane.introduce({ ...facts, caPin: instance.internalCa?.pin ?? '' });
      return node;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  private constructor(
    { config, log }: EdgeNodeOptions,
    parts: {
      instance: EdgeInstance;
      plane: ControlPlane;
      pool: WorkerPool | undefined;
      served: Served;
      facts: EdgeFacts;
    },
  ) {
    this.instance = parts.instance;
    this.#pool = parts.pool;
    this.dashboardUrl = parts.facts.dashboardUrl;
    this.#plane = parts.plane;
    this.#served = parts.served;
    this.#config = config;
    this.#log = log;
    if (!config.dashboard) return;
    parts.instance.edge.serveLocally({
      tunnelId: dashboardTunnelId,
      rules: localRules('dashboard'),
      accept: (socket) => this.#plane.accept(socket),
    });
  }

  async firstOwnerLink(name: string): Promise<string | undefined> {
    return this.dashboardUrl === '' ? undefined : await this.#plane.firstOwnerLink(name);
  }

  async apply(config: EdgeConfig): Promise<void> {
    await this.#apply(config, { ...this.#served, ...mergedServed(config, this.#config, this.#served) });
    this.#plane.declare(declaredBy(config), servicesOf(config));
  }

  letGo(): Promise<void> {
    return this.#plane.stop();
  }

  reopenLogs(): void {
    this.#pool?.reopen();
  }

  resume(): void {
    this.#plane.resume();
  }

  async stop(graceMs: number): Promise<void> {
    await this.instance.stop(graceMs);
    await this.#plane.stop();
  }

  /** The control plane has a changed configuration. */
  #follow(served: Served): void {
    this.#apply(this.#config, served).catch((error: unknown) => {
      this.#log.error('A changed configuration could not be put in force; the one before stays', {
        revision: served.revision,
        error: errorText(error),
      });
    });
  }

  /** One at a time: certificates of a change are looked at before its routes are served. */
  #apply(config: EdgeConfig, served: Served): Promise<void> {
    const applied = this.#applying.then(async () => {
      await this.instance.apply(composeConfig(config, served));
      this.#config = config;
      this.#served = served;
    });
    this.#applying = applied.catch(() => undefined);
    return applied;
  }
}

const dayMs = 86_400_000;

/** What only the control plane works with. */
function servicesOf({ signIn, mail, access }: EdgeConfig): OwnersServices {
  return { issuers: signIn.oidc, mail, accessKeyAgeMs: access.keyDays * dayMs };
}

/** What is served until the control plane has taken the changed file into account: the file's part exchanged. */
function mergedServed(after: EdgeConfig, before: EdgeConfig, served: Served): Partial<Served> {
  const old = declaredBy(before);
  const now = declaredBy(after);
  const oldIds = new Set(old.tunnels.map(({ id }) => id));
  const nowIds = new Set(now.tunnels.map(({ id }) => id));
  const oldPorts = new Set((old.ports ?? []).map(portName));
  const oldRoutes = new Set(old.routes.map(({ hostname, path }) => `${hostname}${path}`));
  return {
    tunnels: [...now.tunnels, ...served.tunnels.filter(({ id }) => !oldIds.has(id) && !nowIds.has(id))],
    routes: served.routes.filter(({ hostname, path }) => !oldRoutes.has(`${hostname}${path}`)),
    ports: (served.ports ?? []).filter((port) => !oldPorts.has(portName(port))),
  };
}

function factsOf({ config, clock }: EdgeNodeOptions): EdgeFacts {
  const httpsPort = publicHttpsPort(config);
  const name = config.hostname ?? '';
  return {
    name,
    version,
    edgeAddress: name === '' ? '' : `${name}:${httpsPort}`,
    startedAtMs: clock.wallMs(),
    httpsPort,
    dashboardUrl: dashboardUrlOf(config),
    caPin: '',
  };
}
