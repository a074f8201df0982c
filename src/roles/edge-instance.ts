// One edge put together from its configuration: certificates, cache, access log, metrics server and the edge itself. An
// edge node (edge-node.ts) runs one beside its control plane.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { sumExpositions } from '#base/metrics/metrics-sum.ts';
import { makeFolder } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import type { InternalCa } from '#certs/internal-ca.ts';
import type { DocumentStore } from '#certs/vault/document-vault.ts';
import { snapshotOf } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { CertificateState, EdgeLook } from '#control/edge-view.ts';
import type { NameQuestion } from '#dns/name-check.ts';
import type { AccessDesk } from '#edge/access/visitors/access-desk.ts';
import type { EdgeCache } from '#edge/cache/edge-cache.ts';
import type { Edge, Inheritance, ListenerState } from '#edge/edge-contract.ts';
import type { Mates } from '#edge/mates/mates.ts';
import { type MetricsServer, startMetricsServer } from '#edge/observation/metrics-server.ts';
import type { ChallengePresenter } from '#model/certificates/challenge-presenter.ts';
import type { AccessKeyTrouble } from '#model/access/access-key-trouble.ts';
import type { ControlReport } from '#model/live/control-report.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { AssertionAlgorithm } from '#model/access/access-keys.ts';
import { asksCloudflare } from '#model/access/access-policy.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { CertificateDesk } from './certificates/certificate-desk.ts';
import { certificateStatesOf } from './certificates/certificate-states.ts';
import { lookAt } from './control/edge-look.ts';
import { EdgeHealth } from './health/edge-health.ts';
import { openEdgeProbes } from './probe/edge-probes.ts';
import type { Prober } from './probe/prober.ts';
import type { AccessKeys } from './access/access-keys.ts';
import { EdgeCertificates } from './certificates/edge-certificates.ts';
import type { EdgeNames } from './dns/edge-names.ts';
import { type AccessCounter, openServing } from './edge-serving.ts';
import type { GuardBans } from './guard-bans.ts';
import { type HandedSocket, HandedSockets } from './succession/handed-sockets.ts';
import type { Offer } from './succession/handover.ts';
import { mergedLook, mergedOrigins } from './workers/merged-look.ts';

export interface EdgeInstanceOptions {
  readonly config: EdgeConfig;
  readonly accessLog: (lines: Buffer, onLost: () => void) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The store's documents and leases; undefined for an edge without a store. */
  readonly documents?: DocumentStore | undefined;
  /** See EdgeHealthOptions. */
  readonly controlReport?: () => Promise<ControlReport>;
  /** See EdgeHealthOptions. */
  readonly accessKeyTroubles?: () => readonly AccessKeyTrouble[];
  /** What access asks the control plane; absent for an edge without a store. */
  readonly accessCounter?: AccessCounter;
  /** The keys of access; absent: those of the data folder, as they are. */
  readonly accessKeys?: AccessKeys;
  /** A policy asks for assertions of a kind of which there is no key yet. */
  readonly wantAssertions?: (algorithm: AssertionAlgorithm) => void;
  /** Who can write TXT records for DNS-01. */
  readonly presenters?: readonly ChallengePresenter[];
  /** What the edge before this one has handed over. */
  readonly offer?: Offer | undefined;
  /** Further processes of the same edge; absent: there are none. */
  readonly workers?: InstanceWorkers | undefined;
}

/** The further processes of an edge, as the first one needs them (workers/worker-pool.ts). */
export interface InstanceWorkers {
  readonly mates: Mates;
  /** Whether they run, as /readyz tells it. */
  readonly state: ListenerState;
  collect(metrics: MetricsRegistry): void;
  /** Resolves when they show what validators of certificates shall see. */
  announce(): Promise<void>;
  /** The metrics of each. */
  metricsTexts(): Promise<string[]>;
  /** What each saw a moment ago. */
  readonly seen: {
    readonly looks: readonly EdgeLook[];
    readonly origins: readonly (readonly OriginLive[])[];
  };
}

