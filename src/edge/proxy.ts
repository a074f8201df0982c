// The middle of the edge: takes a parsed request from a front, finds its route, tunnel, connection and rule in the
// present snapshot, and starts it on an upstream. Both fronts call `start`; nothing here knows HTTP/1.1 from HTTP/2.
import { type CidrSet, cidrSet } from '#base/net/ip.ts';
import { type Clock, nextMoment } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { EdgeSnapshot, EdgeTimeouts, RouteEntry } from '#model/edge-snapshot.ts';
import { isPublic } from '#http/access/compiled-policy.ts';
import { decodedPath } from '#http/request-target.ts';
import type { Downstream, RequestHead, Upstream } from '#http/exchange.ts';
import type { TunnelStream } from '#tunnel/stream.ts';
import type { AccessGrant } from './access/visitors/access-grant.ts';
import { OpenNeighbour } from './access/guards/open-neighbour.ts';
import { guardedHosts, isOwnPath, withSignInPaths } from './access/sign-in-paths.ts';
import type { AccessLog } from './logs/access-log.ts';
import { ActiveExchanges } from './active-exchanges.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { Member } from './balance/balancer.ts';
import { Balances } from './balance/balances.ts';
import { ClientResolver } from './front-door/client-address.ts';
import { EdgeLines } from './edge-lines.ts';
import type { EdgeMetrics } from './observation/edge-metrics.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeOwner } from './exchange-owner.ts';
import type { ExpectedTunnels } from './tunnels/expected-tunnels.ts';
import { Http1Upstream } from './http1/http1-upstream.ts';
import { Http2Origins } from './http2/http2-origins.ts';
import { loopChain } from './loop-chain.ts';
import { continueHead, LengthFinder, maxGatheredBytes, withLength } from './length-finder.ts';
import type { HandlerHost, HandlerMaker, RouteHandler } from './routes/route-handler.ts';
import type { OriginWatch } from './origins/origin-watch.ts';
import { overdue, stoppedReading } from './overdue.ts';
import { RequestIds } from './logs/request-id-counter.ts';
import { Router } from './routes/router.ts';
import { SocketUpstream, webSocketOnly } from './websocket/socket-upstream.ts';
import { givenRequestId } from './logs/request-id.ts';
import type { Span } from './tracing/span.ts';
import { Tracer } from './tracing/tracer.ts';
import type { LimitLog } from './observation/limit-log.ts';
import type { Traffic } from './observation/traffic.ts';
import type { TunnelRegistry, TunnelSlot, TunnelTarget } from './tunnels/tunnel-registry.ts';

export interface ProxyOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: TunnelRegistry;
  readonly accessLog: AccessLog;
  readonly metrics: EdgeMetrics;
  readonly traffic: Traffic;
  readonly limits: LimitLog;
  /** Told how requests ended. */
  readonly origins: OriginWatch;
  readonly snapshot: EdgeSnapshot;
  /** Makes what a route does beside forwarding; absent: nothing. */
  readonly handlers?: HandlerMaker;
  /** Takes the spans of sampled requests; absent: nobody does. */
  readonly recordSpan?: ((span: Span) => void) | undefined;
  /** Tunnels that requests wait for; absent: none. */
  readonly expected?: ExpectedTunnels;
}

/** Room for the largest request head that edge.yml may allow (64 KiB), with what it gains on the way: at most twice that. */
const scratchBytes = 262_144;

/** How long a request waits for rules that its connector says to have. */
const newRulesMs = 5_000;

const shut: RouteHandler = {
  name: 'shut',
  start: (exchange) => exchange.fail('access-denied', 'this edge was made without access'),
};

