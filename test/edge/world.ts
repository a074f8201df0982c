// A whole data path in one process on loopback: a real edge with TLS, real connectors, recording origins. Tests speak
// to the edge as raw bytes and see what the origin got, what came back, the access log and the metrics.
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { randomBytes } from 'node:crypto';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import type { Connector } from '#connector/connector.ts';
import { startConnector } from '#connector/connector.ts';
import { fixedCredentials } from '#connector/links/credentials-source.ts';
import type { AccessDesk } from '#edge/access/visitors/access-desk.ts';
import { routeHandlers } from '#edge/routes/route-steps.ts';
import type { EdgeCache } from '#edge/cache/edge-cache.ts';
import type { CertificateSource } from '#edge/front-door/certificate-source.ts';
import { type Edge, startEdge } from '#edge/edge.ts';
import type { Span } from '#edge/tracing/span.ts';
import type { EdgeLimits, EdgeSnapshot, EdgeTimeouts, RouteEntry } from '#model/edge-snapshot.ts';
import { defaultLimits, defaultTimeouts } from '#model/edge-snapshot.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { type TunnelCredentials, createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import { rulesOf } from '../connector/world.ts';
import { eventually } from '../support/eventually.ts';
import { type RawConnection, type RawResponse, openRaw, parseResponses } from '../support/raw-client.ts';

export interface EdgeWorldOptions {
  /** Rules as in config.yml, after `ingress:`; the hostnames get routes. The catch-all is added. */
  readonly ingress: string;
  /** Hostnames with a route to the first tunnel. */
  readonly hosts: readonly string[];
  readonly timeouts?: Partial<EdgeTimeouts>;
  readonly limits?: Partial<EdgeLimits>;
  readonly snapshot?: Partial<EdgeSnapshot>;
  readonly proxyProtocolFrom?: readonly string[];
  /** Connections of each connector. */
  readonly connections?: number;
  readonly cache?: EdgeCache;
  /** Takes the spans of sampled requests. */
  readonly recordSpan?: (span: Span) => void;
  /** Without it protected routes are shut. */
  readonly desk?: AccessDesk;
  /** Patterns that the tunnel may claim. */
  readonly claims?: readonly string[];
}

export interface LogLine {
  readonly [name: string]: string | number;
}

/** What parsing a response left: see raw-client.ts. */
export type { RawResponse };

export class EdgeWorld {
  readonly edge: Edge;
  readonly metrics: MetricsRegistry;
  readonly ca: string;
  readonly credentials: TunnelCredentials;
  readonly connectors: Connector[] = [];
  snapshot: EdgeSnapshot;
  readonly #log: string[];
  readonly #clients: RawConnection[] = [];
  readonly #options: EdgeWorldOptions;

  constructor(
    parts: { edge: Edge; metrics: MetricsRegistry; ca: string; log: string[] },
    own: { credentials: TunnelCredentials; snapshot: EdgeSnapshot; options: EdgeWorldOptions },
  ) {
    this.edge = parts.edge;
    this.metrics = parts.metrics;
    this.ca = parts.ca;
    this.#log = parts.log;
    this.credentials = { ...own.credentials, edgeAddress: `127.0.0.1:${this.port}` };
    this.snapshot = own.snapshot;
    this.#options = own.options;
  }

  get port(): number {
    return this.edge.httpsPorts[0]!;
  }

  /** Redirects. */
  get httpPort(): number {
    return this.edge.httpPorts[0]!;
  }

  /** Plain HTTP that serves like HTTPS. */
  get plainPort(): number {
    return this.edge.httpPorts[1]!;
  }

