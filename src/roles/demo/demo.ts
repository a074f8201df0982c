// The demo: an edge, a connector and a sample site in one process on this machine, with certificates of its own and
// nothing else needed. Everything listens on loopback; the data folder holds the CA, the access log and nothing secret
// that outlives the run but the CA's key.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { createLog, type Log, type LogLevel } from '#base/log.ts';
import { makeFolder } from '#base/secrets/private-file.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { architecture, version } from '#base/version.ts';
import { parseConnectorConfig, requireValid } from '#config/connector-config.ts';
import { parseEdgeConfig } from '#config/edge-config.ts';
import { fixedCredentials } from '#connector/links/credentials-source.ts';
import { type Connector, startConnector } from '#connector/connector.ts';
import { startMetricsServer } from '#connector/metrics-server.ts';
import { createCredentials, formatToken, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { openAccessLog } from '../access-log-file.ts';
import type { EdgeInstance } from '../edge-instance.ts';
import { startEdgeNode } from '../edge-node.ts';
import { socketNames } from '../control/control-contract.ts';
import { choosePort, loopbackHosts } from './free-port.ts';
import { startSampleSite } from './sample-site.ts';
import { thisMachine } from '../this-machine.ts';
import { waitForAnswer } from './wait-for-answer.ts';

/** A service of the user's own, beside the sample site. */
export interface DemoService {
  readonly hostname: string;
  /** As in an ingress rule: `http://localhost:3000`. */
  readonly service: string;
}

export interface DemoOptions {
  /** undefined: 8443 or else any free port; 0: any free port. */
  readonly httpsPort: number | undefined;
  /** undefined: 8080 or else any free port; 0: any free port. */
  readonly httpPort: number | undefined;
  readonly dataDir: string;
  readonly services: readonly DemoService[];
  /** Answer on the http port too, instead of redirecting. */
  readonly servesHttp: boolean;
  readonly logLevel: LogLevel;
  readonly writeLog: (line: string) => void;
  /** Receives the lines of the access log, without those of our own knocking. */
  readonly onAccess: (lines: string) => void;
  /** Ends a start that still waits. */
  readonly stop: AbortSignal;
}

/** What a running demo tells the world; printed by `--output json` as it is. */
export interface DemoReady {
  readonly ready: true;
  /** `https://localhost:PORT` */
  readonly https: string;
  /** `http://localhost:PORT` */
  readonly http: string;
  /** Hostname to URL, the sample site first. */
  readonly hostnames: Readonly<Record<string, string>>;
  /** PEM of the CA to trust. */
  readonly caFile: string;
  readonly metrics: { readonly edge: string; readonly connector: string };
  readonly tunnelToken: string;
  /** `host:port` for connectors. */
  readonly edgeAddress: string;
  /** The dashboard, and a one-time link into it as long as nobody has a way in of his own. */
  readonly dashboard: { readonly url: string; readonly signInLink: string | null };
  /** For `sallyport ... --socket`. */
  readonly adminSocket: string;
}

/** A demo that has answered its first request. */
export interface RunningDemo {
  readonly ready: DemoReady;
  stop(): Promise<void>;
}

const blogHostname = 'blog.localhost';
const dashboardHostname = 'sallyport.localhost';
/** The first user, until he is called otherwise. */
const ownerName = 'owner';
const preferredHttpsPort = 8443;
const preferredHttpPort = 8080;
/** Requests under way may take this long when the demo stops. */
const stopGraceMs = 2_000;
const readyWithinMs = 20_000;

/** Starts everything and waits until a request has gone through all of it. @throws SallyportError */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const stack: (() => Promise<unknown> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of stack.splice(0).reverse()) await close();
  };
  try {
    return { ready: await start(options, stack), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(options: DemoOptions, stack: (() => Promise<unknown> | void)[]): Promise<DemoReady> {
  const log = createLog({ level: options.logLevel, format: 'console', write: options.writeLog });
  makeFolder(options.dataDir);
  const site = await startSampleSite();
  stack.push(() => site.close());
  const services = [{ hostname: blogHostname, service: site.url }, ...options.services];
  const rules = demoRules(services);
  const accessLog = openAccessLog(join(options.dataDir, 'access.log'), log);
  stack.push(() => accessLog.close());

  const hosts = loopbackHosts();
  const httpsPort = await choosePort(options.httpsPort, preferredHttpsPort, hosts, '--https-port');
  const httpPort = await choosePort(options.httpPort, preferredHttpPort, hosts, '--http-port');
  const edgeAddress = `localhost:${httpsPort}`;
  const draft = createCredentials(systemRandom, edgeAddress, '');
  const hostnames = [...new Set(services.map(({ hostname }) => hostname))];
  const shown = new OwnRequests(options.onAccess);
  const node = await startEdgeNode({
    config: demoEdgeConfig({ hosts, httpsPort, httpPort, hostnames, tunnel: draft, options }),
    accessLog(lines, onLost) {
      accessLog.write(lines, onLost);
      shown.pass(lines.toString());
    },
    clock: systemClock,
    random: systemRandom,
    log: log.child({ role: 'edge' }),
  });
  stack.push(() => node.stop(stopGraceMs));
  const { instance } = node;

  const credentials = { ...draft, caPin: instance.internalCa!.pin };
  const connectorMetrics = await startDemoConnector(
    { credentials, rules, log: log.child({ role: 'connector' }) },
    stack,
  );
  const { caFile } = instance.internalCa!;
  const answered = await waitForAnswer({
    url: `https://${blogHostname}:${httpsPort}/`,
    ca: readFileSync(caFile, 'utf8'),
    withinMs: readyWithinMs,
    isConnected: () => instance.edge.tunnelConnections().some(({ rules }) => rules !== undefined),
    stop: options.stop,
  });
  shown.hide(answered);
  return {
    ready: true,
    https: `https://localhost:${httpsPort}`,
    http: `http://localhost:${httpPort}`,
    hostnames: Object.fromEntries(hostnames.map((name) => [name, `https://${name}:${httpsPort}`])),
    caFile,
    metrics: { edge: metricsPage(instance), connector: `http://${connectorMetrics}/metrics` },
    tunnelToken: formatToken(credentials),
    edgeAddress,
    dashboard: { url: node.dashboardUrl, signInLink: (await node.firstOwnerLink(ownerName)) ?? null },
    adminSocket: join(options.dataDir, socketNames.admin),
  };
}

/** Keeps back the access log lines of our own knocking: all that came before the demo was ready, and as many as are due. */
class OwnRequests {
  readonly #show: (lines: string) => void;
  #seen = 0;
  #ours = Number.POSITIVE_INFINITY;

  constructor(show: (lines: string) => void) {
    this.#show = show;
  }

  /** Says how many requests were ours; nobody else knew where to ask before. */
  hide(ours: number): void {
    this.#ours = ours;
  }

  pass(text: string): void {
    const lines = text.split('\n').filter((line) => line !== '' && !isOwnPage(line));
    const others = lines.slice(Math.max(0, this.#ours - this.#seen));
    this.#seen += lines.length;
    if (others.length > 0) this.#show(`${others.join('\n')}\n`);
  }
}

/** The dashboard asks a lot, and nobody asked to see that. */
function isOwnPage(line: string): boolean {
  return line.includes(`"host":"${dashboardHostname}"`);
}

function metricsPage(instance: EdgeInstance): string {
  return `${instance.metricsUrl}/metrics`;
}

/** The rules as a config.yml would have them, so that a service is judged by the same sentences. */
function demoRules(services: readonly DemoService[]) {
  const ingress = [...services, { service: 'http_status:404' }];
  return requireValid(
    parseConnectorConfig(JSON.stringify({ ingress }), 'json', 'given by --hostname and --service'),
  ).rules;
}

interface DemoEdge {
  readonly hosts: readonly string[];
  readonly httpsPort: number;
  readonly httpPort: number;
  readonly hostnames: readonly string[];
  readonly tunnel: TunnelCredentials;
  readonly options: DemoOptions;
}

function demoEdgeConfig(demo: DemoEdge) {
  const listeners = (port: number): string[] =>
    demo.hosts.map((host) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`));
  const publicKeys = [Buffer.from(publicKeyOf(demo.tunnel)).toString('base64')];
  const config = {
    hostname: 'localhost',
    listen: {
      https: listeners(demo.httpsPort),
      http: listeners(demo.httpPort),
      metrics: '127.0.0.1:0',
      serveHttp: demo.options.servesHttp,
    },
    publicPort: demo.httpsPort,
    dataDir: demo.options.dataDir,
    internalCa: true,
    dashboard: { hostname: dashboardHostname },
    tunnels: [{ name: 'demo', id: demo.tunnel.tunnelId, publicKeys }],
    routes: demo.hostnames.map((hostname) => ({ hostname, tunnel: 'demo' })),
  };
  return parseEdgeConfig(JSON.stringify(config), "of the demo's edge");
}

interface DemoConnector {
  readonly credentials: TunnelCredentials;
  readonly rules: ReturnType<typeof demoRules>;
  readonly log: Log;
}

/** Starts the connector and its metrics server; returns the server's address. */
async function startDemoConnector(
  { credentials, rules, log }: DemoConnector,
  stack: (() => Promise<unknown> | void)[],
): Promise<string> {
  const metrics = new MetricsRegistry();
  const connector: Connector = await startConnector({
    credentials: fixedCredentials(credentials),
    edgeAddress: '',
    rules,
    clock: systemClock,
    random: systemRandom,
    log,
    metrics,
    version,
    arch: architecture,
    machine: thisMachine(),
  });
  stack.push(() => connector.close());
  const server = await startMetricsServer({
    listen: '127.0.0.1:0',
    metrics,
    state: () => connector.state(),
    rules: () => connector.rules,
  });
  stack.push(() => server.close());
  return server.address;
}
