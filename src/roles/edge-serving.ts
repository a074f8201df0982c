// What every process of an edge serves with: who may pass, cache, bans, traces, and the edge itself with its listeners. The first
// process puts certificates, names and the metrics server around it (edge-instance.ts), a further worker what it is told by
// the first (workers/worker-role.ts).
import type { Clock } from '#base/clock.ts';
import { countTimers } from '#base/counted-clock.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import { snapshotOf } from '#config/edge-config.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { AccessDesk, type AccessDeskOptions } from '#edge/access/visitors/access-desk.ts';
import type { EdgeCache } from '#edge/cache/edge-cache.ts';
import type { CertificateSource } from '#edge/front-door/certificate-source.ts';
import { type Edge, startEdge } from '#edge/edge.ts';
import type { Inheritance } from '#edge/edge-contract.ts';
import type { ListenAddress } from '#edge/front-door/listener.ts';
import type { Mates } from '#edge/mates/mates.ts';
import { routeHandlers } from '#edge/routes/route-steps.ts';
import type { WellKnownSource } from '#edge/front-door/well-known.ts';
import { createPassTexts } from '#model/access/access-pass.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { forwardPortOf } from '#model/access/forward-auth.ts';
import { createPassage } from '#model/access/sign-in-passage.ts';
import { type AccessKeys, openAccessKeys } from './access/access-keys.ts';
import { AccessSources } from './access/access-sources.ts';
import { openEdgeCache } from './edge-cache.ts';
import { dashboardUrlOf, publicHttpsPort } from './edge-composition.ts';
import { pagesIn } from './error-page-files.ts';
import { GuardBans } from './guard-bans.ts';
import { returnOwnMemory } from './own-memory.ts';
import { watchOwnProcess } from './own-watch.ts';
import type { HandedSocket, HandedSockets } from './succession/handed-sockets.ts';
import { TraceExport } from './trace-export.ts';
import { cacheShare } from './workers/worker-config.ts';

/** What the control plane keeps of access for the edge. Every function rejects while it is away. */
export type AccessCounter = Pick<AccessDeskOptions, 'useShareLink'>;

export interface ServingOptions {
  readonly config: EdgeConfig;
  readonly accessLog: (lines: Buffer, onLost: () => void) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** What access asks the control plane; absent for an edge without a store. */
  readonly accessCounter?: AccessCounter | undefined;
  /** The keys of access; absent: those of the data folder, as they are. */
  readonly accessKeys?: AccessKeys | undefined;
  readonly certificates: CertificateSource;
  readonly wellKnown: WellKnownSource;
  /** Sockets that listen already. */
  readonly handed: HandedSockets;
  readonly inherited?: Inheritance | undefined;
  /** The other processes of this edge; absent: it is the only one. */
  readonly mates?: Mates | undefined;
  /** The routes in force are others. */
  readonly routesChanged: (routes: readonly RouteEntry[], hasHeardOf: (tunnelId: string) => boolean) => void;
}

/** What serves. */
export interface Serving {
  readonly edge: Edge;
  /** Undefined: off. */
  readonly cache: EdgeCache | undefined;
  readonly access: AccessDesk;
  readonly bans: GuardBans;
  /** Tells `routesChanged` of the declared routes. */
  tellRoutes(): void;
  /** Follows the files that access draws on; before `serve`. */
  prepare(config: EdgeConfig): Promise<void>;
  /** Puts a prepared configuration in force. */
  serve(config: EdgeConfig): void;
  /** Closes all but the edge, which is drained and closed by its owner. */
  close(): Promise<void>;
}

/** Opens everything, or throws one sentence and leaves nothing open. */
export async function openServing(options: ServingOptions): Promise<Serving> {
  const opened: (() => unknown)[] = [];
  try {
    return await open(options, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function open(options: ServingOptions, opened: (() => unknown)[]): Promise<Serving> {
  const { config, random, log, metrics, mates, handed } = options;
  const clock = countTimers(options.clock);
  const taken = <A extends ListenAddress>(kind: HandedSocket['kind'], address: A): A => {
    const handle = handed.handleOf(kind, address);
    return handle === undefined ? address : { ...address, handle };
  };
  let current = config;
  let snapshot = snapshotOf(config, 1);
  let version = 1;
  const sources = await AccessSources.open({ access: config.access, clock, log });
  opened.push(() => sources.close());
  const desk = openAccessDesk(options, sources, () => current);
  const cache = await openEdgeCache(cacheShare(config, mates ?? { number: 1, count: 1 }), {
    ...{ clock, log, metrics },
  });
  if (cache) opened.push(() => cache.close());
  const bans = new GuardBans(clock, metrics);
  const traces = new TraceExport({ clock, random, log, metrics, edgeName: config.hostname ?? '' });
  opened.push(() => traces.close());
  await traces.apply(config.tracing);
  const follow: ServingOptions['routesChanged'] = (routes, hasHeardOf) => {
    options.routesChanged(routes, hasHeardOf);
    // One process warns.
    if ((mates?.number ?? 1) === 1) sources.check(routes, desk);
  };
  const edge = await startEdge({
    name: config.hostname ?? '',
    ...{ clock, random, log, metrics, snapshot, desk, mates },
    accessLog: options.accessLog,
    recordSpan: traces.record,
    banCount: () => bans.list().length,
    ...(options.inherited && { inherited: options.inherited }),
    inheritedPorts: (kind, at) => handed.handleOf(kind, at),
    certificates: options.certificates,
    wellKnown: options.wellKnown,
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
    handlers: routeHandlers({
      ...{ clock, cache, desk, mates, bans: bans.table },
      readPages: pagesIn(config.dataDir, log),
    }),
  });
  opened.push(() => edge.close());
  const stopWatching = watchOwnProcess({ clock, log, metrics });
  opened.push(stopWatching);
  const stopReturning = returnOwnMemory(clock);
  opened.push(stopReturning);
  const endVisits = (): void => edge.endVisits((grant) => desk.isGrantGood(grant));
  desk.listen(endVisits);
  sources.files.onChange = endVisits;
  return {
    ...{ edge, cache, bans, access: desk },
    tellRoutes: () => follow(snapshot.routes, () => false),
    async prepare(changed) {
      await traces.apply(changed.tracing);
      current = changed;
      await sources.apply(changed.access);
    },
    serve(changed) {
      snapshot = snapshotOf(changed, ++version);
      edge.apply(snapshot);
    },
    async close() {
      stopWatching();
      stopReturning();
      await traces.close();
      sources.close();
      await cache?.close();
    },
  };
}

/** Who may pass; nobody is known until the control plane says so. */
function openAccessDesk(
  { config, clock, random, mates, accessCounter = noCounter, accessKeys }: ServingOptions,
  { countries, files }: AccessSources,
  current: () => EdgeConfig,
): AccessDesk {
  const keys = accessKeys ?? openAccessKeys(config.dataDir, { clock, random });
  const { signer, assertions } = keys;
  const desk = new AccessDesk({
    ...{ clock, random, assertions, countries, mates },
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
