// What the control room sees of the running edge, and the few things it may ask of it. The two do not share a thread: the
// control room must never make traffic wait. So a look at the edge is plain data, taken at one moment, and everything else
// is a question with an answer later. roles/ joins the two.
import type { HostnameMove } from '#model/live/hostname-move.ts';
import type { CertificateDetail, CertificatePem } from '#model/certificates/certificate-view.ts';
import type { CachedQuery, CachedResponse, CachePurge, CacheStatus } from '#model/live/cached.ts';
import type { NameView, ZoneView } from '#model/dns/dns-view.ts';
import type { AccessTest, AccessTestResult } from '#model/access/access-test.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import type {
  ConnectorLive,
  Disconnect,
  LiveEvent,
  TrafficCount,
  TrafficSeries,
  TrafficSpan,
} from '#model/live/live.ts';
import type { BanView } from '#model/ban.ts';
import type { Health, HealthCounts, HealthPart } from '#model/live/health.ts';
import type { ProbeAnswer } from '#model/probes/probe-answer.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { ProbeResult } from '#model/probes/probe.ts';
import type { PortLive } from '#model/live/port-live.ts';
import type { DnsEdge } from './dns-edge.ts';
import type { LoggedRequest, RequestFilter } from '#model/live/logged-request.ts';

/** A connector and the tunnel it runs. */
export type TunnelConnector = ConnectorLive & { readonly tunnelId: string };

/** A hostname that a tunnel's published rules have claimed. */
export interface Claim {
  readonly hostname: string;
  readonly tunnelId: string;
}

/** State of a hostname's certificate, in words. */
export interface CertificateState {
  readonly state: 'good' | 'expiring' | 'bad' | 'missing' | 'internal';
  readonly detail: string;
  readonly expiresAtMs: number | null;
}

/** State of a hostname's DNS records, in words. */
export interface DnsState {
  readonly state: NameView['state'];
  readonly detail: string;
  /** What to do; '' when there is nothing to do. */
  readonly cure: string;
}

/** What does not change while an edge runs. */
export interface EdgeFacts {
  /** The edge's own hostname, '' when it has none. */
  readonly name: string;
  readonly version: string;
  /** `host:port` for connectors. */
  readonly edgeAddress: string;
  readonly startedAtMs: number;
  /** Port of public https URLs. */
  readonly httpsPort: number;
  /** Where browsers find the dashboard, such as `https://sallyport.example.com`; '' when it is not served. */
  readonly dashboardUrl: string;
  /** Pin of the internal CA, for tokens; '' without one. */
  readonly caPin: string;
}

/** An end of the control plane that nobody asked for; it was started again. */
export interface ControlEnd {
  readonly atMs: number;
  readonly why: string;
}

/** What the edge's own process has for a support bundle. */
export interface SupportFacts {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly checks: readonly unknown[];
  /** edge.yml without secrets. */
  readonly config: unknown;
  readonly metrics: string;
  readonly log: string;
  /** Every secret that its files hold: none may be in the bundle. */
  readonly secrets: readonly string[];
}

/** The edge at one moment. Plain data that can be sent between threads. */
export interface EdgeLook {
  readonly listeners: readonly {
    readonly name: string;
    readonly isReady: boolean;
    readonly detail: string;
  }[];
  readonly connectors: readonly TunnelConnector[];
  readonly claims: readonly Claim[];
  /** The latest that ended, newest first, of all tunnels. */
  readonly disconnects: readonly Disconnect[];
  /** Services behind routes with several, by `routeName`; absent: none. */
  readonly members?: ReadonlyMap<string, readonly MemberLive[]>;
  /** Absent: none. */
  readonly ports?: readonly PortLive[];
  /** Hostnames that went to another tunnel, newest first; absent: none. */
  readonly moves?: readonly HostnameMove[];
  readonly tunnelTraffic: ReadonlyMap<string, TrafficCount>;
  /** By `routeName`. */
  readonly routeTraffic: ReadonlyMap<string, TrafficCount>;
  /** By hostname or wildcard; what is not there has no certificate. */
  readonly certificates: ReadonlyMap<string, CertificateState>;
  readonly dns: ReadonlyMap<string, DnsState>;
  /** Zones that the edge manages. */
  readonly zones: readonly ZoneView[];
  readonly memory: { readonly residentBytes: number; readonly heapBytes: number };
  /** Parts that are not well (model/live/health.ts); absent: none. */
  readonly parts?: readonly HealthPart[];
  /** Parts by state; absent: nothing is known. */
  readonly health?: HealthCounts;
}

