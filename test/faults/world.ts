// A small world for bad days: a real edge and real connectors in this process, over TLS on loopback, each with its own
// log and metrics, so that a test can ask both sides what they say about a fault. Faults of whole processes are in
// processes.ts.
import { request as httpsRequest } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { parseConnectorConfig, requireValid } from '#config/connector-config.ts';
import { type Connector, startConnector } from '#connector/connector.ts';
import { type CredentialsSource, fixedCredentials } from '#connector/links/credentials-source.ts';
import { type EdgeDialer, edgeDialer } from '#connector/links/edge-dialer.ts';
import { type MetricsServer, startMetricsServer } from '#connector/metrics-server.ts';
import type { CertificateSource } from '#edge/front-door/certificate-source.ts';
import { type Edge, startEdge } from '#edge/edge.ts';
import type { Mates } from '#edge/mates/mates.ts';
import { defaultLimits, defaultTimeouts, type EdgeSnapshot, type RouteEntry } from '#model/edge-snapshot.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { createCredentials, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import { eventually } from '../support/eventually.ts';

/** The one public name of most tests. */
export const appHost = 'app.example.com';

/** An edge with what it said. */
export interface WorldEdge {
  readonly edge: Edge;
  readonly port: number;
  readonly metrics: MetricsRegistry;
  readonly logged: string[];
  readonly accessLog: string[];
  snapshot: EdgeSnapshot;
  /** Applies the present snapshot with these changes. */
  change(change: Partial<EdgeSnapshot>): void;
}

/** A connector with what it said. */
export interface WorldConnector {
  readonly connector: Connector;
  readonly metrics: MetricsRegistry;
  readonly logged: string[];
  /** What `/ready` answers now. */
  ready(): Promise<{ status: number; body: ReadyBody }>;
  close(): Promise<void>;
}

export interface ReadyBody {
  readonly state: string;
  readonly detail?: string;
  readonly readyConnections: number;
}

export interface EdgeChoices {
  readonly port?: number;
  readonly snapshot?: Partial<EdgeSnapshot>;
  readonly accessLog?: (lines: Buffer) => void;
  /** The certificate of the listener, signed by the world's CA for the public names unless told otherwise. */
  readonly leaf?: TestCertificate;
  /** Who is sent along as its issuer. */
  readonly issuer?: TestCertificate;
  /** The other workers, where it is one of several. */
  readonly mates?: Mates;
}

export interface ConnectorChoices {
  /** Where it dials; the edge itself by default. */
  readonly edgeAddress?: string;
  /** Ingress rules after `ingress:`; everything to the origin by default. */
  readonly ingress: string;
  readonly connections?: number;
  readonly source?: CredentialsSource;
  /** Gives an edge that does not answer up after this time instead of the usual 10 s. */
  readonly dialTimeoutMs?: number;
}

/** What the parts of one world share: a CA, a tunnel, and a list of what must be closed. */
export class World {
  readonly ca: TestCertificate = createCertificate({ name: 'test CA', isCa: true });
  readonly leaf: TestCertificate = createCertificate({
    name: 'edge',
    names: [appHost, `other.${appHost}`, 'localhost', '127.0.0.1'],
    issuer: this.ca,
  });
  readonly credentials: TunnelCredentials = createCredentials(
    systemRandom,
    '127.0.0.1:1',
    pinOfCertificate(this.ca.der),
  );
  readonly #closers: (() => Promise<unknown> | void)[] = [];

  /** Closed at the end, the last first. */
  closeAtEnd(close: () => Promise<unknown> | void): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  snapshot(change: Partial<EdgeSnapshot> = {}): EdgeSnapshot {
    const routes: RouteEntry[] = [
      { hostname: appHost, path: '/', tunnelId: this.credentials.tunnelId },
      { hostname: `other.${appHost}`, path: '/', tunnelId: this.credentials.tunnelId },
    ];
    return {
      version: 1,
      tunnels: [
        {
          id: this.credentials.tunnelId,
          name: 'home',
          publicKeys: [publicKeyOf(this.credentials)],
          hostnames: [],
        },
      ],
      routes,
      trustedProxies: [],
      upgrades: [],
      timeouts: defaultTimeouts,
      limits: defaultLimits,
      ...change,
    };
  }

  async startEdge(choices: EdgeChoices = {}): Promise<WorldEdge> {
    const metrics = new MetricsRegistry();
    const logged: string[] = [];
    const accessLog: string[] = [];
    const { leaf = this.leaf, issuer = this.ca } = choices;
    const first = this.snapshot(choices.snapshot);
    const edge = await startEdge({
      name: 'localhost',
      clock: systemClock,
      random: systemRandom,
      log: listLog(logged),
      metrics,
      accessLog:
        choices.accessLog ?? ((lines) => void accessLog.push(...lines.toString().trimEnd().split('\n'))),
      snapshot: first,
      certificates: fixedCertificate({ cert: leaf.cert + issuer.cert, key: leaf.key }),
      listen: { https: [{ host: '127.0.0.1', port: choices.port ?? 0 }], http: [] },
      proxyProtocolFrom: [],
      redirectPort: undefined,
      mates: choices.mates,
    });
    this.closeAtEnd(() => edge.close());
    const side: WorldEdge = {
      edge,
      port: edge.httpsPorts[0]!,
      metrics,
      logged,
      accessLog,
      snapshot: first,
      change(change) {
        side.snapshot = { ...side.snapshot, ...change, version: side.snapshot.version + 1 };
        edge.apply(side.snapshot);
      },
    };
    return side;
  }

