// A lab as an owner has it: an edge with names and certificates of its own, a connector at home with a few rules, an
// authority (Pebble), and whoever answers DNS: a provider (Knot over RFC 2136) or the edge itself. All on loopback, by the
// released program.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connect, type PeerCertificate } from 'node:tls';
import { sallyportCommand } from '../support/demo.ts';
import { at, keyName, type NameServer, startNameServer } from '../support/dns-servers.ts';
import { eventually } from '../support/eventually.ts';
import { type Pebble, startPebble } from '../support/pebble.ts';
import { freePort, run, type RunningProcess, startProcess } from '../support/process.ts';

const keySecret = Buffer.alloc(32, 6).toString('base64');

export interface LabOptions {
  /** Who answers DNS. */
  readonly names: 'knot' | 'own';
  readonly method: 'dns-01' | 'tls-alpn-01';
  /** Whether the connector's rules make routes by themselves. */
  readonly claims: boolean;
  /** The edge's public addresses; 127.0.0.1, where it listens, by default. */
  readonly addresses?: readonly string[];
  /** How long the certificates of withdrawn hostnames stay, as in edge.yml; the default where absent. */
  readonly keepUnused?: string;
  /** Hostnames of the rules to begin with. */
  readonly rules?: readonly string[];
}

/** What a command came to. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** See the head of the file. */
export class Lab {
  readonly zone: string;
  readonly folder = mkdtempSync(join(tmpdir(), 'sallyport-lab-'));
  readonly #options: LabOptions;
  knot: NameServer | undefined;
  pebble!: Pebble;
  edge!: RunningProcess;
  connector!: RunningProcess;
  dnsPort = 0;
  httpsPort = 0;
  metricsPort = 0;
  root = '';

  private constructor(options: LabOptions) {
    this.#options = options;
    this.zone = options.names === 'knot' ? 'example.test' : 'lab.test';
  }

  /** Starts all of it. */
  static async open(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options);
    try {
      await lab.#open();
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes the connector's config: a line for each hostname. */
  rules(...hostnames: readonly string[]): void {
    const lines = hostnames.map((hostname) => `  - { hostname: "${hostname}", service: http_status:204 }\n`);
    writeFileSync(this.path('rules.yml'), `ingress:\n${lines.join('')}  - service: http_status:404\n`);
  }

  /** What dig finds, '' for nothing. */
  async answer(name: string, type = 'A'): Promise<string> {
    return (await run('dig', [...at(this.dnsPort), '+short', '+tries=1', '+time=2', name, type])).trim();
  }

  /** A command to the running edge. */
  async sallyport(...args: readonly string[]): Promise<Outcome> {
    return this.command(...args, '--socket', this.path('data/admin.sock'));
  }

  async command(...args: readonly string[]): Promise<Outcome> {
    const running = startProcess(sallyportCommand, args, {
      env: { HOME: this.folder, XDG_CONFIG_HOME: this.path('config') },
    });
    const code = await running.ended;
    return { code, out: running.stdout(), err: running.stderr() };
  }

  /** The status of `https://hostname/` for a client that trusts the authority; undefined while there is none. */
  statusOf(hostname: string): Promise<number | undefined> {
    const { httpsPort: port, root: ca } = this;
    return new Promise((resolve) => {
      const asked = get(
        { host: '127.0.0.1', port, servername: hostname, headers: { Host: hostname }, ca, agent: false },
        (answer) => resolve(answer.resume().statusCode),
      );
      asked.on('error', () => resolve(undefined));
    });
  }

  /** The names that the certificate shown for a hostname is for, '' when none is shown. */
  async shownFor(hostname: string): Promise<string> {
    return (await this.#shown(hostname))?.subjectaltname ?? '';
  }

  /** Whether what is shown for a hostname is the authority's; the edge's own CA has something for every name below a pattern. */
  async isFromAuthority(hostname: string): Promise<boolean> {
    return /Pebble/.test(String((await this.#shown(hostname))?.issuer?.CN ?? ''));
  }

  #shown(hostname: string): Promise<PeerCertificate | undefined> {
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.httpsPort, servername: hostname };
      const socket = connect({ ...options, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate());
        socket.destroy();
      });
      socket.on('error', () => resolve(undefined));
    });
  }

  /** Whatever the zone holds, one line a record, from a transfer or (of the edge's own zone) its file. */
  async zoneText(): Promise<string> {
    const { knot } = this;
    if (!knot) return readFileSync(this.path('data/dns-zones.json'), 'utf8');
    return run('dig', [...at(knot.port), '-y', knot.keyText, knot.zone, 'AXFR']);
  }

