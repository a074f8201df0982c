// Cases of the line between a home and the edge: silent, lossy, slow, at another address.
import { eventually, pause } from '../../support/eventually.ts';
import type { Lab } from '../lab.ts';
import { goodLine, type LineWay, starlinkBlinkMs, starlinkLine } from '../link.ts';
import { edgeAddress, edgeName, otherEdgeAddress } from '../network.ts';
import type { ChaosCase, Watch } from '../run-case.ts';
import { allConnected, edgeDisconnects, kindsThatEnd } from './processes.ts';

/** What the design promises, by the words of both ends' logs: asking them takes a while on a busy machine. */
export const pingPromiseS = 15;

/** Bytes of one direction, or both, vanish until both ends know. */
function halfOpen(way: LineWay, name: string): ChaosCase {
  return {
    name: `half-open-${name}`,
    what: `what goes ${name === 'both' ? 'either way' : name} between home and edge vanishes`,
    noticedWithinS: pingPromiseS,
    async hurt(lab, watch) {
      await noticedAtBothEnds(lab, watch, way);
      await lab.home.line.set({ dark: false });
      await allConnected(lab);
    },
  };
}

/** Makes the line dark, and waits until both ends say that all four connections are lost. */
export async function noticedAtBothEnds(lab: Lab, watch: Watch, way?: LineWay): Promise<void> {
  const before = await edgeDisconnects(lab);
  const ends = [lab.edge, lab.connectors[0]!].map(({ running }) => ({
    running,
    from: running.stderr().length,
  }));
  watch.begun();
  await lab.home.line.set({ dark: true }, way);
  await eventually('the edge has noticed', async () => (await edgeDisconnects(lab)) >= before + 4, 60_000);
  await eventually(
    'the connector has noticed',
    async () => (await lab.readyConnections(lab.connectors[0]!)) === 0,
    60_000,
  );
  watch.noticed(Math.max(...ends.map(({ running, from }) => lastLossMs(running.stderr().slice(from), 4))));
}

/** When the last of the first `count` connections was given up, as a log says it: it has whole seconds, so this is their middle. */
function lastLossMs(log: string, count: number): number {
  const lost = log.split('\n').filter((line) => /Tunnel connection ended|Lost connection with/.test(line));
  return Date.parse(lost.slice(0, count).at(-1)!.split(' ')[0]!) + 500;
}

export const halfOpenUp = halfOpen('up', 'up');
export const halfOpenDown = halfOpen('down', 'down');
export const halfOpenBoth = halfOpen('both', 'both');

export const addressChanged: ChaosCase = {
  name: 'address-changed',
  what: 'the home gets another public address; what was open goes nowhere',
  noticedWithinS: pingPromiseS,
  async hurt(lab, watch) {
    const before = await edgeDisconnects(lab);
    watch.begun();
    await lab.network.changeAddress(lab.home, 77);
    await eventually('the edge has noticed', async () => (await edgeDisconnects(lab)) >= before + 4, 60_000);
    watch.noticed();
    await allConnected(lab);
  },
};

export const natFlushed: ChaosCase = {
  name: 'nat-flushed',
  what: "the home's router forgets its mappings",
  noticedWithinS: pingPromiseS,
  async hurt(lab, watch) {
    const before = await edgeDisconnects(lab);
    watch.begun();
    await lab.network.flushNat(lab.home);
    await eventually('the edge has noticed', async () => (await edgeDisconnects(lab)) >= before + 4, 60_000);
    watch.noticed();
    await allConnected(lab);
  },
};

export const packetsTooLong: ChaosCase = {
  name: 'mtu-black-hole',
  what: 'packets beyond 1,300 bytes vanish for 20 s, without a word; pings are short and pass',
  async hurt(lab, watch) {
    watch.begun();
    await lab.home.line.set({ largest: 1_300 });
    await pause(20_000);
    await lab.home.line.set({ largest: 0 });
    await allConnected(lab);
  },
};

