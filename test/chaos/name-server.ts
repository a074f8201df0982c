// A name server on the internet of a chaos run (Knot), which a home asks for the edge's name once its own hosts file does
// not have it. What it answers is changed as an owner would, or an accident: by another zone file and a new start.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { isInstalled, type RunningProcess, startProcess } from '../support/process.ts';
import type { Lab } from './lab.ts';
import { clientsAddress, edgeAddress, edgeName } from './network.ts';

const zone = edgeName.slice(edgeName.indexOf('.') + 1);

/** An address of the edge, or how there is none. */
export type NameAnswer = { readonly address: string } | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

export class ChaosNameServer {
  readonly #lab: Lab;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-chaos-names-'));
  #running: RunningProcess | undefined;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Starts it with the edge's first address, and has the home ask it and nobody else. */
  static async start(lab: Lab): Promise<ChaosNameServer> {
    for (const program of ['knotd', 'dig'])
      if (!(await isInstalled(program)))
        throw new Error(`${program} is missing; run test/system-packages.sh`);
    const server = new ChaosNameServer(lab);
    await server.answer({ address: edgeAddress });
    const { network, home } = lab;
    network.setNameServer(home.host, clientsAddress);
    network.setHosts(home.host, {});
    return server;
  }

  /** Answers so from now on; resolves when the home is told. */
  async answer(what: NameAnswer): Promise<void> {
    await this.#running?.kill();
    this.#running = undefined;
    if (what === 'silence') return;
    this.#writeFiles(what);
    const { network, home } = this.#lab;
    const [command, args] = network.command(network.clients, ['knotd', '-c', this.#path('knot.conf')]);
    this.#running = startProcess(command, args);
    const wanted = typeof what === 'string' ? `status: ${what}` : what.address;
    const question = ['+tries=1', '+time=1', `@${clientsAddress}`, edgeName, 'A'];
    await eventually(`the name server says ${wanted}`, async () =>
      (await network.run(home.host, 'dig', ...question)).includes(wanted),
    );
  }

  async close(): Promise<void> {
    const { network, home } = this.#lab;
    network.setHosts(home.host, { [edgeName]: edgeAddress });
    network.setNameServer(home.host, '');
    await this.#running?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A zone whose file is not there is answered with SERVFAIL. */
  #writeFiles(what: Exclude<NameAnswer, 'silence'>): void {
    const record = typeof what === 'string' ? '' : `${edgeName}. 5 IN A ${what.address}\n`;
    writeFileSync(
      this.#path('zone'),
      `${zone}. 5 IN SOA ns.${zone}. hostmaster.${zone}. 1 7200 3600 1209600 5\n${zone}. 5 IN NS ns.${zone}.\n` +
        `ns.${zone}. 5 IN A ${clientsAddress}\n${record}`,
    );
    writeFileSync(
      this.#path('knot.conf'),
      `server:
    listen: ${clientsAddress}@53
    rundir: ${this.#folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: ${this.#folder}
zone:
  - domain: ${zone}
    storage: ${this.#folder}
    file: ${what === 'SERVFAIL' ? 'missing' : 'zone'}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
`,
    );
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
