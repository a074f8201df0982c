// Everything of the edge that faces clients: its listeners, and the fronts that speak with whoever comes in. Requests go to
// the proxy, tunnels to their acceptor; redirects, refusals and what the edge answers by itself end here.
//
//   Listener -> Http1Front | Http2Front -> Proxy
//            -> TunnelAcceptor
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { cidrSet } from '#base/net/ip.ts';
import type { EdgeSnapshot } from '#model/edge-snapshot.ts';
import { failure } from '#http/exchange.ts';
import type { ClientAddress } from '#http/exchange.ts';
import { tunnelPath } from '#tunnel/transport/websocket-transport.ts';
import type { CertificateHosts } from '../access/certificates/certificate-hosts.ts';
import type { AccessLog } from '../logs/access-log.ts';
import type { EdgeOptions, ListenerState } from '../edge-contract.ts';
import type { EdgeMetrics } from '../observation/edge-metrics.ts';
import { renderFailure } from '../error-page.ts';
import { Http1Front } from '../http1/http1-front.ts';
import type { Http1FrontOptions, Refusal } from '../http1/http1-front.ts';
import { Http2Front } from '../http2/http2-front.ts';
import type { Http2FrontSettings } from '../http2/http2-front.ts';
import { Listener } from './listener.ts';
import type { ListenAddress, ListenHandle } from './listener.ts';
import type { ConnectionCensus } from '../mates/connection-census.ts';
import type { Ports } from '../ports/ports.ts';
import { ProbeMarks } from '../own-requests/probe-marks.ts';
import type { Proxy } from '../proxy.ts';
import { redirectToHttps } from './redirect.ts';
import type { LimitLog } from '../observation/limit-log.ts';
import type { Traffic } from '../observation/traffic.ts';
import type { Relays } from '../mates/relays.ts';
import type { TlsPassage } from './tls-passage.ts';
import type { TunnelAcceptor } from '../tunnels/tunnel-acceptor.ts';
import { type WellKnownSource, wellKnownFirst } from './well-known.ts';

export interface FrontDoorOptions {
  readonly edge: EdgeOptions;
  readonly proxy: Proxy;
  readonly tunnels: TunnelAcceptor;
  readonly accessLog: AccessLog;
  readonly metrics: EdgeMetrics;
  readonly traffic: Traffic;
  readonly limits: LimitLog;
  readonly ports: Ports;
  /** What ties this worker's tunnels to the others'; absent: there are none. */
  readonly relays?: Relays | undefined;
  /** Who is connected to the other workers; absent: there are none. */
  readonly census?: ConnectionCensus | undefined;
  /** On which names clients are asked for a certificate. */
  readonly clients: () => CertificateHosts;
}

export class FrontDoor {
  readonly #options: EdgeOptions;
  readonly #proxy: Proxy;
  readonly #tunnels: TunnelAcceptor;
  readonly #accessLog: AccessLog;
  readonly #metrics: EdgeMetrics;
  readonly #traffic: Traffic;
  readonly #limits: LimitLog;
  readonly #ports: Ports;
  readonly #passage: TlsPassage;
  readonly #clients: () => CertificateHosts;
  readonly #https: Listener[];
  readonly #http: Listener[];
  readonly #secureFront: Http1Front;
  readonly #plainFront: Http1Front;
  readonly #redirectFront: Http1Front;
  readonly #http2: Http2Front;
  readonly #census: ConnectionCensus | undefined;
  #snapshot: EdgeSnapshot;

  /** The edge's word on which hostnames it serves, for whoever looks from outside. */
  readonly marks = new ProbeMarks({
    ticketKeys: () => this.#options.certificates.ticketKeys,
    routesOf: (host) => this.#proxy.router.routesOf(host),
  });

  readonly #serve: Http1FrontOptions['start'] = (request, front) => this.#proxy.start(request, front);

