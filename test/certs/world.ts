// An edge as its owner runs it, a process with an edge.yml, beside an authority that validates at its ports. Tests look at
// the certificates that a visitor is shown.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { systemRandom } from '#base/random.ts';
import { createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../support/pebble.ts';
import { freePort, type RunningProcess } from '../support/process.ts';

export interface AcmeWorldOptions {
  readonly pebble?: Omit<PebbleOptions, 'httpPort' | 'tlsPort'>;
  /** Keys of `acme` beside the authority. */
  readonly acme?: Readonly<Record<string, unknown>>;
  /** Further keys of edge.yml. */
  readonly edge?: Readonly<Record<string, unknown>>;
  readonly hostnames: readonly string[];
}

/** What a handshake showed. */
export interface Shown {
  readonly certificate: X509Certificate;
  readonly names: readonly string[];
  /** By the root that the authority has at this moment. */
  readonly isTrusted: boolean;
}

export class AcmeWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-acme-'));
  readonly pebble: Pebble;
  readonly httpPort: number;
  readonly httpsPort: number;
  edge: RunningProcess | undefined;
  readonly #options: AcmeWorldOptions;

  private constructor(pebble: Pebble, ports: { http: number; https: number }, options: AcmeWorldOptions) {
    this.pebble = pebble;
    this.httpPort = ports.http;
    this.httpsPort = ports.https;
    this.#options = options;
  }

  /** Starts the authority; the edge is started by `startEdge`. */
  static async create(options: AcmeWorldOptions): Promise<AcmeWorld> {
    const ports = { http: await freePort(), https: await freePort() };
    const pebble = await startPebble({ ...options.pebble, httpPort: ports.http, tlsPort: ports.https });
    return new AcmeWorld(pebble, ports, options);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes edge.yml; a running edge takes it up. */
  writeConfig(
    change: { readonly hostnames?: readonly string[]; readonly acme?: object; readonly edge?: object } = {},
  ): void {
    const { directory, caFile } = this.pebble;
    const hostnames = change.hostnames ?? this.#options.hostnames;
    const tunnel = createCredentials(systemRandom, '', '');
    const config = {
      listen: { https: `127.0.0.1:${this.httpsPort}`, http: `127.0.0.1:${this.httpPort}` },
      dataDir: this.path('data'),
      accessLog: 'off',
      logFormat: 'json',
      logLevel: 'debug',
      acme: { authorities: [{ directory, caFile }], ...this.#options.acme, ...change.acme },
      tunnels: [
        {
          name: 'home',
          id: tunnel.tunnelId,
          publicKeys: [Buffer.from(publicKeyOf(tunnel)).toString('base64')],
        },
      ],
      routes: hostnames.map((hostname) => ({ hostname, tunnel: 'home' })),
      ...this.#options.edge,
      ...change.edge,
    };
    writeFileSync(this.path('edge.yml'), JSON.stringify(config));
  }

  /** Starts the edge and waits until it listens. */
  async startEdge(env: Readonly<Record<string, string>> = {}): Promise<RunningProcess> {
    const edge = startSallyport(['edge', 'run', '--config', this.path('edge.yml')], env);
    this.edge = edge;
    await this.said(/The edge is ready/);
    return edge;
  }

  /** Waits for a line of the edge's log. */
  said(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    const { edge } = this;
    return eventually(
      `the edge says ${pattern}; it said ${edge!.stderr().slice(-3000)}`,
      () => {
        if (edge!.exitCode() !== null) throw new Error(`the edge ended: ${edge!.stderr()}`);
        return pattern.exec(edge!.stderr())?.[0];
      },
      timeoutMs,
    );
  }

  /** What a visitor of a hostname is shown now. */
  async shown(hostname: string, port = this.httpsPort): Promise<Shown> {
    const ca = await this.pebble.root().catch(() => undefined);
    return new Promise((resolve, reject) => {
      const socket = connect({
        ...{ port, host: '127.0.0.1', servername: hostname, rejectUnauthorized: false },
        ...(ca === undefined ? {} : { ca }),
      });
      socket.once('secureConnect', () => {
        const { raw } = socket.getPeerCertificate(true) as PeerCertificate & { raw: Buffer };
        const certificate = new X509Certificate(raw);
        socket.destroy();
        const names = (certificate.subjectAltName ?? '')
          .split(', ')
          .map((entry) => entry.replace(/^DNS:/, ''));
        resolve({ certificate, names, isTrusted: socket.authorized });
      });
      socket.once('error', reject);
    });
  }

  /** Waits until a visitor is shown a certificate that the authority vouches for. */
  trusted(hostname: string, timeoutMs = 60_000): Promise<Shown> {
    return eventually(
      `${hostname} has a certificate; the edge said ${this.edge?.stderr().slice(-4000)}`,
      async () => {
        const shown = await this.shown(hostname);
        return shown.isTrusted && shown;
      },
      timeoutMs,
    );
  }

  /** Text of a file of the data folder. */
  data(name: string): string {
    return readFileSync(join(this.folder, 'data', name), 'utf8');
  }

  async close(): Promise<void> {
    await this.edge?.stop();
    await this.pebble.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
