// Everything of a chaos run in its place: the released bundle as an edge and connectors, an origin in each home, clients
// with their load, each a process on a host of its own (network.ts). A case hurts it and asks what it says.
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '#base/random.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { readPid } from '#roles/succession/edge-succession.ts';
import { createCredentials, formatToken, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import { bundle, engineOptions, mallocSettings } from '../../bundle.ts';
import { eventually, within } from '../support/eventually.ts';
import { repositoryRoot, type RunningProcess, startProcess } from '../support/process.ts';
import type { LoadSettings } from './load-main.ts';
import { edgeAddress, edgeName, type Home, Network } from './network.ts';
import type { LoadReport } from './tally.ts';

/** Names that the clients ask for. */
export const appName = 'app.chaos.test';
const grpcName = 'grpc.chaos.test';
const tcpName = 'tcp.chaos.test';

/** Programs that start beside others on a busy machine share it with them. */
export const startLimitMs = 90_000;

const edgePort = 443;
const tcpPort = 7000;
const originPorts = { http: 8080, grpc: 8081, tcp: 8082 };
const metricsPort = 9464;

/** A process of the run, on one of its hosts. */
export interface Part {
  readonly name: string;
  readonly host: string;
  readonly running: RunningProcess;
  readonly pid: number;
  /** Port of its metrics server on its own loopback; 0 without one. */
  readonly metricsPort: number;
}

/** What a process holds. */
export interface Footprint {
  readonly memoryMiB: number;
  readonly handles: number;
}

/** How a process of the run is started, where that is not as usual. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another release. */
  readonly program?: string;
  readonly tokenFile?: string;
  readonly keepsInput?: boolean;
  /** A command that runs what follows it, outside of the host. */
  readonly through?: readonly string[];
  /** The same on the host. */
  readonly within?: readonly string[];
}

export interface LabOptions {
  readonly seed: number;
  readonly homes?: number;
  /** More of edge.yml. */
  readonly edgeConfig?: Readonly<Record<string, unknown>>;
}

export class Lab {
  readonly network: Network;
  readonly seed: number;
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-'));
  edge!: Part;
  readonly connectors: Part[] = [];
  readonly origins: Part[] = [];
  readonly #options: LabOptions;
  readonly #ca = createCertificate({ name: 'chaos CA', isCa: true });
  readonly credentials = this.newCredentials();
  readonly #parts: RunningProcess[] = [];
  readonly #successors: number[] = [];
  #program = '';

  private constructor(network: Network, options: LabOptions) {
    this.network = network;
    this.seed = options.seed;
    this.#options = options;
  }

