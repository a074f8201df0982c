// Hosts made of network namespaces: an edge and clients on the internet, homes behind a NAT each, and between a home and
// the internet a line that can be hurt (link.ts). All names carry this process's number, and all is removed at the end.
//
//   edge 198.51.100.2 --+                     +-- 100.64.N.1 ~ line ~ 100.64.N.2 (nat N) 192.168.N.1 -- 192.168.N.2 (home N)
//                       +-- net (a router) ---+
//   clients 203.0.113.2-+                     +-- ...
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { goodLine, Line } from './link.ts';

const runFile = promisify(execFile);

/** Where the edge listens. */
export const edgeAddress = '198.51.100.2';

/** A second address of the edge, for a DNS answer that changes. */
export const otherEdgeAddress = '198.51.100.3';

/** Where the clients are, and a name server for who asks it. */
export const clientsAddress = '203.0.113.2';

/** How homes and clients call the edge. */
export const edgeName = 'edge.chaos.test';

/** What is missing for networks of namespaces, in one sentence with the cure; '' when nothing is. */
export async function missingForNetworks(): Promise<string> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'network namespaces need Linux and root; run this as root';
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    return 'there is no /dev/net/tun; load the tun module (modprobe tun), or give the container that device';
  }
  for (const program of ['ip', 'iptables', 'python3', 'curl']) {
    try {
      await runFile('sh', ['-c', `command -v ${program}`]);
    } catch {
      return `${program} is not installed; run test/system-packages.sh`;
    }
  }
  try {
    const name = `sp${process.pid}-try`;
    await runFile('ip', ['netns', 'add', name]);
    await runFile('ip', ['netns', 'delete', name]);
    return '';
  } catch {
    return 'network namespaces may not be made here; the container needs CAP_SYS_ADMIN and CAP_NET_ADMIN';
  }
}

/** A home: behind a NAT, at the end of a line. */
export interface Home {
  readonly number: number;
  readonly host: string;
  readonly nat: string;
  readonly line: Line;
}

export class Network {
  readonly edge: string;
  readonly clients: string;
  readonly homes: Home[] = [];
  readonly #router: string;
  readonly #prefix: string;
  readonly #made: string[] = [];
  readonly #seed: number;

  private constructor(seed: number) {
    this.#seed = seed;
    this.#prefix = `sp${process.pid}`;
    this.#router = this.#name('net');
    this.edge = this.#name('edge');
    this.clients = this.#name('clients');
  }