  async startConnector(edge: { readonly port: number }, choices: ConnectorChoices): Promise<WorldConnector> {
    const metrics = new MetricsRegistry();
    const logged: string[] = [];
    const connector = await startConnector({
      credentials: choices.source ?? fixedCredentials(this.credentials),
      edgeAddress: choices.edgeAddress ?? `127.0.0.1:${edge.port}`,
      rules: rulesOf(choices.ingress),
      clock: systemClock,
      random: systemRandom,
      log: listLog(logged),
      metrics,
      version: '0.0.0-test',
      arch: 'linux_x64',
      connections: choices.connections ?? 2,
      dial:
        choices.dialTimeoutMs === undefined ? undefined : this.#impatient(edge.port, choices.dialTimeoutMs),
    });
    let server: MetricsServer | undefined;
    const close = async (): Promise<void> => {
      await connector.close();
      await server?.close();
    };
    this.closeAtEnd(close);
    return {
      connector,
      metrics,
      logged,
      close,
      async ready() {
        server ??= await startMetricsServer({
          listen: '127.0.0.1:0',
          metrics,
          state: () => connector.state(),
          rules: () => connector.rules,
        });
        const response = await fetch(`http://${server.address}/ready`);
        return { status: response.status, body: (await response.json()) as ReadyBody };
      },
    };
  }

  #impatient(port: number, timeoutMs: number): EdgeDialer {
    const { caPin } = this.credentials;
    const options = { host: '127.0.0.1', port, caPin, timeoutMs, wallMs: () => systemClock.wallMs() };
    return edgeDialer('auto', () => options);
  }

  /** Waits until the edge may route to `count` connections. */
  async connected(edge: WorldEdge, count: number, timeoutMs = 60_000): Promise<void> {
    await eventually(
      `${count} tunnel connections`,
      () => edge.edge.tunnelConnections().length === count,
      timeoutMs,
    );
  }

  /** One request over a connection of its own, whole. */
  ask(edge: { readonly port: number }, path: string, options: AskOptions = {}): Promise<Answer> {
    return ask(edge.port, this.ca.cert, path, options);
  }
}

export interface AskOptions {
  readonly method?: string;
  readonly host?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Answer {
  /** 0 when no response came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The edge's own word for what failed, '' when it did not answer itself. */
  readonly failure: string;
  /** A connection that broke: its code. A body that was cut counts, too. */
  readonly fault: string;
}

/** Asks an edge on loopback for a path of `appHost`; never rejects. */
export function ask(port: number, ca: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', host = appHost, body, headers, timeoutMs = 15_000 } = options;
  return new Promise((resolve) => {
    const outgoing = httpsRequest(
      {
        port,
        host: '127.0.0.1',
        servername: host,
        path,
        method,
        ca,
        agent: false,
        headers: { host, ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        const finish = (fault: string): void =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('latin1'),
            failure: String(response.headers['x-sallyport-error'] ?? ''),
            fault,
          });
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
        response.on('end', () => finish(''));
      },
    );
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new Error('timeout')));
    outgoing.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, headers: {}, body: '', failure: '', fault: error.code ?? error.message }),
    );
    outgoing.end(body);
  });
}

/** The value of a metric line, 0 when there is none: `metricOf(registry, 'name{label="x"}')`. */
export function metricOf(metrics: MetricsRegistry, line: string): number {
  const found = metrics
    .text()
    .split('\n')
    .find((text) => text.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1) ?? 0);
}

/** The rules of a config.yml fragment that begins after `ingress:`. */
export function rulesOf(ingress: string): readonly IngressRule[] {
  return requireValid(parseConnectorConfig(`ingress:\n${ingress}`, 'yaml', 'test')).rules;
}

/** A log that keeps its lines as `LEVEL message {fields}`. */
export function listLog(lines: string[]): Log {
  const add =
    (level: string) =>
    (message: string, fields: object = {}): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log: Log = {
    debug: add('DBG'),
    info: add('INF'),
    warn: add('WRN'),
    error: add('ERR'),
    child: () => log,
  };
  return log;
}

/** The same certificate for every name. */
function fixedCertificate(options: SecureContextOptions): CertificateSource {
  const context = createSecureContext(options);
  return {
    contextFor: () => context,
    defaultOptions: () => options,
    covers: () => true,
    ticketKeys: systemRandom.bytes(48),
  };
}