/** A running edge with what belongs to it. */
export interface EdgeInstance {
  readonly edge: Edge;
  /** Undefined: off. */
  readonly cache: EdgeCache | undefined;
  /** Who may pass protected routes. */
  readonly access: AccessDesk;
  /** Who the guard of routes keeps out. */
  readonly bans: GuardBans;
  /** DNS records, where edge.yml has a dns section. */
  readonly names: EdgeNames | undefined;
  readonly internalCa: InternalCa | undefined;
  readonly certificateDesk: CertificateDesk;
  readonly certificates: EdgeCertificates;
  /** What is in force now, with all that is served. */
  readonly config: () => EdgeConfig;
  /** How to find out whether a hostname leads here; undefined when the edge does not know where it is. */
  readonly question: (hostname: string, signal: AbortSignal) => Promise<NameQuestion | undefined>;
  /** State of the certificates of these hostnames, in words. */
  readonly certificateStates: (hostnames: Iterable<string>) => Map<string, CertificateState>;
  /** How every part is, and since when. */
  readonly health: EdgeHealth;
  /** Looks at its hostnames from outside. */
  readonly probes: Prober;
  /** All metrics, as Prometheus reads them; those of further processes are added up. */
  readonly metricsText: () => Promise<string>;
  /** For /readyz, the log and lists. */
  readonly listeners: () => ListenerState[];
  /** URL of the metrics server, '' without one. */
  readonly metricsUrl: string;
  /** Puts a changed configuration in force; throws, with the routes unchanged, if it cannot be. */
  apply(config: EdgeConfig): Promise<void>;
  /** The listening sockets, by what they are for. */
  sockets(): HandedSocket[];
  /** What a successor should know; see Edge.inheritance. */
  inheritance(withinMs: number): Promise<Inheritance>;
  /** A successor serves: see Edge.leave. Then `stop` with no grace. */
  leave(graceMs: number, signal: AbortSignal): Promise<void>;
  /** Lets requests finish for at most `graceMs`, then closes everything. */
  stop(graceMs: number): Promise<void>;
}