  /** Makes everything, or throws and leaves nothing. */
  static async create(options: { readonly seed: number; readonly homes: number }): Promise<Network> {
    const network = new Network(options.seed);
    try {
      await network.#make(options.homes);
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** Command and arguments that run a program on a host. */
  command(host: string, program: readonly string[]): readonly [string, readonly string[]] {
    return ['ip', ['netns', 'exec', host, ...program]];
  }

  /** Runs a short program on a host and returns what it wrote. */
  async run(host: string, ...program: string[]): Promise<string> {
    const [command, args] = this.command(host, program);
    return (await runFile(command, args, { timeout: 30_000 })).stdout;
  }

  /** Which address the names of the tests have on a host, from now on. */
  setHosts(host: string, names: Readonly<Record<string, string>>): void {
    const lines = Object.entries({ localhost: '127.0.0.1', ...names }).map(([name, to]) => `${to} ${name}`);
    // Written in place: `ip netns exec` has mounted the very file over /etc/hosts of who runs already.
    writeFileSync(join('/etc/netns', host, 'hosts'), `${lines.join('\n')}\n`);
  }

  /** Where a host asks for names that its own file has not; '' for nowhere. */
  setNameServer(host: string, address: string): void {
    const line = address === '' ? '' : `nameserver ${address}\n`;
    writeFileSync(join('/etc/netns', host, 'resolv.conf'), line);
  }

  /** The NAT forgets every mapping, as a router does that was started anew: packets of old flows go nowhere. */
  async flushNat({ nat, number }: Home): Promise<void> {
    await this.#ip('-n', nat, 'link', 'set', 'line', 'down');
    await this.#ip('-n', nat, 'link', 'set', 'line', 'up');
    await this.#ip('-n', nat, 'route', 'replace', 'default', 'via', `100.64.${number}.1`);
  }

  /** The home gets another public address: what it had open goes nowhere. */
  async changeAddress(home: Home, last: number): Promise<void> {
    const { nat, number } = home;
    await this.#ip('-n', nat, 'address', 'flush', 'dev', 'line');
    await this.#ip('-n', nat, 'address', 'add', `100.64.${number}.${last}/24`, 'dev', 'line');
    await this.flushNat(home);
  }

  /** Takes an address away from the edge, or gives it one. */
  async changeEdgeAddress(what: 'add' | 'delete', address: string): Promise<void> {
    await this.#ip('-n', this.edge, 'address', what, `${address}/24`, 'dev', 'eth0');
    if (what === 'delete') return;
    await this.#ip('-n', this.edge, 'route', 'replace', 'default', 'via', '198.51.100.1');
  }

  async close(): Promise<void> {
    for (const { line } of this.homes) await line.close();
    for (const name of this.#made.splice(0)) {
      await runFile('ip', ['netns', 'delete', name]).catch(() => undefined);
      rmSync(join('/etc/netns', name), { recursive: true, force: true });
    }
  }

  async #make(homes: number): Promise<void> {
    for (const name of [this.#router, this.edge, this.clients]) await this.#makeHost(name);
    await this.run(this.#router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    // Without this, the kernel takes all addresses of a network with the first one.
    await this.run(this.edge, 'sysctl', '-qw', 'net.ipv4.conf.all.promote_secondaries=1');
    await this.#connect({ host: this.edge, gateway: this.#router, net: '198.51.100', port: 'to-edge' });
    await this.#connect({ host: this.clients, gateway: this.#router, net: '203.0.113', port: 'to-clients' });
    for (let number = 1; number <= homes; number += 1) this.homes.push(await this.#makeHome(number));
  }

  async #makeHome(number: number): Promise<Home> {
    const [host, nat] = [this.#name(`home${number}`), this.#name(`nat${number}`)];
    await this.#makeHost(nat);
    await this.#makeHost(host);
    await this.#connect({ host, gateway: nat, net: `192.168.${number}`, port: 'lan' });
    const far = { namespace: this.#router, device: `line${number}` };
    const near = { namespace: nat, device: 'line' };
    const line = await Line.open({ seed: this.#seed + number, near, far });
    await line.set(goodLine);
    await this.#ip('-n', nat, 'address', 'add', `100.64.${number}.2/24`, 'dev', 'line');
    await this.#ip('-n', this.#router, 'address', 'add', `100.64.${number}.1/24`, 'dev', far.device);
    await this.#ip('-n', this.#router, 'link', 'set', far.device, 'up');
    await this.#ip('-n', nat, 'link', 'set', 'line', 'up');
    await this.#ip('-n', nat, 'route', 'replace', 'default', 'via', `100.64.${number}.1`);
    const settings = ['net.ipv4.ip_forward=1', 'net.netfilter.nf_conntrack_tcp_loose=0'];
    await this.run(nat, 'sysctl', '-qw', ...settings);
    await this.run(nat, ...'iptables -t nat -A POSTROUTING -o line -j MASQUERADE'.split(' '));
    // Without a mapping nothing may pass, and nobody is told: as at a home.
    await this.run(nat, ...'iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP'.split(' '));
    await this.run(nat, ...'iptables -A INPUT -i line -j DROP'.split(' '));
    return { number, host, nat, line };
  }

  /** Joins a host to its gateway by a pair of virtual cards: the gateway is .1, the host .2. */
  async #connect(cable: { host: string; gateway: string; net: string; port: string }): Promise<void> {
    const { host, gateway, net, port } = cable;
    const pair = ['link', 'add', 'eth0', 'netns', host, 'type', 'veth', 'peer', 'name', port];
    await this.#ip(...pair, 'netns', gateway);
    await this.#ip('-n', gateway, 'address', 'add', `${net}.1/24`, 'dev', port);
    await this.#ip('-n', host, 'address', 'add', `${net}.2/24`, 'dev', 'eth0');
    await this.#ip('-n', gateway, 'link', 'set', port, 'up');
    await this.#ip('-n', host, 'link', 'set', 'eth0', 'up');
    await this.#ip('-n', host, 'route', 'add', 'default', 'via', `${net}.1`);
  }

  async #makeHost(name: string): Promise<void> {
    await this.#ip('netns', 'add', name);
    this.#made.push(name);
    mkdirSync(join('/etc/netns', name), { recursive: true });
    writeFileSync(join('/etc/netns', name, 'resolv.conf'), '');
    this.setHosts(name, { [edgeName]: edgeAddress });
    await this.#ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  async #ip(...args: string[]): Promise<void> {
    await runFile('ip', args, { timeout: 30_000 });
  }

  #name(what: string): string {
    return `${this.#prefix}-${what}`;
  }
}
