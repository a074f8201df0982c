// What an edge is started with and what it can be asked; edge.ts is the one that there is.
import type { HostnameMove } from '#model/live/hostname-move.ts';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { OutsideLook } from '#base/net/outside-look.ts';
import type { ProbeRequest } from '#tunnel/exchanges/probe-exchange.ts';
import type { MarkVerdict } from '#base/net/probe-mark.ts';
import type { Random } from '#base/random.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';
import type { AccessTest, AccessTestResult } from '#model/access/access-test.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { PortLive } from '#model/live/port-live.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { AccessDesk } from './access/visitors/access-desk.ts';
import type { AccessGrant } from './access/visitors/access-grant.ts';
import type { CertificateSource } from './front-door/certificate-source.ts';
import type { DisconnectHow, DisconnectTarget } from './tunnels/disconnect.ts';
import type { InnerAnswer, InnerRequest } from './own-requests/inner-request.ts';
import type { Expectation } from './tunnels/expected-tunnels.ts';
import type { ListenAddress, ListenHandle } from './front-door/listener.ts';
import type { LiveListener } from './observation/live-events.ts';
import type { LiveView } from './observation/live-view.ts';
import type { LocalService } from './tunnels/local-connection.ts';
import type { Mates } from './mates/mates.ts';
import type { FindPortHandle, PortHandle } from './ports/port-handles.ts';
import type { HandlerMaker } from './routes/route-handler.ts';
import type { RequestLog } from './logs/request-log.ts';
import type { Span } from './tracing/span.ts';
import type { WellKnownSource } from './front-door/well-known.ts';

export interface EdgeOptions {
  /** The edge's own hostname, '' if it has none. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /**
   * Receives whole JSON lines, in memory that is used again after the call; throws when it cannot keep them, or calls
   * `onLost` when that shows later.
   */
  readonly accessLog: (lines: Buffer, onLost: () => void) => void;
  readonly snapshot: EdgeSnapshot;
  readonly certificates: CertificateSource;
  readonly listen: { readonly https: readonly ListenAddress[]; readonly http: readonly ListenAddress[] };
  /** CIDRs of peers that send a PROXY header. */
  readonly proxyProtocolFrom: readonly string[];
  /** Public HTTPS port for redirects; undefined: the port of the first HTTPS listener. */
  readonly redirectPort: number | undefined;
  /** What the edge answers itself on its plain listeners; nothing by default. */
  readonly wellKnown?: WellKnownSource;
  /**
   * Told of the routes in force, declared and claimed, whenever they have changed, and of how to tell whether a tunnel has
   * published its rules since the start: before that, what it claims is not known.
   */
  readonly routesChanged?: (routes: readonly RouteEntry[], hasHeardOf: (tunnelId: string) => boolean) => void;
  /** Makes what routes do beside forwarding (route-steps.ts); absent: nothing. */
  readonly handlers?: HandlerMaker;
  /** Who may pass protected routes, for questions about it; absent: there are none. */
  readonly desk?: AccessDesk;
  /** How many clients the guard of routes keeps out, for `explain`. */
  readonly banCount?: () => number;
  /** Takes the spans of sampled requests; absent: nobody does. */
  readonly recordSpan?: (span: Span) => void;
  /** The other processes of this edge; absent: it is the only one. */
  readonly mates?: Mates | undefined;
  /** What the edge before this one has handed over, beside the sockets in `listen`. */
  readonly inherited?: Inheritance;
  /** Sockets of ports that it has handed over. */
  readonly inheritedPorts?: FindPortHandle | undefined;
}

/** What an edge knows of its tunnels when it hands its listeners to a successor; plain data. */
export interface Inheritance {
  /** Tunnels that were online, whose connectors have been asked to come. */
  readonly expected: Expectation;
  /** Hostnames by tunnel id. */
  readonly claims: readonly (readonly [string, readonly string[]])[];
}

export interface ListenerState {
  readonly name: string;
  readonly isReady: boolean;
  readonly detail: string;
}

export interface Edge {
  readonly httpsPorts: number[];
  readonly httpPorts: number[];
  /** Serves from a new snapshot; tunnels and keys that are gone lose their connections at once. */
  apply(snapshot: EdgeSnapshot): void;
  /** Ends what was let pass for visitors who are not good any more. */
  endVisits(isGood: (grant: AccessGrant) => boolean): void;
  listeners(): ListenerState[];
  /** Connections of connectors; what is served in this process is not among them. */
  tunnelConnections(): EdgeConnection[];
  /** The services behind routes with several, by `routeName`. */
  members(): Map<string, MemberLive[]>;
  /** Services that connectors publish, and how the edge has found them. */
  origins(): OriginLive[];
  /** Whether an answer to a probe of a hostname is this edge's, or one's that shares its store. */
  judgeMark(hostname: string, nonce: string, text: string): MarkVerdict;
  /** Has a connector of a tunnel look at a hostname. @throws SallyportError where none can */
  probeFrom(tunnel: string, request: ProbeRequest, signal: AbortSignal): Promise<OutsideLook>;
  /** Ports as they are now. */
  ports(): PortLive[];
  /** Hostnames that went from one tunnel to another, newest first. */
  moves(): readonly HostnameMove[];
  /** Connectors, traffic and routes as they are now. */
  live(): LiveView;
  /** Calls `listener` with what happens, until the returned function is called. */
  onEvent(listener: LiveListener): () => void;
  /** Recent lines of the access log. */
  readonly requests: RequestLog;
  /** A request of the edge's own through the whole data path. @throws SallyportError 'invalid' */
  sendRequest(request: InnerRequest, signal: AbortSignal): Promise<InnerAnswer>;
  /** Follows a URL through route, access, connector and rule to the origin's answer; or a port, by its name, to its service. */
  explain(request: InnerRequest, signal: AbortSignal): Promise<ExplainStep[]>;
  /** The route that takes requests for a canonical host and path. */
  routeOf(host: string, path: string): RouteEntry | undefined;
  /** What access would decide, without a request. @throws SallyportError 'invalid' or 'not-found' */
  testAccess(test: AccessTest): AccessTestResult;
  /** Ends connections of a tunnel, or of one of its connectors; returns how many. */
  disconnect(target: DisconnectTarget, how: DisconnectHow): number;
  /**
   * Answers requests for a reserved tunnel (model/local-tunnel.ts) inside this process until it is closed or drained.
   * @throws SallyportError 'invalid' for a tunnel that is not reserved
   */
  serveLocally(service: LocalService): EdgeConnection;
  /** The listening sockets, for a successor to take over. */
  listenHandles(): ((ListenHandle & { readonly kind: 'https' | 'http' }) | PortHandle)[];
  /** Resolves when the tunnels of the edge before this one have come, or are waited for no longer, or at the signal. */
  arrived(signal: AbortSignal): Promise<void>;
  /** What the successor should know; tunnels may take `withinMs` to arrive there. */
  inheritance(withinMs: number): Inheritance;
  /**
   * A successor has the listeners: connectors are asked to move there, clients leave with their next answer. Resolves when
   * all have gone, after `graceMs`, or when the signal fires. What is left is for `close`.
   */
  leave(graceMs: number, signal: AbortSignal): Promise<void>;
  /** Takes nothing new, lets what is under way finish for at most `graceMs`. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}
