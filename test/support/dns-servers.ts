// Real name servers for tests, each with one zone that takes updates and transfers signed with one key: Knot, BIND and
// PowerDNS from Debian, on a free port of the loopback address, in a folder of their own.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seedRecords } from '#testkit/dns-provider-suite.ts';
import type { RecordSet } from '#model/dns/record-set.ts';
import type { TsigAlgorithm } from '#wire/dns-tsig.ts';
import { eventually } from './eventually.ts';
import { freePort, isInstalled, run, type RunningProcess, startProcess } from './process.ts';

export type NameServerKind = 'knot' | 'bind' | 'powerdns';

/** A name server that runs beside the test. */
export interface NameServer {
  readonly port: number;
  readonly zone: string;
  /** In nsupdate's and dig's words. */
  readonly keyText: string;
  readonly process: RunningProcess;
  /** Changes a set as the zone's owner would, with nsupdate. */
  byHand(name: string, type: string, set: RecordSet | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface NameServerOptions {
  readonly zone?: string;
  readonly algorithm?: TsigAlgorithm;
  readonly keySecret: string;
  /** Replaces the records of the suite. */
  readonly zoneText?: string;
  /** Port of a primary on loopback to fetch the zone from, under the same key; instead of a zone of its own. */
  readonly primaryPort?: number;
  /** A free one if absent. */
  readonly port?: number;
}

/** The key's name at every server. */
export const keyName = 'ddns';

const programs: Readonly<Record<NameServerKind, readonly [program: string, packages: string]>> = {
  knot: ['knotd', 'knot'],
  bind: ['named', 'bind9'],
  powerdns: ['pdns_server', 'pdns-server pdns-backend-sqlite3'],
};

/** Starts a server and waits until it answers for its zone. @throws naming the package that is missing */
export async function startNameServer(kind: NameServerKind, options: NameServerOptions): Promise<NameServer> {
  const [program, packages] = programs[kind];
  for (const [needed, from] of [
    [program, packages],
    ['nsupdate', 'bind9-dnsutils'],
  ] as const) {
    if (!(await isInstalled(needed)))
      throw new Error(`${needed} is missing; run test/system-packages.sh (Debian: ${from})`);
  }
  const { zone = 'example.test', algorithm = 'hmac-sha256', keySecret } = options;
  const folder = mkdtempSync(join(tmpdir(), `sallyport-${kind}-`));
  const port = options.port ?? (await freePort());
  writeFileSync(join(folder, 'zone'), options.zoneText ?? zoneText(zone));
  const setup = { folder, port, zone, algorithm, keySecret, primaryPort: options.primaryPort };
  const running =
    kind === 'knot' ? startKnot(setup) : kind === 'bind' ? startBind(setup) : await startPowerDns(setup);
  const keyText = `${algorithm}:${keyName}:${keySecret}`;
  const close = async (): Promise<void> => {
    await running.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(`${program} answers`, async () => {
      if (running.exitCode() !== null)
        throw new Error(`${program} ended: ${running.stderr()}${running.stdout()}`);
      return (await run('dig', [...at(port), '+short', '+tries=1', '+time=1', zone, 'SOA'])).includes(' ');
    });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    ...{ port, zone, keyText, process: running, close },
    async byHand(name, type, set) {
      const adds = (set?.values ?? []).map(
        (value) => `update add ${name}. ${set!.ttlSeconds} ${type} ${value}`,
      );
      const lines = [
        `server 127.0.0.1 ${port}`,
        `zone ${zone}`,
        `update delete ${name}. ${type}`,
        ...adds,
        'send',
      ];
      await run('nsupdate', ['-y', keyText], { input: `${lines.join('\n')}\n` });
    },
  };
}

/** dig's words for a server of ours. */
export function at(port: number): string[] {
  return ['@127.0.0.1', '-p', String(port)];
}

/** The suite's records as a master file. */
export function zoneText(zone: string): string {
  const records = seedRecords.flatMap(([name, type, ttl, values]) =>
    values.map((value) => `${name === '' ? '@' : name} ${ttl} IN ${type} ${value}`),
  );
  return `$ORIGIN ${zone}.
@ 3600 IN SOA ns1 hostmaster 1 7200 3600 1209600 60
@ 3600 IN NS ns1
ns1 3600 IN A 127.0.0.1
${records.join('\n')}
`;
}

interface Setup {
  readonly folder: string;
  readonly port: number;
  readonly zone: string;
  readonly algorithm: string;
  readonly keySecret: string;
  readonly primaryPort: number | undefined;
}

function startKnot({ folder, port, zone, algorithm, keySecret, primaryPort }: Setup): RunningProcess {
  const file = join(folder, 'knot.conf');
  writeFileSync(
    file,
    `server:
    listen: 127.0.0.1@${port}
    rundir: ${folder}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: ${folder}
key:
  - id: ${keyName}
    algorithm: ${algorithm}
    secret: ${keySecret}
acl:
  - id: ours
    key: ${keyName}
    action: [update, transfer, notify]
${primaryPort === undefined ? '' : `remote:\n  - id: primary\n    address: 127.0.0.1@${primaryPort}\n    key: ${keyName}`}
zone:
  - domain: ${zone}
    storage: ${folder}
    acl: ours
    zonefile-sync: -1
    journal-content: changes
    ${primaryPort === undefined ? 'file: zone' : 'file: fetched\n    master: primary'}
`,
  );
  return startProcess('knotd', ['-c', file]);
}

function startBind({ folder, port, zone, algorithm, keySecret, primaryPort }: Setup): RunningProcess {
  const file = join(folder, 'named.conf');
  writeFileSync(
    file,
    `key "${keyName}" { algorithm ${algorithm}; secret "${keySecret}"; };
controls {};
options {
  directory "${folder}";
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion no;
  dnssec-validation no;
  notify no;
  # Tests have names and delegations that no owner would write.
  check-names primary ignore;
  check-integrity no;
  zero-no-soa-ttl no;
  allow-transfer { key "${keyName}"; };
};
zone "${zone}" {
${
  primaryPort === undefined
    ? `  type primary; file "zone"; update-policy { grant ${keyName} zonesub ANY; };`
    : `  type secondary; file "fetched"; primaries port ${primaryPort} { 127.0.0.1 key "${keyName}"; };
  allow-notify { key "${keyName}"; };`
}
};
`,
  );
  return startProcess('named', ['-g', '-n', '1', '-c', file]);
}

async function startPowerDns({ folder, port, zone, algorithm, keySecret }: Setup): Promise<RunningProcess> {
  const database = join(folder, 'pdns.sqlite3');
  const sqlite = new DatabaseSync(database);
  sqlite.exec(readFileSync('/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql', 'utf8'));
  sqlite.close();
  mkdirSync(join(folder, 'empty'));
  writeFileSync(
    join(folder, 'pdns.conf'),
    `launch=gsqlite3
gsqlite3-database=${database}
local-address=127.0.0.1:${port}
socket-dir=${folder}
dnsupdate=yes
allow-dnsupdate-from=127.0.0.0/8
allow-axfr-ips=
include-dir=${join(folder, 'empty')}
# Answers from a cache would be of before the update.
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
`,
  );
  copyFileSync(join(folder, 'zone'), join(folder, 'zone.import'));
  const pdnsutil = (...args: string[]): Promise<string> =>
    run('pdnsutil', [`--config-dir=${folder}`, ...args]);
  await pdnsutil('load-zone', zone, join(folder, 'zone.import'));
  await pdnsutil('import-tsig-key', keyName, algorithm, keySecret);
  await pdnsutil('set-meta', zone, 'TSIG-ALLOW-DNSUPDATE', keyName);
  await pdnsutil('set-meta', zone, 'TSIG-ALLOW-AXFR', keyName);
  return startProcess('pdns_server', [
    `--config-dir=${folder}`,
    '--guardian=no',
    '--daemon=no',
    '--disable-syslog',
  ]);
}
