// Cases of what a process is told and keeps: configuration, credentials, certificates, clocks, the store, the disk.
import {
  closeSync,
  globSync,
  openSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { formatToken } from '#tunnel/credentials.ts';
import { eventually, pause } from '../../support/eventually.ts';
import { run } from '../../support/process.ts';
import { type Lab, said, startLimitMs, type StartOptions, timesSaid } from '../lab.ts';
import type { ChaosCase } from '../run-case.ts';
import { allConnected, killEdge, kindsThatEnd, restartConnector, stop, stopEdge } from './processes.ts';

const kept = 'The last good configuration stays in force';
const applied = 'configuration was applied';

export const configPushed: ChaosCase = {
  name: 'config-wrong',
  what: 'edge.yml is wrong, half there, empty, there twice, and an old one comes after a new one',
  mayFail: 0,
  async hurt(lab, watch) {
    const good = readFileSync(lab.path('edge.yml'), 'utf8');
    const until = async (text: string, change: () => void): Promise<void> => {
      const before = timesSaid(lab.edge, text);
      change();
      await eventually(`the edge says "${text}"`, () => timesSaid(lab.edge, text) > before, startLimitMs);
    };
    const bad = ['listen: [', good.slice(0, good.length / 2), '', good.replace('"listen"', '"lisen"')];
    watch.begun();
    for (const text of bad) await until(kept, () => lab.writeFile('edge.yml', text));
    const twice = good.replaceAll('}', '} ');
    await until(applied, () => lab.writeFile('edge.yml', twice));
    lab.writeFile('edge.yml', twice);
    // As a backup that is put back: older by its own date than what is in force.
    await until(applied, () => {
      const path = lab.writeFile('edge.yml', good);
      utimesSync(path, new Date(0), new Date(0));
    });
    watch.note(`${bad.length} bad files, each refused in one sentence`);
  },
};

export const credentialsRotated: ChaosCase = {
  name: 'credentials-rotated',
  what: 'the key of a tunnel is exchanged: both are good for a while, the connector takes the new one, the old one is withdrawn',
  mayFail: 0,
  // What lasts over connections with the old key ends with that key.
  load: { kinds: kindsThatEnd },
  async hurt(lab, watch) {
    const fresh = { ...lab.newCredentials(), tunnelId: lab.credentials.tunnelId };
    await applyTunnel(lab, lab.tunnel(lab.credentials, fresh));
    watch.begun();
    const registered = timesSaid(lab.connectors[0]!, 'Registered tunnel connection');
    lab.writeFile('token', formatToken(fresh));
    await eventually(
      'the connector has moved',
      () => timesSaid(lab.connectors[0]!, 'Registered tunnel connection') >= registered + 4,
      startLimitMs,
    );
    await applyTunnel(lab, lab.tunnel(fresh));
    await allConnected(lab);
  },
  async restore(lab) {
    await applyTunnel(lab, lab.tunnel(lab.credentials));
    lab.writeFile('token', formatToken(lab.credentials));
    await allConnected(lab);
  },
};

export const credentialsRevoked: ChaosCase = {
  name: 'credentials-revoked',
  what: 'the key of a tunnel is withdrawn and put back',
  noticedWithinS: 5,
  async hurt(lab, watch) {
    const { running } = lab.connectors[0]!;
    const other = lab.newCredentials();
    // From the moment in which the edge has read it.
    await applyTunnel(lab, lab.tunnel(other), () => watch.begun());
    await eventually(
      'the connector says so',
      () => /"?(revoked|unauthorized|refused)/i.test(running.stderr()),
      startLimitMs,
    );
    watch.noticed();
    await applyTunnel(lab, lab.tunnel(lab.credentials));
    // Refused keys are tried once in 15 to 60 s.
    await allConnected(lab);
  },
};

export const credentialsUnusable: ChaosCase = {
  name: 'credentials-unusable',
  what: 'further connectors start with an empty, a garbled and an unknown token, and one with a copy of the good one',
  mayFail: 0,
  async hurt(lab, watch) {
    watch.begun();
    const token = readFileSync(lab.path('token'), 'utf8');
    const bad = {
      empty: '',
      garbled: token.slice(0, 20) + token.slice(23),
      half: token.slice(0, token.length / 2),
    };
    for (const [name, text] of Object.entries(bad)) {
      const tokenFile = lab.writeFile(`token-${name}`, text);
      const ended = await lab.startConnector(lab.home, 1, { tokenFile }).then(
        () => 'it runs',
        (error: unknown) => String(error),
      );
      if (!ended.includes('it ended with 1'))
        watch.fault(`a connector with a token that is ${name}: ${ended}`);
    }
    const unknown = await lab.startConnector(lab.home, 1, {
      tokenFile: lab.writeFile('token-unknown', formatToken(lab.newCredentials())),
    });
    await said(unknown.running, /unauthorized|does not know|unknown/i);
    await stop(unknown);
    const copy = await lab.startConnector(lab.home, 1);
    await lab.connected(copy);
    watch.note('the copy is a replica');
    await stop(copy);
  },
};

/** Long enough to be loaded, also by a busy edge. */
const shortLifeMs = 25_000;

export const certificateExpired: ChaosCase = {
  name: 'certificate-expired',
  what: "the edge's certificate expires under a running connector, and is mended",
  // Connections that are made anew must fail, and do.
  load: { kinds: ['tcp', 'tcp-kept', 'small', 'websocket'] },
  async hurt(lab, watch) {
    watch.begun();
    const reloaded = timesSaid(lab.edge, 'Certificates were loaded again');
    const endMs = Date.now() + shortLifeMs;
    lab.writeCertificate(new Date(endMs));
    await eventually(
      'the edge has loaded it',
      () => timesSaid(lab.edge, 'Certificates were loaded again') > reloaded,
      startLimitMs,
    );
    // To the second, as certificates have it, and one more.
    await pause(Math.max(0, endMs + 2_000 - Date.now()));
    const late = await lab.startConnector(lab.home, 1);
    await said(late.running, /expired/i);
    watch.noticed();
    watch.note('a connector that starts then says that it has expired');
    if ((await lab.readyConnections(lab.connectors[0]!)) !== 4)
      watch.fault('connections that were there were lost');
    // One that is no better is not taken.
    const refused = timesSaid(lab.edge, 'The certificate loaded before stays in use');
    lab.writeCertificate(new Date(Date.now() - 3_600_000));
    await eventually(
      'the edge says that it does not take it',
      () => timesSaid(lab.edge, 'The certificate loaded before stays in use') > refused,
      startLimitMs,
    );
    lab.writeCertificate();
    await lab.connected(late);
    await stop(late);
  },
};

/** A process whose clock is set by a file, as libfaketime does it. */
function clockOf(lab: Lab, offset: string): StartOptions {
  const library = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0];
  if (library === undefined) throw new Error('faketime is missing; run test/system-packages.sh');
  setClock(lab, offset);
  const file = lab.path('clock');
  const settings = {
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  return { env: { LD_PRELOAD: library, ...settings } };
}

function setClock(lab: Lab, offset: string): void {
  writeFileSync(lab.path('clock'), `${offset}\n`);
}

const yearsOff = ['+365d', '-365d'];

export const edgeClock: ChaosCase = {
  name: 'clock-edge',
  what: "the edge's clock jumps a year ahead and a year back",
  mayFail: 0,
  async prepare(lab) {
    await stopEdge(lab);
    await lab.startEdge(clockOf(lab, '+0'));
    await allConnected(lab);
  },
  async hurt(lab, watch) {
    watch.begun();
    for (const offset of [...yearsOff, '+0']) {
      setClock(lab, offset);
      const beside = await lab.startConnector(lab.home, 1);
      await lab.connected(beside);
      await stop(beside);
    }
    watch.note('at each clock a connector connected anew');
  },
  async restore(lab) {
    await stopEdge(lab);
    await lab.startEdge();
    await allConnected(lab);
  },
};

export const connectorClock: ChaosCase = {
  name: 'clock-connector',
  what: "the connector's clock jumps a year ahead and a year back while it runs; one that starts so says what is wrong",
  mayFail: 0,
  async prepare(lab) {
    await stop(lab.connectors[0]!);
    lab.connectors[0] = await lab.startConnector(lab.home, 0, clockOf(lab, '+0'));
    await allConnected(lab);
  },
  async hurt(lab, watch) {
    watch.begun();
    for (const offset of yearsOff) {
      setClock(lab, offset);
      const late = await lab.startConnector(lab.home, 1, clockOf(lab, offset));
      await said(late.running, /clock|expired|not yet valid/i);
      setClock(lab, '+0');
      // Nobody starts it anew.
      await lab.connected(late);
      await stop(late);
    }
    watch.note('connected by itself once the clock was right');
  },
  async restore(lab) {
    await stop(lab.connectors[0]!);
    await restartConnector(lab);
  },
};

export const diskFull: ChaosCase = {
  name: 'disk-full',
  what: "the edge's data folder has no byte left",
  mayFail: 0,
  async prepare(lab) {
    await stopEdge(lab);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'sallyport-chaos', lab.path('data')]);
    await lab.startEdge();
    await allConnected(lab);
  },
  async hurt(lab, watch) {
    watch.begun();
    fill(lab.path('data/ballast'));
    const before = timesSaid(lab.edge, applied);
    lab.writeEdgeConfig({ logLevel: 'info' });
    await eventually(
      'a change is applied all the same',
      () => timesSaid(lab.edge, applied) > before,
      startLimitMs,
    );
    const beside = await lab.startConnector(lab.home, 1);
    await lab.connected(beside);
    await stop(beside);
    rmSync(lab.path('data/ballast'));
  },
  async restore(lab) {
    await stopEdge(lab);
    await run('umount', [lab.path('data')]);
    lab.writeEdgeConfig();
    await lab.startEdge();
    await allConnected(lab);
  },
};