export interface EdgeView extends DnsEdge {
  readonly facts: EdgeFacts;
  look(): Promise<EdgeLook>;
  traffic(span: TrafficSpan): Promise<TrafficSeries>;
  onEvent(listener: (event: LiveEvent) => void): () => void;
  /** Ends connections of a tunnel, or of one of its connectors; answers how many. */
  disconnect(
    target: { readonly tunnelId: string; readonly instanceId: string | undefined },
    how: 'drain' | 'close',
  ): Promise<number>;
  listRequests(
    filter: RequestFilter,
    page: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<{
    readonly items: LoggedRequest[];
    readonly nextCursor: string | undefined;
    readonly held: number;
  }>;
  findRequest(id: string): Promise<LoggedRequest | undefined>;
  onRequest(filter: RequestFilter, listener: (request: LoggedRequest) => void): () => void;
  /** Sends a GET or HEAD through the whole data path; answers with its line once it is done. */
  sendRequest(request: { readonly method: 'GET' | 'HEAD'; readonly url: string }): Promise<LoggedRequest>;
  /** What a public hostname answers to a plain look at it; empty while nothing answers there. */
  probe(url: string): Promise<ProbeAnswer[]>;
  /** Steps of the way that the edge and the rooms beside it know, in their order. */
  explain(request: { readonly url: string; readonly method: 'GET' | 'HEAD' }): Promise<ExplainStep[]>;
  /** What access would decide, without a request. @throws SallyportError 'invalid' or 'not-found' */
  testAccess(test: AccessTest): Promise<AccessTestResult>;
  /** Every certificate, and every served hostname without one. */
  listCertificates(): Promise<CertificateDetail[]>;
  /** Has an order made now, by id. @throws SallyportError 'not-found' or 'invalid' */
  renewCertificate(id: string): Promise<CertificateDetail>;
  /** Keeps a certificate that somebody brings. @throws SallyportError 'certificate-invalid' */
  importCertificate(pem: CertificatePem): Promise<CertificateDetail>;
  /** Takes an imported one away, by id. @throws SallyportError 'not-found' or 'invalid' */
  forgetCertificate(id: string): Promise<CertificateDetail>;
  /** Clients that the guard keeps out, the newest first. */
  listBans(): Promise<readonly BanView[]>;
  /** Lets clients in again; answers which of them were banned. */
  liftBans(clients: readonly string[]): Promise<readonly string[]>;
  /** What was seen of hostnames from outside, last. */
  listProbes(): Promise<ProbeResult[]>;
  /** Looks at a hostname from outside now. @throws SallyportError 'not-found' or 'invalid' */
  probeNow(hostname: string): Promise<ProbeResult[]>;
  /** How every part of the edge is. */
  health(): Promise<Health>;
  supportFacts(): Promise<SupportFacts>;
  cacheStatus(): Promise<CacheStatus>;
  listCached(
    query: CachedQuery,
  ): Promise<{ readonly total: number; readonly items: readonly CachedResponse[] }>;
  /** In force at once; resolves when nothing is left of it. @throws SallyportError 'invalid' for what is no address */
  purgeCache(purge: CachePurge): Promise<void>;
}

/** An edge that has seen nothing yet. */
export const emptyLook: EdgeLook = {
  listeners: [],
  connectors: [],
  claims: [],
  disconnects: [],
  tunnelTraffic: new Map(),
  routeTraffic: new Map(),
  certificates: new Map(),
  dns: new Map(),
  zones: [],
  memory: { residentBytes: 0, heapBytes: 0 },
};