  readonly #redirect: Http1FrontOptions['start'] = (request, front) => {
    const httpsPort = this.#options.redirectPort ?? this.httpsPorts[0] ?? 443;
    const isKnownHost = (host: string): boolean =>
      host === this.#options.name || this.#proxy.router.hasHost(host) || this.#ports.passesOn(host);
    const { requestId: id, client } = request;
    const isKnown = isKnownHost(request.host);
    this.#traffic.answered(isKnown ? 308 : 404);
    const answer = isKnown ? { status: 308 } : { status: 404, error: 'no-such-host' as const };
    this.#accessLog.addOwn({ id, client: client.address, request, ...answer });
    return redirectToHttps(request, front, { isKnownHost, httpsPort });
  };

  constructor({
    edge,
    proxy,
    tunnels,
    accessLog,
    metrics,
    traffic,
    limits,
    ports,
    relays,
    census,
    clients,
  }: FrontDoorOptions) {
    this.#options = edge;
    this.#proxy = proxy;
    this.#tunnels = tunnels;
    this.#accessLog = accessLog;
    this.#metrics = metrics;
    this.#traffic = traffic;
    this.#limits = limits;
    this.#ports = ports;
    this.#passage =
      relays?.placement({
        passage: ports,
        helloMs: () => this.#snapshot.timeouts.handshakeMs,
        adopt: (listener, socket, client) => this.#adopt(listener, socket, client),
      }) ?? ports;
    this.#clients = clients;
    this.#snapshot = edge.snapshot;
    this.#census = census;
    this.#secureFront = new Http1Front(this.#frontOptions('https'));
    this.#plainFront = new Http1Front(this.#plainOptions(this.#serve));
    this.#redirectFront = new Http1Front(this.#plainOptions(this.#redirect));
    this.#http2 = this.#makeHttp2Front();
    this.#https = edge.listen.https.map((address, i) =>
      this.#makeListener(`https${i === 0 ? '' : `-${i + 1}`}`, address, true),
    );
    this.#http = edge.listen.http.map((address, i) =>
      this.#makeListener(`http${i === 0 ? '' : `-${i + 1}`}`, address, false),
    );
  }

  /** Opens every listener, or none. @throws SallyportError 'listen-failed' */
  async open(): Promise<void> {
    const opened: Listener[] = [];
    try {
      for (const listener of this.#listeners) {
        await listener.open();
        opened.push(listener);
      }
    } catch (error) {
      for (const listener of opened) listener.destroy();
      throw error;
    }
  }

  get httpsPorts(): number[] {
    return this.#https.map((listener) => listener.port);
  }

  get httpPorts(): number[] {
    return this.#http.map((listener) => listener.port);
  }

  get states(): ListenerState[] {
    return this.#listeners.map(({ name, isReady, detail }) => ({ name, isReady, detail }));
  }

  apply(snapshot: EdgeSnapshot): void {
    this.#snapshot = snapshot;
    this.#secureFront.apply(this.#frontOptions('https'));
    this.#plainFront.apply(this.#plainOptions(this.#serve));
    this.#redirectFront.apply(this.#plainOptions(this.#redirect));
    this.#http2.apply(this.#http2Settings());
  }

  /** Serves a connection that another worker has accepted at its listener of this name. */
  #adopt(
    listener: string,
    socket: Socket,
    client: { readonly address: string; readonly port: number },
  ): void {
    const own = this.#https.find(({ name }) => name === listener);
    if (own) own.adopt(socket, client);
    else socket.destroy();
  }

  /** Takes no new connections. */
  stop(): void {
    for (const listener of this.#listeners) listener.stop();
  }

  /** Takes nothing new at all; what is under way goes on. */
  drain(): void {
    this.stop();
    for (const front of this.#fronts) front.drain();
    this.#http2.drain();
  }

  /** Takes no new connections, and asks every client that is here to make its next one; that is somebody else's. */
  leave(): void {
    this.stop();
    for (const front of this.#fronts) front.leave();
    this.#http2.drain();
  }

  /** Clients that are still connected. */
  get clientCount(): number {
    const plain = this.#fronts.reduce((sum, front) => sum + front.connectionCount, 0);
    return plain + this.#http2.openSessions;
  }

  /** The sockets of its listeners, to be handed over. */
  get handles(): (ListenHandle & { readonly kind: 'https' | 'http' })[] {
    const https = this.#https.flatMap(({ handle }) => (handle ? { kind: 'https' as const, ...handle } : []));
    return [
      ...https,
      ...this.#http.flatMap(({ handle }) => (handle ? { kind: 'http' as const, ...handle } : [])),
    ];
  }

  /** Says goodbye to every client. */
  close(): void {
    for (const front of this.#fronts) front.close();
    this.#http2.close();
  }

  destroy(): void {
    for (const listener of this.#listeners) listener.destroy();
  }

  /** Applies the time limits; called about once a second. */
  sweep(nowMs: number): void {
    for (const front of this.#fronts) front.sweep(nowMs);
    for (const listener of this.#https) listener.refreshDefault();
  }

  get #listeners(): Listener[] {
    return [...this.#https, ...this.#http];
  }

  get #fronts(): Http1Front[] {
    return [this.#secureFront, this.#plainFront, this.#redirectFront];
  }

  #frontOptions(scheme: 'http' | 'https'): Http1FrontOptions {
    return {
      scheme,
      now: () => this.#options.clock.nowMs(),
      newRequestId: () => this.#proxy.newRequestId(),
      requestIdOf: (request) => this.#proxy.requestIdOf(request),
      start: this.#ownFirst(this.marks, this.#serve),
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
    const { wellKnown } = this.#options;
    const find: WellKnownSource['find'] = (path, host) =>
      this.marks.find(path, host) ?? wellKnown?.find(path, host);
    return { ...this.#frontOptions('http'), start: this.#ownFirst({ find }, start) };
  }

  #ownFirst(source: WellKnownSource, start: Http1FrontOptions['start']): Http1FrontOptions['start'] {
    return wellKnownFirst({ source, start, log: this.#accessLog, traffic: this.#traffic });
  }

  #makeHttp2Front(): Http2Front {
    return new Http2Front({
      ...this.#http2Settings(),
      clock: this.#options.clock,
      metrics: this.#options.metrics,
      start: this.#ownFirst(this.marks, this.#serve),
      isMisdirected: (serverName, host) => this.#isMisdirected(serverName, host),
      answerFailure: (what, { begun, refused }, client) => {
        const request = begun ?? refused;
        const requestId = begun?.requestId ?? this.#proxy.newRequestId();
        const { code, detail } = what;
        if (!begun) this.#refused({ code, detail, client, requestId, request });
        return renderFailure(what, requestId, request?.fields.get('accept') ?? '', request?.host ?? '');
      },
      requestIdOf: (request) => this.#proxy.requestIdOf(request),
      ended: (reason, { address }) => this.#limits.met(reason, address),
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
        ? {
            certificates: this.#options.certificates,
            handshakeMs: timeouts.handshakeMs,
            clients: this.#clients,
          }
        : undefined,
      proxies: cidrSet(this.#options.proxyProtocolFrom),
      maxConnections: limits.connections,
      maxPerAddress: limits.connectionsPerAddress,
      passage: this.#passage,
      elsewhere: this.#census?.of(name),
      accept: isTls
        ? (socket, client, protocol) => this.#accept(socket as TLSSocket, client, protocol)
        : (socket, client) => plain.accept(socket, client),
      count: (outcome, address = '') => {
        this.#metrics.connection(outcome);
        this.#limits.met(outcome, address);
      },
    });
  }

  #accept(socket: TLSSocket, client: ClientAddress, protocol: string): void {
    if (protocol === 'h2') this.#http2.accept(socket, client);
    else if (protocol === 'sallyport/1') this.#tunnels.acceptTls(socket);
    else this.#secureFront.accept(socket, client);
  }

  /** A certificate that covers both names makes a shared connection legitimate (RFC 9113 section 9.1.1). */
  #isMisdirected(serverName: string, host: string): boolean {
    if (serverName === '' || serverName === host) return false;
    return (
      !this.#options.certificates.covers(serverName, host) || this.#clients().keepsApart(serverName, host)
    );
  }

  #refused({ code, detail, client, requestId, request }: Refusal): void {
    this.#metrics.requestRefused(code);
    this.#limits.met(code, client.address);
    const { status } = failure(code, detail);
    this.#traffic.answered(status);
    this.#accessLog.addOwn({ id: requestId, client: client.address, status, request, error: code, detail });
    if (code === 'internal')
      this.#options.log.error('Fault while reading a request', { detail, client: client.address });
  }
}
