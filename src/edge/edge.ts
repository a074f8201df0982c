// The edge: front door, proxy and tunnels put together. Serves from one immutable snapshot at a time; a new
// one is applied as a whole, and what is under way goes on.
//
//   FrontDoor -> Proxy -> TunnelRegistry -> EdgeConnection ~ connector
import type { HostnameMove } from '#model/live/hostname-move.ts';
import type { Timer } from '#base/clock.ts';
import type { OutsideLook } from '#base/net/outside-look.ts';
import type { MarkVerdict } from '#base/net/probe-mark.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { ProbeRequest } from '#tunnel/exchanges/probe-exchange.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import { processWindowBudget } from '#tunnel/process-window.ts';
import { explainAccess, forwardSitesIn, testAccess } from './access/dry-run.ts';
import { CertificateHosts } from './access/certificates/certificate-hosts.ts';
import type { AccessDesk } from './access/visitors/access-desk.ts';
import type { AccessGrant } from './access/visitors/access-grant.ts';
import { AccessLog } from './logs/access-log.ts';
import { EdgeMetrics } from './observation/edge-metrics.ts';
import { FrontDoor } from './front-door/front-door.ts';
import type { LiveListener } from './observation/live-events.ts';
import type { LiveView } from './observation/live-view.ts';
import type { DisconnectHow, DisconnectTarget } from './tunnels/disconnect.ts';
import type { AccessTest, AccessTestResult } from '#model/access/access-test.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { parsePortName, portName } from '#model/port.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { PortLive } from '#model/live/port-live.ts';
import { explainRequest } from './explaining/explain.ts';
import { explainPort, type ExplainPortTools } from './explaining/explain-port.ts';
import {
  type InnerAnswer,
  type InnerRequest,
  innerTargetOf,
  sendInnerRequest,
} from './own-requests/inner-request.ts';
import type { RequestLog } from './logs/request-log.ts';
import type { Edge, EdgeOptions, Inheritance, ListenerState } from './edge-contract.ts';
import { ExpectedTunnels } from './tunnels/expected-tunnels.ts';
import type { LocalService } from './tunnels/local-connection.ts';
import { HolderWatch } from './tunnels/holder-watch.ts';
import { LocalServices } from './tunnels/local-services.ts';
import { ConnectionCensus } from './mates/connection-census.ts';
import { Relays } from './mates/relays.ts';
import { Observation } from './observation/observation.ts';
import { OriginWatch } from './origins/origin-watch.ts';
import { Ports } from './ports/ports.ts';
import { probeFrom } from './own-requests/probe-from.ts';
import { Proxy } from './proxy.ts';
import { TunnelAcceptor } from './tunnels/tunnel-acceptor.ts';
import { TunnelRegistry } from './tunnels/tunnel-registry.ts';

export type { Edge, EdgeOptions, ListenerState } from './edge-contract.ts';

/** Resolution of the data path's time limits. */
const sweepMs = 1_000;

/** Opens every listener, or none: one that fails closes the others. @throws SallyportError 'listen-failed' */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const edge = new RunningEdge(options);
  await edge.open();
  return edge;
}