  /** Makes the hosts, the bundle and the files, starts an edge, and in each home an origin and a connector. */
  static async create(options: LabOptions): Promise<Lab> {
    const homes = options.homes ?? 1;
    const lab = new Lab(await Network.create({ seed: options.seed, homes }), options);
    try {
      lab.#program = await bundle(join(lab.folder, 'release'));
      lab.#writeFiles();
      lab.edge = await lab.startEdge();
      for (const home of lab.network.homes) {
        lab.origins.push(await lab.startOrigin(home));
        lab.connectors.push(await lab.startConnector(home));
      }
      for (const connector of lab.connectors) await lab.connected(connector);
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get home(): Home {
    return this.network.homes[0]!;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Puts a file in place at once. */
  writeFile(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  }

  /** Credentials for the same edge. */
  newCredentials(): TunnelCredentials {
    return createCredentials(systemRandom, `${edgeName}:${edgePort}`, pinOfCertificate(this.#ca.der));
  }

  /** The tunnel as edge.yml has it, with the keys that may connect. */
  tunnel(...keys: readonly TunnelCredentials[]): object {
    const publicKeys = keys.map((one) => Buffer.from(publicKeyOf(one)).toString('base64'));
    return { name: 'home', id: this.credentials.tunnelId, publicKeys };
  }

  /** The edge's certificate, good for a month unless said otherwise. */
  writeCertificate(notAfter?: Date): void {
    const names = [appName, grpcName, edgeName];
    const leaf = createCertificate({ name: 'edge', names, issuer: this.#ca, ...(notAfter && { notAfter }) });
    this.writeFile('edge-key.pem', leaf.key);
    this.writeFile('edge.pem', leaf.cert + this.#ca.cert);
  }

  writeEdgeConfig(change: Readonly<Record<string, unknown>> = {}): void {
    const config = {
      listen: { https: `0.0.0.0:${edgePort}`, http: [], metrics: `127.0.0.1:${metricsPort}` },
      dataDir: this.path('data'),
      certificates: [{ cert: 'edge.pem', key: 'edge-key.pem' }],
      tunnels: [this.tunnel(this.credentials)],
      routes: [appName, grpcName].map((hostname) => ({ hostname, tunnel: 'home' })),
      ports: [{ protocol: 'tcp', port: tcpPort, hostname: tcpName, tunnel: 'home' }],
      accessLog: 'off',
      ...this.#options.edgeConfig,
      ...change,
    };
    this.writeFile('edge.yml', JSON.stringify(config, null, 2));
  }

  /** A process that is to become the edge, from its first moment. */
  launchEdge(how: StartOptions = {}): RunningProcess {
    const args = ['edge', 'run', '--config', this.path('edge.yml')];
    return this.#start(this.network.edge, this.#sallyport(args, how.program), how);
  }

  async startEdge(how: StartOptions = {}): Promise<Part> {
    const running = this.launchEdge(how);
    await said(running, /The edge is (ready)/);
    this.edge = { name: 'edge', host: this.network.edge, running, pid: running.pid, metricsPort };
    return this.edge;
  }

  /** Has the edge replaced by a successor, which writes to the same log. */
  async upgradeEdge(): Promise<Part> {
    const { running } = this.edge;
    const before = readPid(this.path('data'));
    process.kill(before!, 'SIGUSR2');
    const pid = await eventually(
      `a successor serves; ${running.stderr().split('\n').slice(-8).join('\n')}`,
      () => {
        const found = readPid(this.path('data'));
        return found !== before && found;
      },
      startLimitMs,
    );
    return this.adopt(pid);
  }

  /** A process that serves in place of the edge by now. */
  adopt(pid: number): Part {
    this.edge = { ...this.edge, pid };
    this.#successors.push(pid);
    return this.edge;
  }

  /** A connector in a home; several in one are replicas with metrics servers of their own. */
  async startConnector(home: Home, replica = 0, how: StartOptions = {}): Promise<Part> {
    const connector = this.launchConnector(home, replica, how);
    await said(connector.running, /Starting metrics server/);
    return connector;
  }

  /** A connector from its first moment. */
  launchConnector({ host, number }: Home, replica = 0, how: StartOptions = {}): Part {
    const port = metricsPort + replica;
    const flags = ['--metrics', `127.0.0.1:${port}`, '--config', this.path('config.yml')];
    const run = ['run', '--token-file', how.tokenFile ?? this.path('token')];
    const running = this.#start(host, this.#sallyport(['tunnel', ...flags, ...run], how.program), how);
    return { name: `connector ${number}.${replica}`, host, running, pid: running.pid, metricsPort: port };
  }

  async startOrigin({ host, number }: Home): Promise<Part> {
    const script = join(repositoryRoot, 'test/chaos/origin-main.ts');
    const ports = Object.entries(originPorts).flatMap(([name, port]) => [`--${name}`, String(port)]);
    const args = [script, '--seed', String(this.seed), ...ports];
    const running = this.#start(host, [process.execPath, ...args]);
    await eventually('the origin is up', () => running.stdout().includes('"http"'), startLimitMs);
    return { name: `origin ${number}`, host, running, pid: running.pid, metricsPort: 0 };
  }

  /** Starts the clients; `pace` 2 asks half as often. */
  startLoad(choices: Partial<Pick<LoadSettings, 'pace' | 'kinds' | 'timeoutMs'>> = {}): Load {
    return new Load(this.startOnClients('load-main.ts', choices));
  }

  #clientSettings(): LoadSettings {
    return {
      ...{ hostname: appName, grpcHostname: grpcName, address: edgeAddress, port: edgePort, tcpPort },
      ...{ seed: this.seed, caFile: this.path('ca.pem'), pace: 1, timeoutMs: 10_000 },
    };
  }

  /** Resolves when a connector has `count` connections to the edge. */
  async connected(connector: Part, count = 4, limitMs = startLimitMs): Promise<void> {
    await eventually(
      `${connector.name} has ${count} connections`,
      async () => (await this.readyConnections(connector)) === count,
      limitMs,
    );
  }

  async readyConnections(connector: Part): Promise<number> {
    const text = await this.get(connector, '/ready');
    return (JSON.parse(text) as { readyConnections: number }).readyConnections;
  }

  /** A command to the edge on its own machine; returns what it wrote. @throws with what it said */
  async command(...args: string[]): Promise<string> {
    const socket = ['--socket', this.path('data/admin.sock')];
    return await this.network.run(this.network.edge, ...this.#sallyport([...args, ...socket]));
  }

  /** What a metrics server answers. */
  get(part: Part, path: string): Promise<string> {
    const url = `http://127.0.0.1:${part.metricsPort}${path}`;
    return this.network.run(part.host, 'curl', '-s', '--max-time', '10', url);
  }

  /** The sum of a metric's lines that begin with `name`. */
  async metric(part: Part, name: string): Promise<number> {
    let sum = 0;
    for (const line of (await this.get(part, '/metrics')).split('\n'))
      if (line.startsWith(`${name} `) || line.startsWith(`${name}{`)) sum += Number(line.split(' ').at(-1));
    return sum;
  }

  async close(): Promise<void> {
    for (const pid of this.#successors) kill(pid);
    await Promise.all(this.#parts.map((running) => running.kill()));
    await this.network.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #writeFiles(): void {
    this.writeFile('ca.pem', this.#ca.cert);
    this.writeCertificate();
    this.writeFile('token', formatToken(this.credentials));
    this.writeEdgeConfig();
    const grpcRule = `  - hostname: ${grpcName}\n    service: h2c://127.0.0.1:${originPorts.grpc}\n`;
    const tcpRule = `  - hostname: ${tcpName}\n    service: tcp://127.0.0.1:${originPorts.tcp}\n`;
    const rest = `  - service: http://127.0.0.1:${originPorts.http}\n`;
    this.writeFile('config.yml', `ingress:\n${grpcRule}${tcpRule}${rest}`);
  }

  #sallyport(args: readonly string[], program = this.#program): readonly string[] {
    return [process.execPath, ...engineOptions, program, ...args];
  }

  /** A script of this folder on the clients' host, with its standard input open. */
  startOnClients(script: string, settings: object): RunningProcess {
    const path = join(repositoryRoot, 'test/chaos', script);
    const args = [process.execPath, path, JSON.stringify({ ...this.#clientSettings(), ...settings })];
    return this.#start(this.network.clients, args, { keepsInput: true });
  }

  #start(host: string, program: readonly string[], how: StartOptions = {}): RunningProcess {
    const [inside, rest] = this.network.command(host, [...(how.within ?? []), ...program]);
    const [command, ...args] = [...(how.through ?? []), inside, ...rest];
    // The tests' own watch over this process is nothing for its children.
    const env = { HOME: this.folder, ...mallocSettings, NODE_OPTIONS: '', ...how.env };
    const running = startProcess(command!, args, { env, keepsInput: how.keepsInput === true });
    this.#parts.push(running);
    return running;
  }
}

/** The clients' process. */
export class Load {
  readonly #running: RunningProcess;
  /** Reports that nobody has taken yet. A long run has more of them than the process's output is kept. */
  readonly #reports: string[] = [];
  #begun = '';

  constructor(running: RunningProcess) {
    this.#running = running;
    running.child.stdout!.on('data', (text: string) => {
      const lines = (this.#begun + text).split('\n');
      this.#begun = lines.pop()!;
      this.#reports.push(...lines);
    });
  }

  /** So far. */
  async report(): Promise<LoadReport> {
    this.#running.child.stdin!.write('\n');
    return await this.#next();
  }

  /** Lets what is under way end, and returns everything. */
  async stop(): Promise<LoadReport> {
    this.#running.child.stdin!.end();
    const report = await this.#next();
    await within('the clients end', startLimitMs, this.#running.ended);
    return report;
  }

  async #next(): Promise<LoadReport> {
    const line = await eventually(
      `the clients report ${this.#running.stderr()}`,
      () => this.#reports.shift(),
      startLimitMs,
    );
    return JSON.parse(line) as LoadReport;
  }
}

/** SIGKILL, if it is still there. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** How often a process has logged something. */
export function timesSaid({ running }: Pick<Part, 'running'>, text: string): number {
  return running.stderr().split(text).length - 1;
}

/** What a process holds now. */
export function footprintOf({ pid }: Part): Footprint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return {
    memoryMiB: Math.round(kib / 1024),
    handles: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Waits until a process has written something to its log. */
export async function said(
  running: RunningProcess,
  pattern: RegExp,
  limitMs = startLimitMs,
): Promise<string> {
  let ended = '';
  const found = await eventually(
    `a process says ${String(pattern)}`,
    () => {
      const match = pattern.exec(running.stderr());
      if (match) return match[0];
      if (running.exitCode() === null) return false;
      return (ended = `it ended with ${running.exitCode()}: ${running.stderr()}`);
    },
    limitMs,
  );
  if (ended !== '') throw new Error(ended);
  return found;
}