export const storeDamaged: ChaosCase = {
  name: 'store-damaged',
  what: 'pages of the store are overwritten while the edge runs',
  mayFail: 0,
  async hurt(lab, watch) {
    watch.begun();
    const file = openSync(lab.path('data/sallyport.db'), 'r+');
    // Behind the first page, which says what kind of file this is.
    writeSync(file, Buffer.alloc(16_384, 0xa5), 0, 16_384, 4_096);
    closeSync(file);
    const before = timesSaid(lab.edge, applied);
    lab.writeEdgeConfig({ logLevel: 'debug' });
    await eventually('the edge goes on', () => timesSaid(lab.edge, applied) > before, startLimitMs);
  },
  async restore(lab) {
    await killEdge(lab);
    rmSync(lab.path('data'), { recursive: true });
    lab.writeEdgeConfig();
    await lab.startEdge();
    await allConnected(lab);
  },
};

/** Writes until nothing fits any more. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let bytes = 65_536; bytes >= 1;) {
      try {
        writeSync(file, Buffer.alloc(bytes));
      } catch {
        bytes >>>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}

async function applyTunnel(lab: Lab, tunnel: object, isRead?: () => void): Promise<void> {
  const before = timesSaid(lab.edge, applied);
  lab.writeEdgeConfig({ tunnels: [tunnel] });
  await eventually('the change is applied', () => timesSaid(lab.edge, applied) > before, startLimitMs);
  isRead?.();
}
