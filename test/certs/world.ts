// An edge as its owner runs it, a process with an edge.yml, beside an authority that validates at its ports. Tests look at
// the certificates that a visitor is shown.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import { systemRandom } from '#base/random.ts';
import { openSeal } from '#control/seal.ts';
import type { OrderRecord } from '#model/certificates/certificate-record.ts';
import { createCredentials, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { startSallyport } from '../support/demo.ts';
import { eventually } from '../support/eventually.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../support/pebble.ts';
import { freePort, type RunningProcess } from '../support/process.ts';

export interface AcmeWorldOptions {
  readonly pebble?: Omit<PebbleOptions, 'httpPort' | 'tlsPort'>;
  /** Keys of `acme` beside the authority. */
  readonly acme?: Readonly<Record<string, unknown>>;
  /** Patterns that the tunnel's own rules may claim. */
  readonly claims?: readonly string[];
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

/** A busy machine takes a while to start a program. */
const startWithinMs = 90_000;

export class AcmeWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-acme-'));
  readonly pebble: Pebble;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Of the only tunnel. */
  readonly tunnel: TunnelCredentials;
  edge: RunningProcess | undefined;
  readonly #options: AcmeWorldOptions;
  readonly #closers: (() => unknown)[] = [];

  private constructor(pebble: Pebble, ports: { http: number; https: number }, options: AcmeWorldOptions) {
    this.pebble = pebble;
    this.httpPort = ports.http;
    this.httpsPort = ports.https;
    this.#options = options;
    this.tunnel = createCredentials(systemRandom, `localhost:${ports.https}`, '');
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
    const { tunnel } = this;
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
          hostnames: this.#options.claims ?? [],
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
    await this.said(/The edge is ready/, startWithinMs);
    return edge;
  }

  /** Waits for a line of the edge's log. */
  said(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    const { edge } = this;
    return this.eventually(
      `the edge says ${pattern}`,
      () => {
        if (edge!.exitCode() !== null) throw new Error('the edge ended');
        return pattern.exec(edge!.stderr())?.[0];
      },
      timeoutMs,
    );
  }

  /** Like `eventually`, and tells what the edge has said when it is not. */
  async eventually<T>(
    what: string,
    check: () => T | Promise<T>,
    timeoutMs = 60_000,
  ): Promise<Exclude<T, false | undefined | null>> {
    try {
      return await eventually(what, check, timeoutMs);
    } catch (error) {
      throw new Error(`${what}; the edge said last: ${this.edge?.stderr().slice(-6000)}`, { cause: error });
    }
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
    return this.eventually(
      `${hostname} has a certificate`,
      async () => {
        const shown = await this.shown(hostname);
        return shown.isTrusted && shown;
      },
      timeoutMs,
    );
  }

  /** What the edge keeps in a folder of its vault: `certificates`, `accounts`, `pending`. */
  kept(room: string): { readonly file: string; readonly value: Record<string, unknown> }[] {
    const folder = join(this.folder, 'data/certificates', room);
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => {
        const file = join(folder, name);
        return { file, value: this.#opened(file, `${room}/${name.slice(0, -'.json'.length)}`) };
      });
  }

  #opened(file: string, purpose: string): Record<string, unknown> {
    const text = readFileSync(file, 'utf8').trimEnd();
    const seal = openSeal(join(this.folder, 'data/seal.key'), systemRandom);
    return JSON.parse(text.startsWith('{') ? text : seal.open(text, purpose)) as Record<string, unknown>;
  }

  /** Every order that has ended, oldest first; of an edge without a store. */
  orders(): OrderRecord[] {
    const folder = join(this.folder, 'data/certificates/orders');
    return readdirSync(folder)
      .toSorted()
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as OrderRecord);
  }

  /** Has something done when the edge has stopped and before its folder goes. */
  atClose(work: () => unknown): void {
    this.#closers.push(work);
  }

  async close(): Promise<void> {
    await this.edge?.stop();
    for (const work of this.#closers) await work();
    await this.pebble.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
