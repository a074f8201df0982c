// Edges and connectors as processes of their own, started the way a person does, for faults that only a process can
// have: SIGKILL, SIGTERM, a port taken, a disk full. One folder holds their files; closing ends and deletes all.
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '#base/random.ts';
import { type CertificateOptions, createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { createCredentials, formatToken, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import { sallyportCommand } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { type LoadLoop, type LoadOptions, startLoad } from '../support/load-loop.ts';
import { freePort, type RunningProcess, startProcess } from '../support/process.ts';
import { type Answer, appHost, ask, type AskOptions, type ReadyBody } from './world.ts';

/** An edge process. */
export interface EdgeProcess {
  readonly running: RunningProcess;
  /** `http://127.0.0.1:PORT` of its metrics server. */
  readonly metricsUrl: string;
  metric(line: string): Promise<number>;
}

/** A connector process. */
export interface ConnectorProcess {
  readonly running: RunningProcess;
  /** `127.0.0.1:PORT` of its metrics server. */
  readonly address: string;
  metric(line: string): Promise<number>;
  ready(): Promise<{ status: number; body: ReadyBody }>;
}

/** Programs that start beside others on a busy machine of two cores share it with them. */
export const startDeadlineMs = 90_000;

/** What is odd about a certificate. */
type LeafChange = Pick<CertificateOptions, 'notBefore' | 'notAfter'>;

export class ProcessWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-faults-'));
  readonly ca: TestCertificate = createCertificate({ name: 'test CA', isCa: true });
  readonly port: number;
  readonly credentials: TunnelCredentials;
  readonly #running: RunningProcess[] = [];
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(port: number) {
    this.port = port;
    this.credentials = createCredentials(systemRandom, `127.0.0.1:${port}`, pinOfCertificate(this.ca.der));
    this.writeCertificate();
    this.writeFile('token', formatToken(this.credentials));
  }

  static async create(): Promise<ProcessWorld> {
    return new ProcessWorld(await freePort());
  }

  closeAtEnd(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.#running.map((running) => running.kill()));
    for (const close of this.#closers.splice(0).reverse()) await close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Puts a file in place at once, as a careful editor does. */
  writeFile(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  }

  /** A certificate of the world's CA for the names of the tests, unless told otherwise. */
  leaf(change: LeafChange = {}): TestCertificate {
    return createCertificate({
      name: 'edge',
      names: [appHost, 'localhost', '127.0.0.1'],
      issuer: this.ca,
      ...change,
    });
  }

  /** Puts a new certificate and key where edge.yml says. */
  writeCertificate(change: LeafChange = {}): void {
    const leaf = this.leaf(change);
    this.writeFile('edge-key.pem', leaf.key);
    this.writeFile('edge.pem', leaf.cert + this.ca.cert);
  }

  /** edge.yml as an object, JSON being YAML. */
  edgeConfig(change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const { tunnelId } = this.credentials;
    const publicKeys = [Buffer.from(publicKeyOf(this.credentials)).toString('base64')];
    return {
      listen: { https: `127.0.0.1:${this.port}`, http: [], metrics: '127.0.0.1:0' },
      dataDir: this.path('data'),
      certificates: [{ cert: 'edge.pem', key: 'edge-key.pem' }],
      tunnels: [{ name: 'home', id: tunnelId, publicKeys }],
      routes: [{ hostname: appHost, tunnel: 'home' }],
      accessLog: 'off',
      ...change,
    };
  }

  writeEdgeConfig(change: Readonly<Record<string, unknown>> = {}): string {
    return this.writeFile('edge.yml', JSON.stringify(this.edgeConfig(change), null, 2));
  }

  /** Runs any command line of ours; the caller looks at how it ends. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess {
    return this.#keep(startProcess(sallyportCommand, args, { env: { HOME: this.folder, ...env } }));
  }

  /** The same with a shell's redirections: `2>/dev/full`, `> >(head -n 1)`. The process is the command's own. */
  runInShell(args: readonly string[], redirections: string): RunningProcess {
    const command = `exec "$0" "$@" ${redirections}`;
    return this.#keep(
      startProcess('bash', ['-c', command, sallyportCommand, ...args], { env: { HOME: this.folder } }),
    );
  }

  /** Starts an edge by edge.yml and waits until it is ready. */
  async startEdge(redirections = ''): Promise<EdgeProcess> {
    const args = ['edge', 'run', '--config', this.path('edge.yml')];
    const running = redirections === '' ? this.run(args) : this.runInShell(args, redirections);
    const metricsUrl = await said(running, /Metrics server is up url="?(http:[^\s"]+)/);
    await said(running, /The edge is (ready)/);
    return { running, metricsUrl, metric: (line) => metricAt(metricsUrl, line) };
  }

  /** Starts a connector with the token file; `rules` is config.yml, rewritten when given. */
  async startConnector(options: {
    readonly config: string;
    readonly args?: readonly string[];
  }): Promise<ConnectorProcess> {
    const flags = ['--metrics', '127.0.0.1:0', '--config', options.config];
    const file = this.path('token');
    const running = this.run(['tunnel', ...flags, 'run', '--token-file', file, ...(options.args ?? [])]);
    const address = await said(running, /Starting metrics server on ([^\s/]+)\/metrics/);
    return {
      running,
      address,
      metric: (line) => metricAt(`http://${address}`, line),
      async ready() {
        const response = await fetch(`http://${address}/ready`);
        return { status: response.status, body: (await response.json()) as ReadyBody };
      },
    };
  }

  /** Waits until a connector says that `count` of its connections are up. */
  async connected(connector: ConnectorProcess, count = 4, timeoutMs = startDeadlineMs): Promise<void> {
    await eventually(
      `${count} connections\n${connector.running.stderr()}`,
      async () => (await connector.ready()).body.readyConnections === count,
      timeoutMs,
    );
  }

  /** Load that ends with the world at the latest, so that a failed test does not go on for ever. */
  startLoad(path: string, clients: number, options: Partial<LoadOptions> = {}): LoadLoop {
    const url = `https://${appHost}:${this.port}${path}`;
    const load = startLoad({ url, ca: this.ca.cert, clients, timeoutMs: 5_000, ...options });
    this.closeAtEnd(() => load.stop());
    return load;
  }

  ask(path: string, options: AskOptions = {}): Promise<Answer> {
    return ask(this.port, this.ca.cert, path, options);
  }

  #keep(running: RunningProcess): RunningProcess {
    this.#running.push(running);
    return running;
  }
}

/** Waits until a process has logged something, and returns the first group of the pattern. */
export async function said(
  running: RunningProcess,
  pattern: RegExp,
  timeoutMs = startDeadlineMs,
): Promise<string> {
  return eventually(
    `the process says ${String(pattern)}`,
    () => {
      const found = pattern.exec(running.stderr());
      if (found) return found[1] ?? found[0];
      if (running.exitCode() !== null)
        throw new Error(`it exited ${running.exitCode()}: ${running.stderr()}`);
      return false;
    },
    timeoutMs,
  );
}

async function metricAt(url: string, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = text.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1) ?? 0);
}