export class Proxy implements ExchangeOwner, HandlerHost {
  readonly #options: ProxyOptions;
  readonly #scratch = Buffer.allocUnsafeSlow(scratchBytes);
  readonly #active = new ActiveExchanges<Exchange>();
  readonly #http2 = new Http2Origins();
  /** Names this edge in CDN-Loop (RFC 8586), so that a request that comes back is known. */
  readonly #loopId: string;
  readonly #requestIds: RequestIds;
  readonly #balances: Balances;
  #router: Router;
  #clients: ClientResolver;
  #requestIdsFrom: CidrSet;
  readonly #tracer: Tracer;
  #timeouts: EdgeTimeouts;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#loopId = `sallyport-${options.random.bytes(6).toString('hex')}`;
    this.#requestIds = new RequestIds(options.random);
    this.#balances = new Balances(options);
    this.#router = this.#makeRouter(options.snapshot);
    this.#clients = new ClientResolver(cidrSet(options.snapshot.trustedProxies));
    this.#timeouts = options.snapshot.timeouts;
    this.#requestIdsFrom = cidrSet(options.snapshot.requestIdsFrom ?? []);
    this.#tracer = new Tracer(options, options.snapshot.tracing);
  }

  /** Serves from a new snapshot; requests under way finish as they began. */
  apply(snapshot: EdgeSnapshot): void {
    this.#router = this.#makeRouter(snapshot);
    this.#clients = new ClientResolver(cidrSet(snapshot.trustedProxies));
    this.#timeouts = snapshot.timeouts;
    this.#requestIdsFrom = cidrSet(snapshot.requestIdsFrom ?? []);
    this.#tracer.apply(snapshot.tracing);
  }

  #makeRouter(snapshot: EdgeSnapshot): Router {
    this.#balances.apply(snapshot.routes);
    const guarded = guardedHosts(snapshot.routes);
    return new Router(withSignInPaths(snapshot), (route) => this.#handlerOf(route, guarded));
  }

  /** A protected route whose guard nobody can make is shut. */
  #handlerOf(route: RouteEntry, guarded: ReadonlySet<string>): RouteHandler | undefined {
    const handler = this.#options.handlers?.(route, this);
    if (!isPublic(route.access)) return handler ?? shut;
    const isNeighbour = guarded.has(route.hostname) && !isOwnPath(route);
    return isNeighbour ? new OpenNeighbour(handler, this) : handler;
  }

  /** The services behind routes with several. */
  get balances(): Balances {
    return this.#balances;
  }

  membersOf(route: RouteEntry): MemberLive[] {
    return this.#balances.membersOf(route);
  }

  get router(): Router {
    return this.#router;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  /** A new request id, unique across restarts. */
  newRequestId(): string {
    return this.#requestIds.next();
  }

  /** A request's own id where it may have one, else a new one. */
  requestIdOf(request: RequestHead): string {
    return givenRequestId(request, this.#requestIdsFrom) ?? this.newRequestId();
  }

  now(): number {
    return this.#options.clock.nowMs();
  }

  /** Starts a request; the answer goes to `front`, possibly before this returns. HOT. */
  start(request: RequestHead, front: Downstream): Upstream {
    const exchange = new Exchange(request, front, this);
    this.#active.add(exchange);
    this.#options.metrics.requestStarted();
    const client = this.#clients.resolve(request);
    exchange.clientAddress = client.address;
    const match = this.#router.match(request.host, request.path);
    this.#tracer.begin(exchange, match.kind === 'found' ? match.route : undefined);
    if (match.kind !== 'found') {
      exchange.fail(
        match.kind === 'ambiguous' ? 'bad-request' : match.kind,
        `no route for ${request.host}${request.path}`,
      );
      return exchange;
    }
    exchange.route = match.route;
    const loop = loopChain(request);
    if (loop?.includes(this.#loopId)) {
      exchange.fail('loop', 'CDN-Loop names this edge');
      return exchange;
    }
    const loopValue = loop === undefined ? this.#loopId : `${loop}, ${this.#loopId}`;
    exchange.edgeLines = new EdgeLines(client, request, loopValue);
    if (match.handler === undefined) this.dispatch(exchange, undefined);
    else match.handler.start(exchange);
    return exchange;
  }

  // HandlerHost.
  forward(exchange: Exchange): void {
    this.dispatch(exchange, undefined);
  }

  background(request: RequestHead, like: Exchange, front: Downstream): Exchange {
    const exchange = new Exchange(request, front, this);
    this.#active.add(exchange);
    exchange.isBackground = true;
    exchange.route = like.route;
    exchange.clientAddress = like.clientAddress;
    exchange.edgeLines = like.edgeLines;
    exchange.trace = like.trace?.sibling();
    return exchange;
  }

  // ExchangeOwner.

  dispatch(exchange: Exchange, except: TunnelSlot | undefined): void {
    const route = exchange.route as RouteEntry;
    exchange.attempts += 1;
    if (route.balance !== undefined) return this.#dispatchBalanced(exchange, route, except);
    const slot = this.#options.registry.pick(route.tunnelId, except);
    if (!slot) {
      const { expected } = this.#options;
      if (expected?.keep(exchange, route.tunnelId, () => this.dispatch(exchange, undefined))) return;
      return exchange.fail('no-connector', `tunnel ${route.tunnelId} has no connection`);
    }
    this.#dispatchOn(exchange, slot, undefined);
  }

  #dispatchBalanced(exchange: Exchange, route: RouteEntry, except: TunnelSlot | undefined): void {
    const before = { slot: except, member: except && exchange.target?.member };
    const choice = this.#balances.choose(route, before, exchange.request.fields.get('cookie'));
    if (typeof choice === 'string') {
      return exchange.fail(
        choice,
        choice === 'overloaded' ? 'no service of the route can take it' : 'no connector of any service',
      );
    }
    this.#dispatchOn(exchange, choice.slot, choice.member);
  }

  /** HOT. */
  #dispatchOn(exchange: Exchange, slot: TunnelSlot, member: Member | undefined): void {
    const { request } = exchange;
    const ruleIndex = slot.matcher.match(member?.entry.rule ?? request.host, decodedPath(request.path));
    const rule = slot.rules.rules[ruleIndex];
    if (!rule) return exchange.fail('no-ingress', 'the connector has published no rule that matches');
    const fault = slot.guard.faultOf(exchange, rule, ruleIndex);
    if (fault !== '') return exchange.fail('access-required', fault);
    const target: TunnelTarget = { slot, rule, ruleIndex, rulesVersion: slot.rules.version, member };
    exchange.occupy(target);
    this.#tracer.beginTry(exchange);
    this.#startOn(exchange, target);
    exchange.begun();
  }

  redispatch(exchange: Exchange, slot: TunnelSlot): void {
    const { registry, clock } = this.#options;
    const again = (): void => {
      if (exchange.isFinished) return;
      if (!registry.has(slot)) return this.dispatch(exchange, undefined);
      exchange.attempts += 1;
      this.#dispatchOn(exchange, slot, exchange.target?.member);
    };
    if (slot.rules.version !== exchange.target?.rulesVersion) return again();
    // The word that the match is old has overtaken the rules themselves.
    const timer = clock.after(newRulesMs, () => {
      leave();
      if (!exchange.isFinished)
        exchange.fail('rule-refused', 'the connector has other rules and did not publish them');
    });
    const leave = slot.awaitRules(() => {
      timer.cancel();
      again();
    });
  }

  #startOn(exchange: Exchange, target: TunnelTarget): void {
    switch (target.rule.protocol) {
      case 'http1':
        return this.#startHttp1(exchange, target);
      case 'h2':
        return this.#http2.start(exchange, target, () => this.#open(exchange, target, ''));
      default:
        return this.#startSocket(exchange, target);
    }
  }

  hasOtherReplica({ route, target }: Exchange, slot: TunnelSlot): boolean {
    if (target?.member && this.#balances.hasBeside(route!, target.member)) return true;
    return this.#options.registry.hasReplicaBeside(slot);
  }

  takesRetry({ route }: Exchange): boolean {
    return route?.balance === undefined || this.#balances.takeRetry(route);
  }

  finished(exchange: Exchange): void {
    this.#active.delete(exchange);
    const now = nextMoment(this.#options.clock);
    this.#tracer.finished(exchange, now);
    this.#options.origins.finished(exchange);
    if (exchange.isBackground) return;
    this.#options.metrics.requestFinished(exchange, now);
    this.#options.traffic.finished(exchange, now);
    this.#options.accessLog.add(exchange, now);
  }

  #startHttp1(exchange: Exchange, target: TunnelTarget): void {
    const { request } = exchange;
    if (request.bodyKind === 'chunked' && !target.rule.allowsChunked) this.#findLength(exchange, target);
    else this.#beginHttp1(exchange, target, request);
  }

  /** The origin reads no chunks: its request is begun when the whole body is here. */
  #findLength(exchange: Exchange, target: TunnelTarget): void {
    const { request } = exchange;
    const finder = new LengthFinder({
      exceeded: () =>
        exchange.fail(
          'length-required',
          `the rule disables chunked encoding, and more than ${maxGatheredBytes} bytes of unknown length came`,
        ),
      found: (body) => {
        const upstream = this.#beginHttp1(exchange, target, withLength(request, body.length));
        if (body.length > 0) upstream?.writeBody(body);
        upstream?.endBody(null);
      },
    });
    exchange.attach(finder);
    if (request.expectsContinue) exchange.inform(continueHead);
  }

  #beginHttp1(exchange: Exchange, target: TunnelTarget, request: RequestHead): Http1Upstream | undefined {
    const { slot, rule } = target;
    const poolKey = rule.followsHost ? `${target.ruleIndex} ${request.host}` : target.ruleIndex;
    // A second try gets a stream of its own: where one idle stream was dead, others may be.
    const mayShare = !rule.isPerClient && exchange.attempts === 1;
    let upstream = mayShare ? slot.pool.take(poolKey, exchange.isIdempotent, this.now()) : undefined;
    if (!upstream) {
      const stream = this.#open(exchange, target, '');
      if (!stream) return undefined;
      upstream = new Http1Upstream(
        stream,
        { slot, rule, poolKey },
        { scratch: this.#scratch, now: () => this.now() },
      );
      if (request === exchange.request) exchange.keepBody();
    }
    exchange.attach(upstream);
    const asked = exchange.forOrigin === undefined ? request : exchange.forOrigin(request);
    upstream.begin(asked, { edgeLines: exchange.linesForOrigin, side: exchange });
    return upstream;
  }

  /** TCP, bastion and SOCKS services: bytes in WebSocket messages, as cloudflared's `access` clients send them. */
  #startSocket(exchange: Exchange, target: TunnelTarget): void {
    const { request } = exchange;
    if (request.upgrade !== 'websocket') {
      return exchange.fail('bad-request', `${target.rule.service} takes WebSockets only`, webSocketOnly);
    }
    const destination =
      target.rule.protocol === 'bastion' ? (request.fields.get('cf-access-jump-destination') ?? '') : '';
    const stream = this.#open(exchange, target, destination);
    if (!stream) return;
    const upstream = new SocketUpstream(stream, exchange);
    exchange.attach(upstream);
    upstream.begin(request);
  }

  /** Opens a stream for the exchange; on failure the exchange is answered and undefined returned. */
  #open(exchange: Exchange, target: TunnelTarget, destination: string): TunnelStream | undefined {
    const { request } = exchange;
    const { client } = request;
    try {
      return target.slot.connection.open({
        rulesVersion: target.rulesVersion,
        ruleIndex: target.ruleIndex,
        host: request.host,
        client: { address: exchange.clientAddress, port: client.port },
        local: { address: client.localAddress, port: client.localPort },
        destination,
        requestId: request.requestId,
      });
    } catch (error) {
      exchange.lostBeforeResponse('draining', String(error));
      return undefined;
    }
  }

  /** Applies the time limits; called about once a second. */
  sweep(): void {
    const now = this.now();
    for (const exchange of this.#active.present()) {
      this.#options.traffic.progressed(exchange, now);
      const detail = overdue(exchange, now, this.#timeouts);
      if (detail === undefined) continue;
      if (detail === stoppedReading) this.#options.limits.met('slow-reader', exchange.request.client.address);
      exchange.expire(detail);
    }
    for (const slot of this.#options.registry.slots) slot.pool.sweep(now);
    this.#http2.sweep(now);
  }

  /** Ends what was let pass for visitors who are not good any more: long downloads and WebSockets do not outlive a sign-out. */
  endVisits(isGood: (grant: AccessGrant) => boolean): void {
    for (const exchange of this.#active.present()) {
      const { grant } = exchange;
      if (grant && !isGood(grant)) exchange.expire('the sign-in has ended', 'access-ended');
    }
  }

  /** Gives every request up; for the end of a drain. */
  abortAll(): void {
    for (const exchange of this.#active.present()) exchange.expire('the edge is stopping', 'draining');
  }
}