/** Opens everything, or throws one sentence and leaves nothing open. */
export async function startEdgeInstance(options: EdgeInstanceOptions): Promise<EdgeInstance> {
  const opened: (() => unknown)[] = [];
  try {
    return await open(options, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function open(options: EdgeInstanceOptions, opened: (() => unknown)[]): Promise<EdgeInstance> {
  const { config, clock, random, log, offer, workers } = options;
  const handed = new HandedSockets(offer?.sockets ?? []);
  makeFolder(config.dataDir);
  const metrics = new MetricsRegistry();
  workers?.collect(metrics);
  const names = await openNames({ ...options, metrics, handed });
  opened.push(() => names?.close());
  const presenters = [...(options.presenters ?? []), ...(names ? [names.presenter] : [])];
  const certificates = await EdgeCertificates.open({
    ...{ ...options, presenters },
    isComing: (hostname) => names?.isComing(hostname) ?? false,
    ...(workers && { announce: () => workers.announce() }),
  });
  opened.push(() => certificates.close());
  names?.onChange(() => certificates.manager.wake());

  let inForce = config;
  let { tunnels, ports = [] } = snapshotOf(config, 1);
  const follow = (routes: readonly RouteEntry[], hasHeardOf: (tunnelId: string) => boolean): void => {
    const unheard = tunnels.filter(({ id }) => !hasHeardOf(id));
    certificates.follow(
      routes,
      unheard.flatMap(({ hostnames }) => hostnames),
    );
    names?.follow({ routes, ports, tunnels, hasHeardOf });
    const asked = [...routes, ...(inForce.forwardAuth?.sites ?? [])];
    if (asksCloudflare(asked)) options.wantAssertions?.('RS256');
  };
  const serving = await openServing({
    ...{ config, clock, random, log, metrics, handed },
    accessLog: options.accessLog,
    accessCounter: options.accessCounter,
    accessKeys: options.accessKeys,
    certificates: certificates.store,
    wellKnown: certificates.wellKnown,
    inherited: offer,
    mates: workers?.mates,
    routesChanged: follow,
  });
  const { edge } = serving;
  opened.push(async () => {
    await edge.close();
    await serving.close();
  });
  // With claims that were handed over it has been told already.
  if ((offer?.claims.length ?? 0) === 0) serving.tellRoutes();
  const metricsText = async (): Promise<string> => {
    const others = (await workers?.metricsTexts()) ?? [];
    return others.length === 0 ? metrics.text() : sumExpositions([metrics.text(), ...others]);
  };
  const listeners = (): ListenerState[] => [
    ...edge.listeners(),
    ...(names?.listeners() ?? []),
    ...(workers ? [workers.state] : []),
  ];
  const probes = openEdgeProbes({
    ...{ config: () => inForce, edge, clock, random, log, metrics },
    rootsPem: () => certificates.internalCa?.pem,
  });
  opened.push(() => probes.stop());
  const certificateStates: EdgeInstance['certificateStates'] = (hostnames) =>
    certificateStatesOf(certificates.store, hostnames, clock.wallMs());
  const health = new EdgeHealth({
    ...{ clock, metrics, controlReport: options.controlReport },
    accessKeyTroubles: options.accessKeyTroubles,
    certificates: () => certificates.desk.list(),
    look: (seen) => ({
      look: mergedLook(
        seen ?? lookAt({ edge, names, certificateStates, listeners }),
        workers?.seen.looks ?? [],
      ),
      tunnels,
      origins: mergedOrigins([edge.origins(), ...(workers?.seen.origins ?? [])]),
      endsTls: config.listen.https.length > 0,
      probes: probes.parts(),
    }),
  });
  health.start();
  opened.push(() => health.stop());
  let metricsServer: MetricsServer | undefined;
  if (config.listen.metrics) {
    const handle = handed.handleOf('metrics', config.listen.metrics);
    metricsServer = await startMetricsServer({
      ...{ ...config.listen.metrics, text: metricsText, health: () => health.read() },
      ...(handle === undefined ? {} : { handle }),
    });
  }

  return {
    ...{ edge, names, listeners, metricsText },
    cache: serving.cache,
    access: serving.access,
    bans: serving.bans,
    internalCa: certificates.internalCa,
    certificateDesk: certificates.desk,
    certificates,
    config: () => inForce,
    async question(hostname, signal) {
      const { questionFor } = await import('./dns/hostname-question.ts');
      return questionFor({ config: inForce, hostname, zone: names?.zoneOf(hostname), clock, random }, signal);
    },
    ...{ certificateStates, health, probes },
    metricsUrl: metricsServer?.url ?? '',
    sockets() {
      const { metrics: at } = config.listen;
      const handle = metricsServer?.handle;
      return [
        ...edge.listenHandles(),
        ...(names?.sockets() ?? []),
        ...(at && handle !== undefined ? [{ kind: 'metrics' as const, ...at, handle }] : []),
      ];
    },
    inheritance: (withinMs) => Promise.resolve(edge.inheritance(withinMs)),
    async leave(graceMs, signal) {
      probes.stop();
      await names?.close();
      await metricsServer?.close();
      await edge.leave(graceMs, signal);
    },
    async apply(changed) {
      await certificates.apply(changed);
      await serving.prepare(changed);
      names?.apply(changed);
      inForce = changed;
      ({ tunnels, ports = [] } = snapshotOf(changed, 1));
      serving.serve(changed);
    },
    async stop(graceMs) {
      health.stop();
      probes.stop();
      // The name server answers to the last: challenges and clients may still ask.
      await Promise.all([edge.drain(graceMs), certificates.close()]);
      await names?.close();
      await edge.close();
      await serving.close();
      await metricsServer?.close();
    },
  };
}

/** Loaded only where edge.yml has a dns section. */
async function openNames(
  options: EdgeInstanceOptions & { metrics: MetricsRegistry; handed: HandedSockets },
): Promise<EdgeNames | undefined> {
  if (!options.config.dns) return undefined;
  const { EdgeNames: Names } = await import('./dns/edge-names.ts');
  return Names.open(options);
}
