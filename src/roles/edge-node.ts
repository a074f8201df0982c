// An edge with its control plane: what edge.yml declares and what the store holds, served as one. The edge role runs one
// from a file, the demo one from options.
//
//   edge.yml ----> compose ----> EdgeInstance (listeners, tunnels, certificates)
//   store ------------^   ControlPlane <--- dashboard, API, commands
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { makeFolder } from '#base/private-file.ts';
import type { Random } from '#base/random.ts';
import { version } from '#base/version.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { EdgeFacts } from '#control/edge-view.ts';
import type { Served } from '#control/snapshot.ts';
import { localRules } from '#edge/local-connection.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { portName } from '#model/port.ts';
import type { OwnersServices } from './control/control-contract.ts';
import { ControlPlane } from './control/control-plane.ts';
import { AccessKeyKeeper, ownShelf } from './access-key-keeper.ts';
import { openAccessKeys } from './access-keys.ts';
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
import type { Offer } from './handover.ts';

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
  stop(graceMs: number): Promise<void>;
}

/** Starts both, or throws one sentence and leaves nothing running. */
export async function startEdgeNode(options: EdgeNodeOptions): Promise<EdgeNode> {
  if (options.config.store === 'off') return await startAlone(options);
  return await RunningNode.start(options);
}

/** An edge of nothing but its file. */
async function startAlone(options: EdgeNodeOptions): Promise<EdgeNode> {
  const { config, clock, random, log } = options;
  makeFolder(config.dataDir);
  const keys = openAccessKeys(config.dataDir, options);
  const keeper = new AccessKeyKeeper({
    ...{ clock, random, log, own: keys.ring, shelf: ownShelf(keys) },
    ageMs: () => config.access.keyDays * dayMs,
    onRing: () => Promise.resolve(),
  });
  const instance = await startEdgeInstance({
    ...{ ...options, accessKeys: keys },
    wantAssertions: (algorithm) => keeper.want(algorithm),
  });
  await keeper.start();
  return {
    instance,
    dashboardUrl: '',
    firstOwnerLink: () => Promise.resolve(undefined),
    apply: (config) => instance.apply(config),
    letGo: () => Promise.resolve(),
    resume() {},
    stop(graceMs) {
      keeper.stop();
      return instance.stop(graceMs);
    },
  };
}

class RunningNode implements EdgeNode {
  readonly instance: EdgeInstance;
  readonly dashboardUrl: string;
  readonly #plane: ControlPlane;
  readonly #log: Log;
  #config: EdgeConfig;
  #served: Served;
  #applying: Promise<void> = Promise.resolve();

  static async start(options: EdgeNodeOptions): Promise<RunningNode> {
    const { config, clock, random, log } = options;
    makeFolder(config.dataDir);
    const keys = openAccessKeys(config.dataDir, options);
    const facts = factsOf(options);
    let node: RunningNode | undefined;
    const answers = createEdgeAnswers({
      log,
      recentLog: options.recentLog ?? (() => ''),
      wallMs: () => clock.wallMs(),
      onServed(served) {
        if (node) node.#follow(served);
      },
      onAccessKeys: (ring) => keys.apply(ring),
      tell: (tell) => started.plane.tell(tell),
    });
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
      edge: answers.offers,
      clock,
      random,
      log,
    });
    const { plane } = started;
    try {
      const instance = await startEdgeInstance({
        ...options,
        config: composeConfig(config, started.served),
        documents: plane.documents,
        accessCounter: plane.accessCounter,
        controlReport: () => plane.report(),
        accessKeys: keys,
        wantAssertions: (algorithm) => plane.tell((link) => link.call('wantAssertions', algorithm)),
      });
      node = new RunningNode(options, { instance, plane, served: started.served, facts });
      answers.attach(instance);
      plane.introduce({ ...facts, caPin: instance.internalCa?.pin ?? '' });
      return node;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  private constructor(
    { config, log }: EdgeNodeOptions,
    parts: { instance: EdgeInstance; plane: ControlPlane; served: Served; facts: EdgeFacts },
  ) {
    this.instance = parts.instance;
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
