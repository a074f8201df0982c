// What the control room sees of the running edge, and the few things it may ask of it. roles/ joins it to the edge; the
// control room itself never learns what a socket is.
import type { ExplainStep } from '#model/explain.ts';
import type {
  ConnectorLive,
  Disconnect,
  LiveEvent,
  TrafficCount,
  TrafficSeries,
  TrafficSpan,
} from '#model/live.ts';
import type { LoggedRequest, RequestFilter } from '#model/logged-request.ts';

/** A connector and the tunnel it runs. */
export type TunnelConnector = ConnectorLive & { readonly tunnelId: string };

/** A hostname that a tunnel's published rules have claimed. */
export interface Claim {
  readonly hostname: string;
  readonly tunnelId: string;
}

export interface EdgeView {
  /** The edge's own hostname, '' when it has none. */
  readonly name: string;
  readonly version: string;
  /** `host:port` for connectors. */
  readonly edgeAddress: string;
  readonly startedAtMs: number;
  /** Port of public https URLs. */
  readonly httpsPort: number;
  listeners(): readonly { readonly name: string; readonly isReady: boolean; readonly detail: string }[];
  connectors(): readonly TunnelConnector[];
  claims(): readonly Claim[];
  /** The latest that ended, newest first. */
  disconnects(tunnelId: string): readonly Disconnect[];
  tunnelTraffic(tunnelId: string): TrafficCount;
  hostTraffic(hostname: string): TrafficCount;
  traffic(span: TrafficSpan): TrafficSeries;
  onEvent(listener: (event: LiveEvent) => void): () => void;
  /** Ends connections of a tunnel, or of one of its connectors; returns how many. */
  disconnect(
    target: { readonly tunnelId: string; readonly instanceId: string | undefined },
    how: 'drain' | 'close',
  ): number;
  readonly requests: {
    list(
      filter: RequestFilter,
      page: { readonly limit: number; readonly cursor: string | undefined },
    ): { readonly items: LoggedRequest[]; readonly nextCursor: string | undefined; readonly held: number };
    find(id: string): LoggedRequest | undefined;
    subscribe(filter: RequestFilter, onRequest: (request: LoggedRequest) => void): () => void;
    /** Sends a GET or HEAD through the whole data path, and returns its line once it is done. */
    send(
      request: { readonly method: 'GET' | 'HEAD'; readonly url: string },
      signal: AbortSignal,
    ): Promise<LoggedRequest>;
  };
  /** Steps of the way that the edge and the rooms beside it know, in their order. */
  explain(url: URL, method: 'GET' | 'HEAD', signal: AbortSignal): Promise<ExplainStep[]>;
  /** What the edge knows of a hostname's certificate and records, for the list of what is exposed. */
  certificateOf(hostname: string): {
    readonly state: 'good' | 'expiring' | 'bad' | 'missing' | 'internal';
    readonly detail: string;
    readonly expiresAtMs: number | null;
  };
  dnsOf(hostname: string): {
    readonly state: 'good' | 'pending' | 'conflict' | 'failed' | 'unmanaged';
    readonly detail: string;
  };
}