  /** Puts a changed snapshot in force. */
  apply(change: Partial<EdgeSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change, version: this.snapshot.version + 1 };
    this.edge.apply(this.snapshot);
  }

  /** Starts a connector with the world's rules, or others. */
  async connect(
    ingress = this.#options.ingress,
    credentials: TunnelCredentials = this.credentials,
  ): Promise<Connector> {
    const before = this.edge.tunnelConnections().length;
    const wanted = this.#options.connections ?? 1;
    const connector = await this.startConnector(ingress, credentials);
    await eventually(
      'the connector is connected',
      () =>
        this.edge.tunnelConnections().length >= before + wanted &&
        connector.state().readyConnections >= wanted,
    );
    return connector;
  }

  /** Starts a connector that need not come through. */
  async startConnector(ingress: string, credentials: TunnelCredentials): Promise<Connector> {
    const connector = await startConnector({
      credentials: fixedCredentials(credentials),
      edgeAddress: `127.0.0.1:${this.port}`,
      rules: rulesOf(`${ingress}\n  - service: http_status:404\n`),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: new MetricsRegistry(),
      version: '0.0.0-test',
      arch: 'linux_x64',
      machine: { hostname: 'testbench', os: 'TestOS 1' },
      connections: this.#options.connections ?? 1,
    });
    this.connectors.push(connector);
    return connector;
  }

  /** A TLS connection by HTTP/1.1. */
  async client(serverName = 'a.test'): Promise<RawConnection> {
    const client = await openRaw({ port: this.port, tls: { serverName, ca: this.ca, alpn: ['http/1.1'] } });
    this.#clients.push(client);
    return client;
  }

  /** A connection to the plain HTTP listener that redirects, or to any port. */
  async plainClient(port = this.httpPort): Promise<RawConnection> {
    const client = await openRaw({ port });
    this.#clients.push(client);
    return client;
  }

  /** Sends bytes on a new connection and waits for `count` whole responses. */
  async ask(
    bytes: string,
    { count = 1, serverName = 'a.test' }: { count?: number; serverName?: string } = {},
  ): Promise<RawResponse[]> {
    const client = await this.client(serverName);
    client.send(bytes);
    const responses = await responsesOf(client, count, bytes.startsWith('HEAD'));
    client.close();
    return responses;
  }

  /** Parsed access log lines; whatever is still gathered comes with the next second. */
  logged(): LogLine[] {
    return this.#log
      .join('')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for the log line that `isWanted`. */
  loggedLine(what: string, isWanted: (line: LogLine) => boolean): Promise<LogLine> {
    return eventually(`a log line ${what}`, () => this.logged().find(isWanted), 30_000);
  }

  /** Sum of a metric's samples whose labels contain `labels`. */
  metric(name: string, labels = ''): number {
    let sum = 0;
    for (const line of this.metrics.text().split('\n')) {
      if (line.startsWith('#') || !line.includes(labels)) continue;
      if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.split(' ').at(-1));
    }
    return sum;
  }

  /** Requests that the edge believes to be under way. */
  get active(): number {
    return this.metric('sallyport_edge_requests_active');
  }

  /** Cuts the clients and waits until the edge has forgotten every exchange and every connection but the tunnels'. */
  async settle(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    await eventually('no exchange is left over', () => this.active === 0, 30_000);
    await eventually(
      `only tunnels stay connected: ${JSON.stringify(this.edge.listeners())}`,
      () => this.#connected() === this.edge.tunnelConnections().length,
      30_000,
    );
  }

  #connected(): number {
    let sum = 0;
    for (const { detail } of this.edge.listeners()) sum += Number(/(\d+) connections/.exec(detail)?.[1] ?? 0);
    return sum;
  }

  async close(): Promise<void> {
    try {
      await this.settle();
    } finally {
      // What is left over fails the test; it must not keep the process from ending as well.
      for (const connector of this.connectors) await connector.close();
      await this.edge.close();
    }
  }
}

