// A PostgreSQL of the test's own: a cluster in a temporary folder, on a free port of the loopback address, as a user
// without privileges (the server refuses root), stopped and deleted in the end.
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from './eventually.ts';
import { freePort, isInstalled, run, type RunningProcess, startProcess } from './process.ts';

/** A running cluster, which the test may stop and start. */
export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database and returns its URL, for the owner of all or for a user and password. */
  createDatabase(): Promise<string>;
  /** Runs one statement as the superuser, in the given database. */
  execute(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** SIGINT: sessions are ended at once. */
  stop(): Promise<void>;
  /** SIGKILL, to the server and its sessions. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Sends a signal to the server's main process and every session: SIGSTOP makes it silent. */
  signal(signal: NodeJS.Signals): Promise<void>;
  close(): Promise<void>;
}

/** Debian keeps the server's programs off the path. */
const debianFolder = '/usr/lib/postgresql';
/** Who runs the server when the tests run as root. */
const serverUser = 'postgres';

/** Starts a cluster and waits until it answers. @throws naming the package that is missing */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const programs = await postgresPrograms();
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-postgres-'));
  const asServer: string[] = [];
  if (userInfo().uid === 0) {
    const [uid, gid] = [await idOfServerUser('-u'), await idOfServerUser('-g')];
    chownSync(folder, uid, gid);
    // Unlike runuser, it becomes the program instead of starting it, so that signals arrive.
    asServer.push('setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups');
  }
  const command = (program: string, args: readonly string[]): [string, string[]] => {
    const [first, ...rest] = [...asServer, join(programs, program), ...args];
    return [first!, rest];
  };
  const data = join(folder, 'data');
  const port = await freePort();
  await run(
    ...command('initdb', [
      '-D',
      data,
      '-U',
      'test',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--no-sync',
      '--no-instructions',
    ]),
    {
      cwd: folder,
    },
  );
  const lines = [
    `port = ${port}`,
    `listen_addresses = '127.0.0.1'`,
    `unix_socket_directories = ''`,
    // The server is killed, the machine is not.
    'fsync = off',
    'shared_buffers = 16MB',
    'max_connections = 40',
    ...settings,
  ];
  writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`);
  const cluster = new Cluster(port, folder, () =>
    startProcess(...command('postgres', ['-D', data]), { cwd: folder }),
  );
  await cluster.start();
  return cluster;
}

/** Where the server's programs are. @throws naming the package that is missing */
export async function postgresPrograms(): Promise<string> {
  const versions = existsSync(debianFolder) ? readdirSync(debianFolder) : [];
  const newest = versions.map(Number).toSorted((a, b) => b - a)[0];
  if (newest !== undefined) return join(debianFolder, String(newest), 'bin');
  if (await isInstalled('initdb')) return (await run('sh', ['-c', 'dirname "$(command -v initdb)"'])).trim();
  throw new Error('PostgreSQL is missing; run test/system-packages.sh (Debian: postgresql)');
}

/** Who runs it when this runs as root: its user's number (`-u`) or its group's (`-g`). */
export async function idOfServerUser(flag: '-u' | '-g'): Promise<number> {
  return Number(await run('id', [flag, serverUser]));
}

class Cluster implements PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #launch: () => RunningProcess;
  #running: RunningProcess | undefined;
  #databases = 0;

  constructor(port: number, folder: string, launch: () => RunningProcess) {
    this.port = port;
    this.#folder = folder;
    this.#launch = launch;
  }

  async start(): Promise<void> {
    await eventually('PostgreSQL is up', async () => {
      // After a kill, the sessions of before may need a moment to notice; the server does not start beside them.
      if (this.#running === undefined || this.#running.exitCode() !== null) this.#running = this.#launch();
      try {
        return await this.execute('select 1');
      } catch (error) {
        throw new Error(this.#running.stderr(), { cause: error });
      }
    });
  }

  async createDatabase(): Promise<string> {
    const name = `store_${++this.#databases}`;
    await this.execute(`create database ${name}`);
    return `postgres://test@127.0.0.1:${this.port}/${name}`;
  }

  async execute(text: string, database = 'postgres'): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'test', database });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  async stop(): Promise<void> {
    this.#running?.child.kill('SIGINT');
    await this.#running?.ended;
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const main = this.#running!.pid;
    const sessions = (await run('pgrep', ['-P', String(main)])).trim().split('\n');
    for (const pid of [main, ...sessions.map(Number)]) process.kill(pid, signal);
  }

  async close(): Promise<void> {
    if (this.#running?.exitCode() === null) {
      await this.signal('SIGCONT');
      await this.stop();
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