  /** The keys of everything that the store keeps as documents: certificates, orders, orders under way, challenges. */
  storedKeys(): string[] {
    const database = new DatabaseSync(this.path('data/sallyport.db'), { readOnly: true });
    try {
      const rows = database.prepare('select collection, key from documents').all();
      return rows.map(({ collection, key }) => `${String(collection)}/${String(key)}`).toSorted();
    } finally {
      database.close();
    }
  }

  /** Names and labels of every series that the edge exports. */
  async metricSeries(): Promise<string[]> {
    const answer = await fetch(`http://127.0.0.1:${this.metricsPort}/metrics`, {
      signal: AbortSignal.timeout(30_000),
    });
    const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return lines.map((line) => line.slice(0, line.lastIndexOf(' '))).toSorted();
  }

  /** Names of the files of the copy beside the store. */
  copiedFiles(): string[] {
    return readdirSync(this.path('data/certificates'), { recursive: true }).map(String).toSorted();
  }

  /** What the processes have said, for a failure's message. */
  said(): string {
    return [this.edge, this.connector]
      .map((process) => process?.stderr().slice(-5000) ?? '')
      .concat(this.pebble?.log().slice(-2000) ?? '')
      .join('\n---\n');
  }

  async close(): Promise<void> {
    await this.connector?.stop();
    await this.edge?.stop();
    await this.pebble?.close();
    await this.knot?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #open(): Promise<void> {
    const { names, rules = [] } = this.#options;
    if (names === 'knot') this.knot = await startNameServer('knot', { keySecret });
    this.dnsPort = this.knot?.port ?? (await freePort());
    this.httpsPort = await freePort();
    this.metricsPort = await freePort();
    const httpPort = await freePort();
    const args = ['-dnsserver', `127.0.0.1:${this.dnsPort}`];
    this.pebble = await startPebble({ httpPort, tlsPort: this.httpsPort, args });
    this.root = await this.pebble.root();
    const token = await this.#configure(httpPort);
    this.edge = startProcess(sallyportCommand, ['edge', 'run', '--config', this.path('edge.yml')]);
    await said(this.edge, /The edge is ready/);
    this.rules(...rules);
    // The edge's own CA vouches for its name towards connectors; the authority's root is another each time.
    const trust = ['--cacert', this.path('data/ca.pem')];
    const config = ['--metrics', '127.0.0.1:0', '--config', this.path('rules.yml')];
    this.connector = startProcess(sallyportCommand, ['tunnel', ...trust, ...config, 'run', '--token', token]);
    await said(this.connector, /Registered tunnel connection/);
  }

  /** Writes edge.yml; answers with the token of its tunnel. */
  async #configure(httpPort: number): Promise<string> {
    const { method, claims, keepUnused, addresses = ['127.0.0.1'] } = this.#options;
    const { zone, httpsPort, dnsPort, knot, pebble } = this;
    const made = await this.command(
      ...['tunnel', 'create', 'home', '--edge', `localhost:${httpsPort}`, '-o', 'json'],
      ...['--credentials-file', this.path('home.json')],
    );
    const tunnel = JSON.parse(made.out) as { id: string; publicKey: string; token: string };
    writeFileSync(this.path('key'), keySecret);
    const provider = {
      ...{ name: 'knot', type: 'rfc2136', server: `127.0.0.1:${dnsPort}`, zones: [zone] },
      ...{ keyName, keyFile: 'key' },
    };
    const config = {
      hostname: `edge.${zone}`,
      listen: {
        ...{ https: `127.0.0.1:${httpsPort}`, http: `127.0.0.1:${httpPort}` },
        metrics: `127.0.0.1:${this.metricsPort}`,
      },
      ...{ dataDir: this.path('data'), accessLog: 'off', internalCa: true },
      acme: {
        ...{ authorities: [{ directory: pebble.directory, caFile: pebble.caFile }], methods: [method] },
        ...(keepUnused === undefined ? {} : { keepUnused }),
      },
      tunnels: [
        {
          name: 'home',
          id: tunnel.id,
          publicKeys: [tunnel.publicKey],
          hostnames: claims ? [`*.${zone}`] : [],
        },
      ],
      dns: {
        ...{ addresses, resolvers: [`127.0.0.1:${dnsPort}`] },
        ...(knot
          ? { providers: [provider] }
          : { serve: { listen: `127.0.0.1:${dnsPort}`, zones: [{ name: zone }] } }),
      },
    };
    // JSON is YAML.
    writeFileSync(this.path('edge.yml'), JSON.stringify(config));
    return tunnel.token;
  }
}

/** A busy machine takes a while to start a program. */
const startWithinMs = 90_000;

async function said(process: RunningProcess, pattern: RegExp): Promise<void> {
  await eventually(
    `it says ${pattern}`,
    () => {
      if (process.exitCode() !== null) throw new Error(process.stderr());
      return pattern.test(process.stderr());
    },
    startWithinMs,
  );
}