/** Starts an edge and one connector. */
export async function startEdgeWorld(options: EdgeWorldOptions): Promise<EdgeWorld> {
  const certificates = testCertificates(options.hosts);
  const credentials = createCredentials(systemRandom, '', certificates.pin);
  const metrics = new MetricsRegistry();
  const log: string[] = [];
  const snapshot: EdgeSnapshot = {
    version: 1,
    tunnels: [tunnelOf(credentials, options.claims ?? [])],
    routes: options.hosts.map((hostname): RouteEntry => routeOf(hostname, credentials)),
    trustedProxies: [],
    upgrades: [],
    timeouts: { ...defaultTimeouts, ...options.timeouts },
    limits: { ...defaultLimits, ...options.limits },
    ...options.snapshot,
  };
  const edge = await startEdge({
    name: 'edge.test',
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics,
    accessLog: (lines) => void log.push(lines.toString()),
    snapshot,
    certificates,
    listen: {
      https: [{ host: '127.0.0.1', port: 0 }],
      http: [
        { host: '127.0.0.1', port: 0 },
        { host: '127.0.0.1', port: 0, mode: 'serve' },
      ],
    },
    proxyProtocolFrom: options.proxyProtocolFrom ?? [],
    redirectPort: undefined,
    ...(options.desk ? { desk: options.desk } : {}),
    ...(options.recordSpan && { recordSpan: options.recordSpan }),
    handlers: routeHandlers({
      ...{ clock: systemClock, cache: options.cache },
      ...(options.desk ? { desk: options.desk } : {}),
    }),
  });
  const world = new EdgeWorld(
    { edge, metrics, ca: certificates.ca, log },
    { credentials, snapshot, options },
  );
  // A connector sends no PROXY header.
  if ((options.proxyProtocolFrom ?? []).length > 0) return world;
  try {
    await world.connect();
    return world;
  } catch (error) {
    // Its listeners would keep the test's process alive.
    await world.close();
    throw error;
  }
}

/** An entry that accepts the credentials' key. */
export function tunnelOf(
  credentials: TunnelCredentials,
  hostnames: readonly string[] = [],
): EdgeSnapshot['tunnels'][number] {
  return { id: credentials.tunnelId, name: 'test', publicKeys: [publicKeyOf(credentials)], hostnames };
}

/** A whole hostname to a tunnel. */
export function routeOf(hostname: string, credentials: TunnelCredentials): RouteEntry {
  return { hostname, path: '/', tunnelId: credentials.tunnelId };
}

/** Waits until `count` final responses have come whole. */
export function responsesOf(client: RawConnection, count: number, isHead = false): Promise<RawResponse[]> {
  return eventually(
    `${count} responses; so far: ${JSON.stringify(client.text.slice(0, 600))}`,
    () => {
      const all = wholeResponses(client, isHead).filter(({ status }) => status >= 200);
      return all.length >= count && all;
    },
    30_000,
  );
}

/** Responses that are complete by their own framing; only the last can be incomplete. */
function wholeResponses(client: RawConnection, isHead: boolean): RawResponse[] {
  const all = parseResponses(client.text, isHead);
  const last = all.at(-1);
  return last === undefined || isWhole(last, client, isHead) ? all : all.slice(0, -1);
}

function isWhole({ status, fields, body }: RawResponse, client: RawConnection, isHead: boolean): boolean {
  if (isHead || status < 200 || status === 204 || status === 304) return true;
  const length = fields['content-length'];
  if (length !== undefined) return body.length === Number(length);
  if (fields['transfer-encoding'] === 'chunked') return /\r\n0\r\n(.+\r\n)*\r\n$/.test(client.text);
  return client.end !== 'open';
}

/** One certificate for all hosts and one that only names `alone.test`, both of one CA. */
function testCertificates(hosts: readonly string[]): CertificateSource & { ca: string; pin: string } {
  const ca = createCertificate({ name: 'test CA', isCa: true });
  const common = createCertificate({
    name: 'test',
    names: [...new Set(['a.test', ...hosts]), '*.claimed.test', 'localhost', '127.0.0.1'],
    issuer: ca,
  });
  const alone = createCertificate({ name: 'alone', names: ['alone.test'], issuer: ca });
  const contexts = new Map<string, SecureContext>();
  for (const [name, { cert, key }] of [
    ['common', common],
    ['alone', alone],
  ] as const) {
    contexts.set(name, createSecureContext({ cert: cert + ca.cert, key }));
  }
  return {
    ca: ca.cert,
    pin: pinOfCertificate(ca.der),
    contextFor: (name) => contexts.get(name === 'alone.test' ? 'alone' : 'common'),
    defaultOptions: () => ({ cert: common.cert + ca.cert, key: common.key }),
    covers: (serverName, host) => (serverName === 'alone.test') === (host === 'alone.test'),
    ticketKeys: randomBytes(48),
  };
}
