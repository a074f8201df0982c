// Two PostgreSQL servers on the edge's host, the second a standby that has every acknowledged change. Their clients know one
// name; a failover makes the standby the server and leads the name to it, as a cluster's manager does.
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { idOfServerUser, postgresPrograms } from '../support/postgres.ts';
import { type RunningProcess, startProcess } from '../support/process.ts';
import { type Lab, startLimitMs } from './lab.ts';
import { edgeAddress, edgeName } from './network.ts';

const databaseName = 'db.chaos.test';
/** Both listen on the same port, on addresses of the loopback device. */
const port = 5432;
const addresses = ['127.0.0.2', '127.0.0.3'] as const;

export const databaseUrl = `postgres://test@${databaseName}:${port}/postgres`;

export class DatabasePair {
  readonly #lab: Lab;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-db-'));
  readonly #programs: string;
  readonly #asServer: readonly string[];
  readonly #running: RunningProcess[] = [];
  /** Which of the two serves. */
  #serving: 0 | 1 = 0;

  private constructor(lab: Lab, programs: string, ids: readonly [number, number]) {
    this.#lab = lab;
    this.#programs = programs;
    chownSync(this.#folder, ...ids);
    this.#asServer = ['setpriv', `--reuid=${ids[0]}`, `--regid=${ids[1]}`, '--clear-groups'];
  }

  /** Starts both, the second following the first. */
  static async start(lab: Lab): Promise<DatabasePair> {
    const ids = [await idOfServerUser('-u'), await idOfServerUser('-g')] as const;
    const pair = new DatabasePair(lab, await postgresPrograms(), ids);
    await pair.#makeFirst();
    await pair.#launch(0);
    pair.lead(0);
    await pair.#makeSecond();
    await pair.#launch(1);
    // From here on a change is acknowledged when the standby has it.
    await pair.#ask(0, "alter system set synchronous_standby_names = '*'");
    await pair.#ask(0, 'select pg_reload_conf()');
    await eventually(
      'the standby follows',
      async () => (await pair.#ask(0, 'select sync_state from pg_stat_replication')).trim() === 'sync',
      startLimitMs,
    );
    return pair;
  }

  /** SIGKILL, to the server and its sessions. */
  async kill(): Promise<void> {
    await this.#running[this.#serving]!.kill();
  }

  /** The server that was killed comes back. */
  async startAgain(): Promise<void> {
    await this.#launch(this.#serving);
  }

  /** The standby becomes the server, and the name leads to it. */
  async failOver(): Promise<void> {
    await this.#ask(1, 'select pg_promote()');
    await this.#ask(1, "alter system set synchronous_standby_names = ''");
    await this.#ask(1, 'select pg_reload_conf()');
    this.lead(1);
  }

  /** The name leads to one of the two. */
  lead(to: 0 | 1): void {
    const { network } = this.#lab;
    this.#serving = to;
    network.setHosts(network.edge, { [edgeName]: edgeAddress, [databaseName]: addresses[to] });
  }

  async close(): Promise<void> {
    for (const running of this.#running) await running.kill();
    const { network } = this.#lab;
    network.setHosts(network.edge, { [edgeName]: edgeAddress });
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #makeFirst(): Promise<void> {
    const options = ['-U', 'test', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'];
    await this.#run('initdb', '-D', this.#data(0), ...options);
    this.#configure(0);
  }

  async #makeSecond(): Promise<void> {
    const from = ['-h', addresses[0], '-p', String(port), '-U', 'test'];
    await this.#run('pg_basebackup', ...from, '-D', this.#data(1), '-R', '--checkpoint=fast', '--no-sync');
    this.#configure(1);
  }

  /** In the file that is read first: what `alter system` and the backup wrote stays. */
  #configure(which: 0 | 1): void {
    const lines = [
      `port = ${port}`,
      `listen_addresses = '${addresses[which]}'`,
      `unix_socket_directories = ''`,
      // Servers are killed, the machine is not.
      'fsync = off',
      'shared_buffers = 16MB',
      'max_connections = 40',
    ];
    writeFileSync(join(this.#data(which), 'postgresql.conf'), `${lines.join('\n')}\n`);
  }

  async #launch(which: 0 | 1): Promise<void> {
    await eventually(
      `PostgreSQL ${which} is up`,
      async () => {
        const before = this.#running[which];
        if (before === undefined || before.exitCode() !== null) this.#running[which] = this.#spawn(which);
        return (await this.#ask(which, 'select 1')) !== '';
      },
      startLimitMs,
    );
  }

  #spawn(which: 0 | 1): RunningProcess {
    const [command, args] = this.#command('postgres', '-D', this.#data(which));
    return startProcess(command, args, { cwd: this.#folder });
  }

  async #ask(which: 0 | 1, statement: string): Promise<string> {
    const to = ['-h', addresses[which], '-p', String(port), '-U', 'test', '-d', 'postgres'];
    return await this.#run('psql', ...to, '-X', '-A', '-t', '-c', statement);
  }

  #data(which: 0 | 1): string {
    return join(this.#folder, `data-${which}`);
  }

  #command(program: string, ...args: string[]): readonly [string, readonly string[]] {
    const { network } = this.#lab;
    return network.command(network.edge, [...this.#asServer, join(this.#programs, program), ...args]);
  }

  async #run(program: string, ...args: string[]): Promise<string> {
    const { network } = this.#lab;
    return await network.run(network.edge, ...this.#asServer, join(this.#programs, program), ...args);
  }
}
