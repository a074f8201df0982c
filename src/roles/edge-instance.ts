// One edge put together from its configuration: certificates, cache, access log, metrics server and the edge itself. An
// edge node (edge-node.ts) runs one beside its control plane.
import { totalmem } from 'node:os';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics.ts';
import { watchProcess } from '#base/process-watch.ts';
import { makeFolder } from '#base/private-file.ts';
import type { Random } from '#base/random.ts';
import type { InternalCa } from '#certs/internal-ca.ts';
import type { DocumentStore } from '#certs/vault/document-vault.ts';
import { snapshotOf } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { ChallengePresenter } from '#model/challenge-presenter.ts';
import { type Edge, startEdge } from '#edge/edge.ts';
import type { ControlReport } from '#model/control-report.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { createPassage } from '#model/sign-in-passage.ts';
import { routeHandlers } from '#edge/route-steps.ts';
import { AccessDesk, type AccessDeskOptions } from '#edge/access/access-desk.ts';
import { forwardPortOf } from '#model/forward-auth.ts';
import type { AssertionAlgorithm } from '#model/access-keys.ts';
import { asksCloudflare } from '#model/access-policy.ts';
import { createPassTexts } from '#model/access-pass.ts';
import { type MetricsServer, startMetricsServer } from '#edge/metrics-server.ts';
import type { CertificateState } from '#control/edge-view.ts';
import type { CertificateDesk } from './certificate-desk.ts';
import { certificateStatesOf } from './certificate-states.ts';
import { lookAt } from './control/edge-answers.ts';
import { EdgeHealth } from './health/edge-health.ts';
import { openEdgeProbes } from './probe/edge-probes.ts';
import type { Prober } from './probe/prober.ts';
import { type AccessKeys, openAccessKeys } from './access-keys.ts';
import { AccessSources } from './access-sources.ts';
import { dashboardUrlOf, publicHttpsPort } from './edge-composition.ts';
import { pagesIn } from './error-page-files.ts';
import { openEdgeCache } from './edge-cache.ts';
import { EdgeCertificates } from './edge-certificates.ts';
import type { EdgeCache } from '#edge/cache/edge-cache.ts';
import type { NameQuestion } from '#dns/name-check.ts';
import type { EdgeNames } from './edge-names.ts';
import { type HandedSocket, HandedSockets } from './handed-sockets.ts';
import type { Offer } from './handover.ts';
import { GuardBans } from './guard-bans.ts';
import { TraceExport } from './trace-export.ts';
import type { ListenAddress } from '#edge/listener.ts';

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
}

