// Everything the edge needs to know to serve: immutable, replaced as a whole. Today it comes from edge.yml, later
// from the control room; the edge never asks where from.
import type { AccessPolicy } from './access/access-policy.ts';
import type { BalanceEntry } from './routes/balance-policy.ts';
import { defaultCachePolicy, type CachePolicy } from './routes/cache-policy.ts';
import { defaultCompressionPolicy, type CompressionPolicy } from './routes/compression-policy.ts';
import type { ForwardAuth } from './access/forward-auth.ts';
import type { RedirectRule } from './routes/redirect-rule.ts';
import type { Shaping } from './shaping/shaping.ts';

/** A tunnel the edge accepts. Two keys may be valid at once, for rotation without a gap. */
export interface TunnelEntry {
  /** UUID, lower-case. */
  readonly id: string;
  readonly name: string;
  /** Raw Ed25519 public keys, 32 bytes each. */
  readonly publicKeys: readonly Uint8Array[];
  /** Patterns (`blog.example.com`, `*.example.com`) that the tunnel's published rules may claim as routes. */
  readonly hostnames: readonly string[];
  /** Ingress rules that the edge keeps and pushes (a remotely managed tunnel): YAML in the form of config.yml. */
  readonly config?: { readonly version: number; readonly text: string } | undefined;
  /** Who may pass the routes that it claims; undefined: everybody. */
  readonly access?: AccessPolicy | undefined;
}

/** A public hostname (and path prefix) that leads to a tunnel. */
export interface RouteEntry {
  /** Canonical hostname or `*.suffix`. */
  readonly hostname: string;
  /** Segment-aware path prefix, '/' for all. */
  readonly path: string;
  readonly tunnelId: string;
  /** Who may pass; undefined: everybody. */
  readonly access?: AccessPolicy | undefined;
  /** Several services, checks and limits; undefined: whatever serves the tunnel. */
  readonly balance?: BalanceEntry | undefined;
  /** Undefined: nothing of this route is cached. */
  readonly cache?: CachePolicy | undefined;
  /** Undefined: nothing of this route is compressed on its way. */
  readonly compression?: CompressionPolicy | undefined;
  /** Answered by the edge itself, before anything else. */
  readonly redirects?: readonly RedirectRule[] | undefined;
  /** Value of Strict-Transport-Security on answers over https; undefined: none of ours. */
  readonly hsts?: string | undefined;
  /** The steps that shape requests and responses, as their owner wrote them; undefined: none. */
  readonly shaping?: Shaping | undefined;
  /** Asked by other proxies about sites of theirs; such a route ends in the edge. */
  readonly forwardAuth?: ForwardAuth | undefined;
}

/** A port whose bytes go to a tunnel unopened. */
export interface PortEntry {
  /** As people call it (`portName`); unique. */
  readonly name: string;
  readonly protocol: 'tcp' | 'udp' | 'tls';
  /** 0, for tls: the https listeners. */
  readonly port: number;
  /** '' for every address. */
  readonly address: string;
  /** Which ingress rule serves it; for tls the server name or `*.suffix`. */
  readonly hostname: string;
  readonly tunnelId: string;
  readonly proxyProtocol: 'off' | 'v1' | 'v2';
  /** CIDRs that may connect; empty: everybody. */
  readonly from: readonly string[];
  /** 0: never. */
  readonly idleMs: number;
  readonly maxConnections: number;
  readonly maxPerAddress: number;
}

/** What a route does on the way that nobody has written down: one that a tunnel claims. */
export type RouteDefaults = Pick<RouteEntry, 'cache' | 'compression' | 'hsts'>;

/** What a route does that has no word about it: whatever headers allow to be kept, and text compressed. */
export const defaultRouteSteps: RouteDefaults = {
  cache: defaultCachePolicy,
  compression: defaultCompressionPolicy,
};

/** Time limits of the data path, in milliseconds; 0 switches one off where that is allowed. */
export interface EdgeTimeouts {
  /** From the first byte (or the handshake) to the end of a request head. */
  readonly headMs: number;
  /** No byte of a request or response body in either direction. */
  readonly bodyIdleMs: number;
  /** Between requests on a kept-alive client connection. */
  readonly keepAliveMs: number;
  /** From request sent to the first byte of the response; 0 = off. */
  readonly firstByteMs: number;
  /** A connection after an upgrade with no byte either way; 0 = off. */
  readonly upgradeIdleMs: number;
  /** A TLS handshake. */
  readonly handshakeMs: number;
}

export interface EdgeLimits {
  readonly headBytes: number;
  readonly headFields: number;
  readonly targetBytes: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly requestsPerConnection: number;
  readonly http2Streams: number;
}

/** How requests take part in distributed tracing (W3C Trace Context). */
export interface EdgeTracing {
  /** Share of requests that are recorded, 0 to 1. */
  readonly ratio: number;
  /** CIDRs of clients whose own word on recording counts. */
  readonly trustFrom: readonly string[];
}

export interface EdgeSnapshot {
  readonly version: number;
  readonly tunnels: readonly TunnelEntry[];
  readonly routes: readonly RouteEntry[];
  /** Sites of other proxies, who ask here; absent: none. */
  readonly forwardAuth?: ForwardAuth | undefined;
  readonly claimedRoutes?: RouteDefaults;
  /** Absent: none. */
  readonly ports?: readonly PortEntry[] | undefined;
  /** CIDRs of proxies in front of the edge whose X-Forwarded-* is believed. */
  readonly trustedProxies: readonly string[];
  /** CIDRs of clients whose X-Request-Id is kept; absent: nobody's. */
  readonly requestIdsFrom?: readonly string[] | undefined;
  /** Absent: only routes that say so themselves take part. */
  readonly tracing?: EdgeTracing | undefined;
  /** Lower-case Upgrade tokens that pass, `websocket` always does, `h2c` never. */
  readonly upgrades: readonly string[];
  readonly timeouts: EdgeTimeouts;
  readonly limits: EdgeLimits;
}

export const defaultTimeouts: EdgeTimeouts = {
  headMs: 10_000,
  bodyIdleMs: 60_000,
  keepAliveMs: 75_000,
  firstByteMs: 0,
  upgradeIdleMs: 0,
  handshakeMs: 10_000,
};

export const defaultLimits: EdgeLimits = {
  headBytes: 16_384,
  headFields: 128,
  targetBytes: 8_192,
  connections: 20_000,
  connectionsPerAddress: 20_000,
  requestsPerConnection: 0,
  http2Streams: 100,
};
