// The edge: listeners, fronts, proxy and tunnels put together. Serves from one immutable snapshot at a time; a new
// one is applied as a whole, and what is under way goes on.
//
//   listener -> Http1Front | Http2Front -> Proxy -> TunnelRegistry -> EdgeConnection ~ connector
import type { TLSSocket } from 'node:tls';
import type { Timer } from '#base/clock.ts';
import { cidrSet } from '#base/ip.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { failure } from '#http/exchange.ts';
import type { ClientAddress } from '#http/exchange.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import { tunnelPath } from '#tunnel/websocket-transport.ts';
import { AccessLog } from './access-log.ts';
import { renderFailure } from './error-page.ts';
import { EdgeMetrics } from './edge-metrics.ts';
import { Http1Front } from './http1-front.ts';
import type { Http1FrontOptions, Refusal } from './http1-front.ts';
import { Http2Front } from './http2-front.ts';
import type { Http2FrontSettings } from './http2-front.ts';
import { Listener } from './listener.ts';
import type { ListenAddress } from './listener.ts';
import type { LiveListener } from './live-events.ts';
import type { LiveView } from './live-view.ts';
import { disconnect, type DisconnectTarget } from './disconnect.ts';
import type { ExplainStep } from '#model/explain.ts';
import { explainRequest } from './explain.ts';
import { type InnerAnswer, type InnerRequest, sendInnerRequest } from './inner-request.ts';
import type { RequestLog } from './request-log.ts';
import type { Edge, EdgeOptions, ListenerState } from './edge-contract.ts';
import type { LocalService } from './local-connection.ts';
import { LocalServices } from './local-services.ts';
import { Observation } from './observation.ts';
import { Proxy } from './proxy.ts';
import { redirectToHttps } from './redirect.ts';
import { TunnelAcceptor } from './tunnel-acceptor.ts';
import { TunnelRegistry } from './tunnel-registry.ts';
import { wellKnownFirst } from './well-known.ts';

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
  readonly #proxy: Proxy;
  readonly #tunnels: TunnelAcceptor;
  readonly #https: Listener[];
  readonly #http: Listener[];
  readonly #secureFront: Http1Front;
  readonly #plainFront: Http1Front;
  readonly #redirectFront: Http1Front;
  readonly #http2: Http2Front;
  #snapshot: EdgeSnapshot;
  #sweepTimer: Timer | undefined;

  readonly #serve: Http1FrontOptions['start'] = (request, front) => this.#proxy.start(request, front);

  readonly #redirect: Http1FrontOptions['start'] = (request, front) => {
    const httpsPort = this.#options.redirectPort ?? this.httpsPorts[0] ?? 443;
    const isKnownHost = (host: string): boolean =>
      host === this.#options.name || this.#proxy.router.hasHost(host);
    const { requestId: id, client } = request;
    const isKnown = isKnownHost(request.host);
    this.#observed.traffic.answered(isKnown ? 308 : 404);
    const answer = isKnown ? { status: 308 } : { status: 404, error: 'no-such-host' as const };
    this.#accessLog.addOwn({ id, client: client.address, request, ...answer });
    return redirectToHttps(request, front, { isKnownHost, httpsPort });
  };

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
    const { clock, random, log, metrics } = options;
    this.#observed = new Observation({
      clock,
      log,
      snapshot: options.snapshot,
      activeRequests: () => this.#proxy.activeCount,
    });
    this.#local = new LocalServices({ clock, random, log, registry: this.#registry });
    this.#metrics = new EdgeMetrics(metrics, this.#registry);
    this.#accessLog = new AccessLog({
      write: (lines, onLost) => {
        this.#observed.requests.add(lines);
        options.accessLog(lines, onLost);
      },
      wallMs: () => clock.wallMs(),
    });
    metrics.collect(
      'sallyport_edge_access_log_dropped_total',
      'Access log lines lost because they could not be written.',
      'counter',
      () => [[{}, this.#accessLog.dropped]],
    );
    this.#proxy = new Proxy({
      clock,
      random,
      registry: this.#registry,
      accessLog: this.#accessLog,
      metrics: this.#metrics,
      traffic: this.#observed.traffic,
      snapshot: options.snapshot,
      ...(options.handlers && { handlers: options.handlers }),
    });
    this.#tunnels = new TunnelAcceptor({
      edgeName: options.name,
      clock,
      random,
      log,
      registry: this.#registry,
      connectors: this.#observed.connectors,
      configs: this.#observed.configs,
      snapshot: options.snapshot,
      routesChanged: (routes) => this.#applyRoutes(routes),
    });
    this.#secureFront = new Http1Front(this.#frontOptions('https'));
    this.#plainFront = new Http1Front(this.#plainOptions(this.#serve));
    this.#redirectFront = new Http1Front(this.#plainOptions(this.#redirect));
    this.#http2 = this.#makeHttp2Front();
    this.#https = options.listen.https.map((address, i) =>
      this.#makeListener(`https${i === 0 ? '' : `-${i + 1}`}`, address, true),
    );
    this.#http = options.listen.http.map((address, i) =>
      this.#makeListener(`http${i === 0 ? '' : `-${i + 1}`}`, address, false),
    );
  }

  async open(): Promise<void> {
    const opened: Listener[] = [];
    try {
      for (const listener of [...this.#https, ...this.#http]) {
        await listener.open();
        opened.push(listener);
      }
    } catch (error) {
      for (const listener of opened) listener.destroy();
      throw error;
    }
    this.#sweepTimer = this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  get httpsPorts(): number[] {
    return this.#https.map((listener) => listener.port);
  }

  get httpPorts(): number[] {
    return this.#http.map((listener) => listener.port);
  }

  apply(snapshot: EdgeSnapshot): void {
    this.#snapshot = snapshot;
    this.#secureFront.apply(this.#frontOptions('https'));
    this.#plainFront.apply(this.#plainOptions(this.#serve));
    this.#redirectFront.apply(this.#plainOptions(this.#redirect));
    this.#http2.apply(this.#http2Settings());
    this.#tunnels.apply(snapshot);
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
    ).finally(() => this.#accessLog.flush());
  }

  explain(request: InnerRequest, signal: AbortSignal): Promise<ExplainStep[]> {
    return explainRequest(request, {
      router: this.#proxy.router,
      registry: this.#registry,
      routes: this.#observed.view.routes(),
      nameOfTunnel: (id) => this.#snapshot.tunnels.find((tunnel) => tunnel.id === id)?.name ?? id,
      send: () => this.sendRequest(request, signal),
      findLine: (requestId) => this.requests.find(requestId),
    });
  }

  disconnect(target: DisconnectTarget, how: 'drain' | 'close'): number {
    return disconnect(this.tunnelConnections(), target, how);
  }

  listeners(): ListenerState[] {
    return [...this.#https, ...this.#http].map(({ name, isReady, detail }) => ({ name, isReady, detail }));
  }

  tunnelConnections(): EdgeConnection[] {
    return this.#registry.connections.filter(({ tunnelId }) => !isLocalTunnelId(tunnelId));
  }

  serveLocally(service: LocalService): EdgeConnection {
    return this.#local.serve(service);
  }

  async drain(graceMs: number): Promise<void> {
    const { clock } = this.#options;
    for (const listener of [...this.#https, ...this.#http]) listener.stop();
    for (const front of this.#fronts) front.drain();
    this.#http2.drain();
    const deadline = clock.nowMs() + graceMs;
    while (this.#proxy.activeCount > 0 && clock.nowMs() < deadline) {
      await new Promise<void>((resolve) => clock.after(50, resolve));
    }
  }

  async close(): Promise<void> {
    this.#sweepTimer?.cancel();
    for (const listener of [...this.#https, ...this.#http]) listener.stop();
    this.#proxy.abortAll();
    this.#tunnels.close();
    this.#local.close();
    for (const front of this.#fronts) front.close();
    this.#http2.close();
    // One turn for CLOSE frames and last writes to leave.
    await new Promise<void>((resolve) => this.#options.clock.after(20, resolve));
    for (const listener of [...this.#https, ...this.#http]) listener.destroy();
    this.#accessLog.flush();
  }

  #applyRoutes(routes: readonly RouteEntry[]): void {
    this.#proxy.apply({ ...this.#snapshot, routes });
    this.#observed.apply(this.#snapshot, routes);
    this.#options.routesChanged?.(routes, (id) => this.#tunnels.hasHeardOf(id));
  }

  get #fronts(): Http1Front[] {
    return [this.#secureFront, this.#plainFront, this.#redirectFront];
  }

  #frontOptions(scheme: 'http' | 'https'): Http1FrontOptions {
    return {
      scheme,
      now: () => this.#options.clock.nowMs(),
      newRequestId: () => this.#proxy.newRequestId(),
      start: (request, front) => this.#proxy.start(request, front),
      isMisdirected: (serverName, host) => this.#isMisdirected(serverName, host),
      takesUpgrade: (request) =>
        scheme === 'https' && request.path === tunnelPath && request.upgrade === 'websocket',
      upgradeTaken: (socket, request, early) =>
        this.#tunnels.acceptUpgrade(socket as TLSSocket, request, early),
      refused: (refusal) => this.#refused(refusal),
      limits: this.#snapshot.limits,
      timeouts: this.#snapshot.timeouts,
      upgrades: this.#snapshot.upgrades,
    };
  }

  /** Of a plain listener, which answers some requests itself before it serves or redirects. */
  #plainOptions(start: Http1FrontOptions['start']): Http1FrontOptions {
    const { wellKnown: source } = this.#options;
    return { ...this.#frontOptions('http'), start: wellKnownFirst({ source, start, log: this.#accessLog }) };
  }

  #makeHttp2Front(): Http2Front {
    return new Http2Front({
      ...this.#http2Settings(),
      clock: this.#options.clock,
      metrics: this.#options.metrics,
      start: (request, front) => this.#proxy.start(request, front),
      isMisdirected: (serverName, host) => this.#isMisdirected(serverName, host),
      answerFailure: (what, { begun, refused }, client) => {
        const request = begun ?? refused;
        const requestId = begun?.requestId ?? this.#proxy.newRequestId();
        const { code, detail } = what;
        if (!begun) this.#refused({ code, detail, client, requestId, request });
        return renderFailure(what, requestId, request?.fields.get('accept') ?? '', request?.host ?? '');
      },
      newRequestId: () => this.#proxy.newRequestId(),
    });
  }

  #http2Settings(): Http2FrontSettings {
    const { limits, timeouts, upgrades } = this.#snapshot;
    return {
      headBytes: limits.headBytes,
      headFields: limits.headFields,
      targetBytes: limits.targetBytes,
      maxStreams: limits.http2Streams,
      upgrades,
      limits: { stallMs: timeouts.bodyIdleMs },
    };
  }

  #makeListener(name: string, address: ListenAddress, isTls: boolean): Listener {
    const { limits, timeouts } = this.#snapshot;
    const plain = address.mode === 'serve' ? this.#plainFront : this.#redirectFront;
    return new Listener({
      name,
      address,
      tls: isTls
        ? { certificates: this.#options.certificates, handshakeMs: timeouts.handshakeMs }
        : undefined,
      proxies: cidrSet(this.#options.proxyProtocolFrom),
      maxConnections: limits.connections,
      maxPerAddress: limits.connectionsPerAddress,
      accept: isTls
        ? (socket, client, protocol) => this.#accept(socket as TLSSocket, client, protocol)
        : (socket, client) => plain.accept(socket, client),
      count: (outcome) => this.#metrics.connection(outcome),
    });
  }

  #accept(socket: TLSSocket, client: ClientAddress, protocol: string): void {
    if (protocol === 'h2') this.#http2.accept(socket, client);
    else if (protocol === 'sallyport/1') this.#tunnels.acceptTls(socket);
    else this.#secureFront.accept(socket, client);
  }

  /** A certificate that covers both names makes a shared connection legitimate (RFC 9113 section 9.1.1). */
  #isMisdirected(serverName: string, host: string): boolean {
    return serverName !== '' && serverName !== host && !this.#options.certificates.covers(serverName, host);
  }

  #refused({ code, detail, client, requestId, request }: Refusal): void {
    this.#metrics.requestRefused(code);
    const { status } = failure(code, detail);
    this.#observed.traffic.answered(status);
    this.#accessLog.addOwn({ id: requestId, client: client.address, status, request, error: code, detail });
    if (code === 'internal')
      this.#options.log.error('Fault while reading a request', { detail, client: client.address });
  }

  #sweep(): void {
    const now = this.#options.clock.nowMs();
    for (const front of this.#fronts) front.sweep(now);
    this.#proxy.sweep();
    this.#observed.events.tick();
    for (const listener of this.#https) listener.refreshDefault();
    this.#accessLog.flush();
    this.#sweepTimer = this.#options.clock.after(sweepMs, () => this.#sweep());
  }
}