/** What the control plane keeps of access for the edge. Every function rejects while it is away. */
export type AccessCounter = Pick<AccessDeskOptions, 'useShareLink'>;

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
  /** All metrics, as Prometheus reads them. */
  readonly metricsText: () => string;
  /** URL of the metrics server, '' without one. */
  readonly metricsUrl: string;
  /** Puts a changed configuration in force; throws, with the routes unchanged, if it cannot be. */
  apply(config: EdgeConfig): Promise<void>;
  /** The listening sockets, by what they are for. */
  sockets(): HandedSocket[];
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
  const { config, clock, random, log, offer } = options;
  const handed = new HandedSockets(offer?.sockets ?? []);
  const taken = <A extends ListenAddress>(kind: HandedSocket['kind'], address: A): A => {
    const handle = handed.handleOf(kind, address);
    return handle === undefined ? address : { ...address, handle };
  };
  makeFolder(config.dataDir);
  const metrics = new MetricsRegistry();
  const names = await openNames({ ...options, metrics, handed });
  opened.push(() => names?.close());
  const presenters = [...(options.presenters ?? []), ...(names ? [names.presenter] : [])];
  const certificates = await EdgeCertificates.open({
    ...{ ...options, presenters },
    isComing: (hostname) => names?.isComing(hostname) ?? false,
  });
  opened.push(() => certificates.close());
  names?.onChange(() => certificates.manager.wake());

  let snapshot = snapshotOf(config, 1);
  const follow = (routes: readonly RouteEntry[], hasHeardOf: (tunnelId: string) => boolean): void => {
    const unheard = snapshot.tunnels.filter(({ id }) => !hasHeardOf(id));
    certificates.follow(
      routes,
      unheard.flatMap(({ hostnames }) => hostnames),
    );
    const { tunnels, ports = [] } = snapshot;
    names?.follow({ routes, ports, tunnels, hasHeardOf });
    sources.check(routes, desk);
    if (asksCloudflare([...routes, ...(current.forwardAuth?.sites ?? [])])) options.wantAssertions?.('RS256');
  };
  let current = config;
  const sources = await AccessSources.open({ access: config.access, clock, log });
  opened.push(() => sources.close());
  const desk = openAccessDesk(options, sources, () => current);
  const cache = await openEdgeCache(config, { clock, log, metrics });
  if (cache) opened.push(() => cache.close());
  const bans = new GuardBans(clock, metrics);
  const traces = new TraceExport({ clock, random, log, metrics, edgeName: config.hostname ?? '' });
  opened.push(() => traces.close());
  await traces.apply(config.tracing);
  const edge = await startEdge({
    name: config.hostname ?? '',
    clock,
    random,
    log,
    metrics,
    accessLog: options.accessLog,
    snapshot,
    recordSpan: traces.record,
    banCount: () => bans.list().length,
    ...(offer && { inherited: offer }),
    inheritedPorts: (kind, at) => handed.handleOf(kind, at),
    certificates: certificates.store,
    wellKnown: certificates.wellKnown,
    routesChanged: follow,
    listen: {
      https: config.listen.https.map((address) => taken('https', address)),
      http: config.listen.http.map((address) => ({
        ...taken('http', address),
        mode: config.listen.serveHttp ? 'serve' : 'redirect',
      })),
    },
    proxyProtocolFrom: config.proxyProtocol?.from ?? [],
    redirectPort: config.publicPort,
    desk,
    handlers: routeHandlers({
      ...{ clock, cache, desk, bans: bans.table },
      readPages: pagesIn(config.dataDir, log),
    }),
  });
  opened.push(() => edge.close());
  // Without a limit of its own the process may have the machine's memory; Node then says 0 or 2^64.
  const limitBytes = Math.min(process.constrainedMemory() || Infinity, totalmem());
  const residentBytes = (): number => process.memoryUsage.rss();
  const stopWatching = watchProcess({ clock, log, metrics, residentBytes, limitBytes });
  opened.push(stopWatching);
  const endVisits = (): void => edge.endVisits((grant) => desk.isGrantGood(grant));
  desk.listen(endVisits);
  sources.files.onChange = endVisits;
  // With claims that were handed over it has been told already.
  if ((offer?.claims.length ?? 0) === 0) follow(snapshot.routes, () => false);
  let inForce = config;
  const probes = openEdgeProbes({
    ...{ config: () => inForce, edge, clock, random, log, metrics },
    rootsPem: () => certificates.internalCa?.pem,
  });
  opened.push(() => probes.stop());
  const certificateStates: EdgeInstance['certificateStates'] = (hostnames) =>
    certificateStatesOf(certificates.store, hostnames, clock.wallMs());
  const health = new EdgeHealth({
    ...{ clock, metrics, controlReport: options.controlReport },
    certificates: () => certificates.desk.list(),
    look: (seen) => ({
      look: seen ?? lookAt({ edge, names, certificateStates }),
      tunnels: snapshot.tunnels,
      origins: edge.origins(),
      endsTls: config.listen.https.length > 0,
      probes: probes.parts(),
    }),
  });
  health.start();
  opened.push(() => health.stop());
  let metricsServer: MetricsServer | undefined;
  if (config.listen.metrics) {
    metricsServer = await startMetricsServer({
      ...taken('metrics', config.listen.metrics),
      metrics,
      health: () => health.read(),
    });
  }

  let version = 1;
  return {
    edge,
    cache,
    access: desk,
    bans,
    names,
    internalCa: certificates.internalCa,
    certificateDesk: certificates.desk,
    config: () => inForce,
    async question(hostname, signal) {
      const { questionFor } = await import('./hostname-question.ts');
      return questionFor({ config: inForce, hostname, zone: names?.zoneOf(hostname), clock, random }, signal);
    },
    certificateStates,
    health,
    probes,
    metricsText: () => metrics.text(),
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
    async leave(graceMs, signal) {
      probes.stop();
      await names?.close();
      await metricsServer?.close();
      await edge.leave(graceMs, signal);
    },
    async apply(changed) {
      await certificates.apply(changed);
      await traces.apply(changed.tracing);
      current = changed;
      await sources.apply(changed.access);
      names?.apply(changed);
      inForce = changed;
      snapshot = snapshotOf(changed, ++version);
      edge.apply(snapshot);
    },
    async stop(graceMs) {
      stopWatching();
      health.stop();
      probes.stop();
      // The name server answers to the last: challenges and clients may still ask.
      await Promise.all([edge.drain(graceMs), certificates.close()]);
      await names?.close();
      await edge.close();
      await traces.close();
      sources.close();
      await cache?.close();
      await metricsServer?.close();
    },
  };
}

/** Who may pass; nobody is known until the control plane says so. */
function openAccessDesk(
  { config, clock, random, accessCounter = noCounter, accessKeys }: EdgeInstanceOptions,
  { countries, files }: AccessSources,
  current: () => EdgeConfig,
): AccessDesk {
  const keys = accessKeys ?? openAccessKeys(config.dataDir, { clock, random });
  const { signer, assertions } = keys;
  const desk = new AccessDesk({
    ...{ clock, random, assertions, countries },
    authorities: () => files.authorities,
    authorityFault: (name) => files.faults.get(name),
    ...accessCounter,
    passage: createPassage(signer),
    passTexts: createPassTexts(signer),
    dashboardUrl: () => dashboardUrlOf(current()),
    httpsPort: () => publicHttpsPort(current()),
    sitePort: (host) => forwardPortOf(current().forwardAuth, host),
  });
  keys.onChange = () => desk.forgetTexts();
  return desk;
}

/** Without a store there are no links. */
const noCounter: AccessCounter = { useShareLink: () => Promise.resolve(false) };

/** Loaded only where edge.yml has a dns section. */
async function openNames(
  options: EdgeInstanceOptions & { metrics: MetricsRegistry; handed: HandedSockets },
): Promise<EdgeNames | undefined> {
  if (!options.config.dns) return undefined;
  const { EdgeNames: Names } = await import('./edge-names.ts');
  return Names.open(options);
}