export const lossy: ChaosCase = {
  name: 'loss-30',
  what: '30 % of the packets are lost each way for 20 s',
  load: { pace: 4, timeoutMs: 30_000 },
  async hurt(lab, watch) {
    watch.begun();
    await lab.home.line.set({ lossPct: 30 });
    await pause(20_000);
    await lab.home.line.set(goodLine);
    await allConnected(lab);
  },
};

export const starlink: ChaosCase = {
  name: 'starlink',
  what: '40 ms, jitter, 0.7 % loss and a blink every 15 s, for three of them',
  mayFail: 0,
  load: { pace: 2, timeoutMs: 30_000 },
  async hurt(lab, watch) {
    watch.begun();
    await lab.home.line.set(starlinkLine);
    for (let blink = 0; blink < 3; blink += 1) {
      await pause(starlinkBlinkMs.every);
      await lab.home.line.set({ dark: true });
      await pause(starlinkBlinkMs.dark);
      await lab.home.line.set({ dark: false });
    }
    await lab.home.line.set(goodLine);
  },
};

/** A ping has been sent by then, and its answer is overdue (tunnel/session/keepalive.ts). */
const newcomersAfterMs = 7_500;

export const oneOfFourStalled: ChaosCase = {
  name: 'one-of-four',
  what: 'one of the four connections goes silent; the others carry on',
  noticedWithinS: pingPromiseS,
  async hurt(lab, watch) {
    const sockets = await lab.network.run(lab.home.host, 'ss', '-Htn', 'dst', `${edgeAddress}:443`);
    const port = /:(\d+)\s+198\.51/.exec(sockets)?.[1];
    if (port === undefined) throw new Error(`no connection found: ${sockets}`);
    const rule = ['FORWARD', '-p', 'tcp', '--sport', port, '-j', 'DROP'];
    const before = await edgeDisconnects(lab);
    watch.begun();
    await lab.network.run(lab.home.nat, 'iptables', '-I', ...rule);
    await pause(newcomersAfterMs);
    const newcomers = lab.startLoad({ kinds: kindsThatEnd });
    await eventually('the edge has noticed', async () => (await edgeDisconnects(lab)) > before, 60_000);
    watch.noticed();
    const { failures } = await newcomers.stop();
    if (failures.length > 0) watch.fault(`${failures.length} failed of clients that came while it was quiet`);
    await allConnected(lab);
    const lost = (await edgeDisconnects(lab)) - before;
    if (lost !== 1) watch.fault(`${lost} connections were lost, not one`);
    await lab.network.run(lab.home.nat, 'iptables', '-D', ...rule);
  },
};

export const edgeMoved: ChaosCase = {
  name: 'edge-moved',
  what: "the edge's name leads to another address, and the first one is gone; clients stay at the second",
  load: { kinds: ['small'] },
  async hurt(lab, watch) {
    await moveEdge(lab, otherEdgeAddress, edgeAddress);
    watch.begun();
    await eventually('clients fail', async () => (await watch.load.report()).failures.length > 0);
    watch.noticed();
    await allConnected(lab);
    watch.note('the connector found the second address by itself');
    await moveEdge(lab, edgeAddress, otherEdgeAddress);
    await allConnected(lab);
  },
};

async function moveEdge(lab: Lab, to: string, from: string): Promise<void> {
  const { running } = lab.connectors[0]!;
  const arrived = (): number =>
    running
      .stderr()
      .split(`Registered tunnel connection`)
      .filter((part) => part.includes(` ip=${to}:`)).length;
  const before = arrived();
  await lab.network.changeEdgeAddress('add', to);
  await lab.network.changeEdgeAddress('delete', from);
  for (const { host } of lab.network.homes) lab.network.setHosts(host, { [edgeName]: to });
  await eventually('the connector has all its connections there', () => arrived() >= before + 4, 60_000);
}
