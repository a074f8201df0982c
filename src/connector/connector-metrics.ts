// The connector's numbers: cloudflared's names where a dashboard may know them (shared facts, tunnels.md 2g), ours
// beside them. A connector carries bytes, not requests: what cloudflared counts as requests are streams here.
import type { Counter, Family, Gauge, Histogram, MetricsRegistry } from '#base/metrics/metrics.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';

/** Milliseconds; cloudflared's buckets. */
const connectBuckets = [1, 10, 25, 50, 100, 500, 1000, 5000];

export interface ConnectorMetrics {
  readonly streams: Counter;
  readonly openStreams: Gauge;
  readonly mostOpenStreams: Gauge;
  readonly streamErrors: Counter;
  readonly tcpActive: Gauge;
  readonly tcpTotal: Counter;
  readonly connectLatency: Histogram;
  readonly connectErrors: Counter;
  readonly readyConnections: Gauge;
  readonly locations: Family<Gauge>;
  readonly registered: Counter;
  readonly registerFailed: Family<Counter>;
  readonly configVersion: Gauge;
  readonly configPushes: Counter;
  readonly configErrors: Counter;
  /** 1 while the last config file read was broken. */
  readonly configBroken: Gauge;
  readonly disconnects: Family<Counter>;
  readonly originErrors: Family<Counter>;
  readonly state: Family<Gauge>;
  readonly clockSkew: Gauge;
}

/** Registers all of them. */
export function createConnectorMetrics(registry: MetricsRegistry, version: string): ConnectorMetrics {
  const counter = (name: string, help: string): Counter => registry.counter(name, help).with({});
  const gauge = (name: string, help: string): Gauge => registry.gauge(name, help).with({});
  registry
    .gauge('build_info', 'Build and version information.')
    .with({ version, program: 'sallyport' })
    .set(1);
  return {
    streams: counter(
      'cloudflared_tunnel_total_requests',
      'Streams the edge opened; each serves one or more requests.',
    ),
    openStreams: gauge('cloudflared_tunnel_concurrent_requests_per_tunnel', 'Streams open now.'),
    mostOpenStreams: gauge(
      'cloudflared_tunnel_max_concurrent_requests_per_tunnel',
      'Most streams open at once.',
    ),
    streamErrors: counter('cloudflared_tunnel_request_errors', 'Streams that ended because of the origin.'),
    tcpActive: gauge('cloudflared_tcp_active_sessions', 'Connections to origins open now.'),
    tcpTotal: counter('cloudflared_tcp_total_sessions', 'Connections to origins made.'),
    connectLatency: registry
      .histogram(
        'cloudflared_proxy_connect_latency',
        'Milliseconds until an origin was reached.',
        connectBuckets,
      )
      .with({}),
    connectErrors: counter('cloudflared_proxy_connect_streams_errors', 'Origins that could not be reached.'),
    readyConnections: gauge('cloudflared_tunnel_ha_connections', 'Connections to the edge that are up.'),
    locations: registry.gauge(
      'cloudflared_tunnel_server_locations',
      'Edge at the other end of each connection.',
    ),
    registered: registry
      .counter('cloudflared_tunnel_tunnel_register_success', 'Connections the edge has accepted.')
      .with({ rpcName: 'registerConnection' }),
    registerFailed: registry.counter(
      'cloudflared_tunnel_tunnel_register_fail',
      'Connections that failed, by reason.',
    ),
    configVersion: gauge(
      'cloudflared_orchestration_config_version',
      'Version of the ingress rules in force.',
    ),
    configPushes: counter(
      'cloudflared_config_local_config_pushes',
      'Times the configuration file was read again.',
    ),
    configErrors: counter('cloudflared_config_local_config_pushes_errors', 'Times that it was broken.'),
    configBroken: gauge(
      'sallyport_connector_config_broken',
      '1 while the configuration file is broken and the last good one serves.',
    ),
    disconnects: registry.counter(
      'sallyport_connector_disconnects_total',
      'Ended connections to the edge, by reason.',
    ),
    originErrors: registry.counter(
      'sallyport_connector_origin_errors_total',
      'Streams that failed at the origin, by reason.',
    ),
    state: registry.gauge('sallyport_connector_state', '1 for the state the connector is in.'),
    clockSkew: gauge(
      'sallyport_connector_clock_skew_seconds',
      "Edge's clock minus this machine's, at the last handshake.",
    ),
  };
}

/** Shows for each hostname how many of the rules in force are for it; '*' is the catch-all. */
export function collectHostnames(registry: MetricsRegistry, rules: () => readonly IngressRule[]): void {
  registry.collect(
    'cloudflared_tunnel_user_hostnames_counts',
    'Ingress rules in force for each hostname.',
    'gauge',
    () => {
      const counts = new Map<string, number>();
      for (const { hostname } of rules()) {
        const userHostname = hostname === '' ? '*' : hostname;
        counts.set(userHostname, (counts.get(userHostname) ?? 0) + 1);
      }
      return [...counts].map(([userHostname, count]) => [{ userHostname }, count]);
    },
  );
}
