// An edge with its control plane as a process of its own, by an edge.yml as a person writes one, whose data folder the test
// may look into and damage. Commands go over its socket file, as they do from a shell on the same machine.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as requestHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiClient, createApiClient } from '#api/client.ts';
import { sendToEdge } from '#roles/commands/send-to-edge.ts';
import { sallyportCommand, startSallyport } from './demo.ts';
import { eventually } from './eventually.ts';
import { type LoadLoop, startLoad } from './load-loop.ts';
import { loopbackLookup } from './loopback-lookup.ts';
import { freePort, type RunningProcess, startProcess } from './process.ts';

export interface OwnEdgeOptions {
  /** Keys of edge.yml beside those that every test needs. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Where the API and the dashboard stand; `sallyport.localhost`, unless a program must resolve it. */
  readonly dashboard?: string;
}

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Until an edge says that it is ready; a busy machine takes a while to start two of them. */
const readyWithinMs = 60_000;
const answerWithinMs = 30_000;

export class OwnEdge {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-own-edge-'));
  readonly dataDir = join(this.folder, 'data');
  readonly configFile = join(this.folder, 'edge.yml');
  readonly socket = join(this.dataDir, 'admin.sock');
  /** Everything there is, by a command on the edge's own machine. */
  readonly api: ApiClient = createApiClient((path, init) =>
    sendToEdge({ kind: 'socket', file: this.socket }, path, init),
  );
  readonly port: number;
  readonly url: string;
  running!: RunningProcess;
  readonly #connectors: RunningProcess[] = [];
  readonly #loads: LoadLoop[] = [];

  private constructor(port: number, dashboard: string) {
    this.port = port;
    this.url = `https://${dashboard}:${port}`;
  }

  /** Writes edge.yml and nothing else. */
  static async create(options: OwnEdgeOptions = {}): Promise<OwnEdge> {
    const dashboard = options.dashboard ?? 'sallyport.localhost';
    const edge = new OwnEdge(await freePort(), dashboard);
    const config = {
      // Connectors look it up, and not every resolver knows names below localhost.
      hostname: dashboard === 'localhost' ? 'edge.localhost' : 'localhost',
      dataDir: edge.dataDir,
      internalCa: true,
      publicPort: edge.port,
      listen: { https: `127.0.0.1:${edge.port}`, http: [], metrics: '127.0.0.1:0' },
      dashboard: { hostname: dashboard },
      accessLog: 'off',
      // Hostnames of tests lead nowhere; those that look from outside say so.
      probe: 'off',
      ...options.config,
    };
    writeFileSync(edge.configFile, JSON.stringify(config));
    return edge;
  }

  /** Writes edge.yml and starts the edge. */
  static async start(options: OwnEdgeOptions = {}): Promise<OwnEdge> {
    const edge = await OwnEdge.create(options);
    try {
      await edge.start();
    } catch (error) {
      await edge.close();
      throw error;
    }
    return edge;
  }

  /** Starts the process, anew after it has ended, and waits until it says that it is ready. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.running = startSallyport(['edge', 'run', '--config', this.configFile], env);
    await this.says(/The edge is ready/);
  }

  /** Waits until the running process has logged something. */
  async says(pattern: RegExp): Promise<void> {
    const { running } = this;
    await eventually(
      `the edge says ${String(pattern)}`,
      () => pattern.test(running.stderr()) || running.exitCode() !== null,
      readyWithinMs,
    );
    if (!pattern.test(running.stderr())) throw new Error(`the edge ended: ${running.stderr()}`);
  }

  get caFile(): string {
    return join(this.dataDir, 'ca.pem');
  }

  get ca(): string {
    return readFileSync(this.caFile, 'utf8');
  }

  /** Runs a `sallyport` command over the socket file. */
  command(...args: string[]): Promise<Outcome> {
    return this.commandAlone(...args, '--socket', this.socket);
  }

  /** Runs a `sallyport` command that speaks to no edge. */
  async commandAlone(...args: string[]): Promise<Outcome> {
    const env = { HOME: this.folder, XDG_CONFIG_HOME: join(this.folder, 'config') };
    const running = startProcess(sallyportCommand, args, { env });
    const code = await running.ended;
    return { code, out: running.stdout(), err: running.stderr() };
  }

  /** Makes a tunnel with these routes to `service`, starts its connector, and waits until the first hostname answers. */
  async serve(tunnel: string, hostnames: readonly string[], service: string): Promise<void> {
    const { token } = await this.api.createTunnel({ body: { name: tunnel } });
    const env = { HOME: this.folder, TUNNEL_TOKEN: token! };
    this.#connectors.push(startSallyport(['tunnel', 'run', '--metrics', '127.0.0.1:0'], env));
    for (const hostname of hostnames) await this.api.createRoute({ body: { hostname, tunnel, service } });
    await eventually(
      `${hostnames[0]} answers`,
      async () => (await this.statusOf(hostnames[0]!)) === 200,
      readyWithinMs,
    );
  }

  /** The status that a browser gets for a page. */
  async statusOf(hostname: string): Promise<number> {
    return (await this.get(hostname, '/')).status;
  }

  /** GET from a public hostname. */
  get(hostname: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
    const options = { ca: this.ca, lookup: loopbackLookup, agent: false as const, timeout: answerWithinMs };
    requestHttps(`https://${hostname}:${this.port}${path}`, options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', reject).on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    })
      .on('timeout', () => reject(new Error(`no answer of ${hostname} within ${answerWithinMs} ms`)))
      .on('error', reject)
      .end();
    return promise;
  }

  /** Visitors of a hostname, until they are stopped. */
  visit(hostname: string, clients = 4): LoadLoop {
    const url = `https://${hostname}:${this.port}/`;
    const load = startLoad({ url, ca: this.ca, clients, pauseMs: 5 });
    this.#loads.push(load);
    return load;
  }

  /** Ends the processes and deletes their files. */
  async close(): Promise<void> {
    // One that a failed test has left would hold its file up for ever.
    await Promise.all(this.#loads.map((load) => load.stop()));
    await Promise.all(this.#connectors.map((connector) => connector.stop()));
    await this.running?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