class RunningEdge implements Edge {
  readonly #options: EdgeOptions;
  readonly #registry = new TunnelRegistry();
  readonly #observed: Observation;
  readonly #local: LocalServices;
  readonly #metrics: EdgeMetrics;
  readonly #accessLog: AccessLog;
  readonly #holders: HolderWatch;
  readonly #origins: OriginWatch;
  readonly #expected: ExpectedTunnels | undefined;
  readonly #proxy: Proxy;
  readonly #tunnels: TunnelAcceptor;
  readonly #ports: Ports;
  readonly #door: FrontDoor;
  readonly #relays: Relays | undefined;
  #clients: CertificateHosts;
  #snapshot: EdgeSnapshot;
  #sweepTimer: Timer | undefined;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    this.#clients = new CertificateHosts(options.snapshot.routes);
    const { clock, random, log, metrics, inherited, mates } = options;
    this.#observed = new Observation({
      clock,
      log,
      snapshot: options.snapshot,
      activeRequests: () => this.#proxy.activeCount,
      flushLog: () => this.#accessLog.flush(),
    });
    this.#local = new LocalServices({ clock, random, log, registry: this.#registry });
    this.#holders = new HolderWatch({ log, metrics, wallMs: () => clock.wallMs() });
    this.#lookAtHolders(options.snapshot.routes);
    this.#metrics = new EdgeMetrics(metrics, this.#registry);
    this.#accessLog = new AccessLog({
      write: options.accessLog,
      wallMs: () => clock.wallMs(),
      recent: this.#observed.requests,
    });
    metrics.collect(
      'sallyport_edge_access_log_dropped_total',
      'Access log lines lost because they could not be written.',
      'counter',
      () => [[{}, this.#accessLog.dropped]],
    );
    const expected = inherited && new ExpectedTunnels(clock, this.#registry, inherited.expected);
    this.#origins = new OriginWatch({ clock, random, registry: this.#registry });
    this.#proxy = new Proxy({
      clock,
      random,
      registry: this.#registry,
      accessLog: this.#accessLog,
      metrics: this.#metrics,
      traffic: this.#observed.traffic,
      limits: this.#observed.limits,
      origins: this.#origins,
      snapshot: options.snapshot,
      recordSpan: options.recordSpan,
      ...(options.handlers && { handlers: options.handlers }),
      ...(expected && { expected }),
    });
    this.#expected = expected;
    this.#proxy.balances.collect(metrics);
    const windows = processWindowBudget(mates?.count);
    this.#tunnels = new TunnelAcceptor({
      ...{ windows, seat: mates },
      edgeName: options.name,
      clock,
      random,
      log,
      registry: this.#registry,
      connectors: this.#observed.connectors,
      configs: this.#observed.configs,
      snapshot: options.snapshot,
      knownClaims: inherited?.claims ?? [],
      routesChanged: (routes) => this.#applyRoutes(routes),
    });
    this.#relays =
      mates &&
      new Relays({
        ...{ mates, clock, random, log, windows, registry: this.#registry },
        onRules: (tunnelId, rules) => this.#tunnels.claim(tunnelId, rules),
      });
    const census = mates && new ConnectionCensus(mates, clock);
    this.#ports = new Ports({
      census,
      ...{ clock, metrics, registry: this.#registry, accessLog: this.#accessLog, snapshot: options.snapshot },
      ...{ expected, inherited: options.inheritedPorts },
      newRequestId: () => this.#proxy.newRequestId(),
    });
    this.#door = new FrontDoor({
      ports: this.#ports,
      ...{ census, relays: this.#relays },
      clients: () => this.#clients,
      edge: options,
      proxy: this.#proxy,
      tunnels: this.#tunnels,
      accessLog: this.#accessLog,
      metrics: this.#metrics,
      traffic: this.#observed.traffic,
      limits: this.#observed.limits,
    });
  }

  async open(): Promise<void> {
    this.#tunnels.begin();
    await this.#relays?.open();
    await this.#door.open();
    this.#ports.apply(this.#snapshot);
    this.#sweepTimer = this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  get httpsPorts(): number[] {
    return this.#door.httpsPorts;
  }

  get httpPorts(): number[] {
    return this.#door.httpPorts;
  }

  apply(snapshot: EdgeSnapshot): void {
    this.#snapshot = snapshot;
    this.#door.apply(snapshot);
    this.#ports.apply(snapshot);
    this.#tunnels.apply(snapshot);
  }

  members(): Map<string, MemberLive[]> {
    return this.#proxy.balances.live();
  }

  origins(): OriginLive[] {
    return this.#origins.live();
  }

  judgeMark(hostname: string, nonce: string, text: string): MarkVerdict {
    return this.#door.marks.judge(hostname, nonce, text);
  }

  probeFrom(tunnel: string, request: ProbeRequest, signal: AbortSignal): Promise<OutsideLook> {
    return probeFrom(this.#registry, this.#snapshot.tunnels, { tunnel, request, signal });
  }

  ports(): PortLive[] {
    return this.#ports.live();
  }

  moves(): readonly HostnameMove[] {
    return this.#holders.moves;
  }

  live(): LiveView {
    return this.#observed.view;
  }

  onEvent(listener: LiveListener): () => void {
    return this.#observed.events.listen(listener);
  }

  get requests(): RequestLog {
    return this.#observed.requests;
  }

  sendRequest(request: InnerRequest, signal: AbortSignal): Promise<InnerAnswer> {
    return sendInnerRequest(
      {
        start: (head, front) => this.#proxy.start(head, front),
        newRequestId: () => this.#proxy.newRequestId(),
        nowMs: () => this.#options.clock.nowMs(),
      },
      request,
      signal,
    );
  }

  async explain(request: InnerRequest, signal: AbortSignal): Promise<ExplainStep[]> {
    const port = this.#portNamed(request.url);
    if (port !== undefined) return await explainPort(port, this.#explainPortTools(signal));
    return await explainRequest(request, {
      router: this.#proxy.router,
      registry: this.#registry,
      routes: this.#observed.view.routes(),
      tunnels: this.#snapshot.tunnels,
      connectors: this.#observed.connectors,
      nowMs: () => this.#options.clock.nowMs(),
      access: (match) => explainAccess(match, request, this.#dryRunParts),
      send: () => this.sendRequest(request, signal),
      fetch: (url) => this.sendRequest({ method: 'GET', url }, signal),
      findLine: (requestId) => this.requests.find(requestId),
      wallMs: () => this.#options.clock.wallMs(),
      membersOf: (route) => this.#proxy.membersOf(route),
      banCount: () => this.#options.banCount?.() ?? 0,
      isTraced: this.#snapshot.tracing !== undefined,
    });
  }

  /** The port that is named, or that passes on the TLS of the hostname. */
  #portNamed(url: string): string | undefined {
    const named = parsePortName(url);
    return named ? portName(named) : this.#ports.passing(innerTargetOf(url).host)?.name;
  }

  #explainPortTools(signal: AbortSignal): ExplainPortTools {
    return {
      registry: this.#registry,
      tunnels: this.#snapshot.tunnels,
      connectors: this.#observed.connectors,
      nowMs: () => this.#options.clock.nowMs(),
      names: this.#ports.live().map(({ name }) => name),
      find: (name) => this.#ports.find(name),
      tryService: (entry) => this.#ports.tryService(entry, signal),
    };
  }

  routeOf(host: string, path: string): RouteEntry | undefined {
    const match = this.#proxy.router.match(host, path);
    return match.kind === 'found' ? match.route : undefined;
  }

  testAccess(test: AccessTest): AccessTestResult {
    const { router } = this.#proxy;
    const sites = forwardSitesIn(router, this.#snapshot);
    return testAccess(test, { ...this.#dryRunParts, router, sites });
  }

  get #dryRunParts(): { readonly desk: AccessDesk | undefined; readonly wallMs: number } {
    return { desk: this.#options.desk, wallMs: this.#options.clock.wallMs() };
  }

  disconnect(target: DisconnectTarget, how: DisconnectHow): number {
    return this.#tunnels.disconnect(target, how);
  }

  endVisits(isGood: (grant: AccessGrant) => boolean): void {
    this.#proxy.endVisits(isGood);
  }

  listeners(): ListenerState[] {
    return this.#door.states;
  }

  tunnelConnections(): EdgeConnection[] {
    return this.#registry.connections.filter(({ tunnelId }) => !isLocalTunnelId(tunnelId));
  }

  serveLocally(service: LocalService): EdgeConnection {
    return this.#local.serve(service);
  }

  listenHandles(): ReturnType<Edge['listenHandles']> {
    return [...this.#door.handles, ...this.#ports.handles()];
  }

  inheritance(withinMs: number): Inheritance {
    const here = this.tunnelConnections().map(({ tunnelId }) => tunnelId);
    const tunnelIds = new Set([...here, ...(this.#expected?.missing ?? [])]);
    return { expected: { tunnelIds: [...tunnelIds], withinMs }, claims: this.#tunnels.claims };
  }

  async arrived(signal: AbortSignal): Promise<void> {
    await this.#expected?.arrived(signal);
  }

  async leave(graceMs: number, signal: AbortSignal): Promise<void> {
    this.#door.leave();
    this.#ports.leave();
    this.#tunnels.askToMove();
    await this.#until(() => this.#door.clientCount + this.#ports.activeCount === 0, graceMs, signal);
  }

  async drain(graceMs: number): Promise<void> {
    this.#door.drain();
    this.#ports.stop();
    await this.#until(() => this.#proxy.activeCount + this.#ports.activeCount === 0, graceMs);
  }

  async #until(isOver: () => boolean, graceMs: number, signal?: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.nowMs() + graceMs;
    while (!isOver() && clock.nowMs() < deadline && signal?.aborted !== true) {
      await new Promise<void>((resolve) => clock.after(50, resolve));
    }
  }

  async close(): Promise<void> {
    this.#sweepTimer?.cancel();
    this.#door.stop();
    this.#proxy.abortAll();
    this.#proxy.balances.close();
    this.#origins.close();
    this.#ports.close();
    this.#relays?.close();
    this.#tunnels.close();
    this.#local.close();
    this.#door.close();
    // Time for CLOSE frames and last writes to leave; on a busy machine it may be over before they had their turn, or the
    // one after it, where the write before them was still under way.
    await new Promise<void>((resolve) => this.#options.clock.after(20, resolve));
    for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
    this.#door.destroy();
    this.#observed.limits.close();
    this.#accessLog.flush();
  }

  #applyRoutes(routes: readonly RouteEntry[]): void {
    this.#proxy.apply({ ...this.#snapshot, routes });
    this.#clients = new CertificateHosts(routes);
    this.#observed.apply(this.#snapshot, routes);
    this.#lookAtHolders(routes);
    this.#options.routesChanged?.(routes, (id) => this.#tunnels.hasHeardOf(id));
  }

  #lookAtHolders(routes: readonly RouteEntry[]): void {
    // One process tells of a move.
    if ((this.#options.mates?.number ?? 1) > 1) return;
    const { tunnels } = this.#snapshot;
    const nameOf = (id: string): string => tunnels.find((tunnel) => tunnel.id === id)?.name ?? id;
    this.#holders.look(routes, nameOf, new Set(this.#snapshot.routes));
  }

  #sweep(): void {
    this.#door.sweep(this.#options.clock.nowMs());
    this.#proxy.sweep();
    // What has run out by itself takes along what it let in, as what was revoked does.
    const { desk } = this.#options;
    if (desk) this.endVisits((grant) => desk.isGrantGood(grant));
    this.#origins.sweep(this.#options.clock.nowMs());
    this.#ports.sweep(this.#options.clock.nowMs());
    this.#observed.events.tick();
    this.#observed.limits.sweep(this.#options.clock.nowMs());
    this.#accessLog.flush();
    this.#sweepTimer = this.#options.clock.after(sweepMs, () => this.#sweep());
  }
}
