// Cases of the edge's name in DNS: it leads elsewhere while the edge stays, or nowhere for a while.
import { eventually, pause } from '../../support/eventually.ts';
import { type Lab, timesSaid } from '../lab.ts';
import { ChaosNameServer } from '../name-server.ts';
import { edgeAddress, otherEdgeAddress } from '../network.ts';
import type { ChaosCase, Watch } from '../run-case.ts';
import { allConnected, kindsThatEnd, restartConnector, stop } from './processes.ts';

/** A case in which the home asks a real name server for the edge. */
function byName(
  about: Omit<ChaosCase, 'prepare' | 'restore' | 'hurt'>,
  hurt: (lab: Lab, names: ChaosNameServer, watch: Watch) => Promise<void>,
): ChaosCase {
  let names: ChaosNameServer | undefined;
  return {
    ...about,
    async prepare(lab) {
      names = await ChaosNameServer.start(lab);
      await lab.network.changeEdgeAddress('add', otherEdgeAddress);
    },
    hurt: (lab, watch) => hurt(lab, names!, watch),
    async restore(lab) {
      await names?.close();
      await lab.network.changeEdgeAddress('delete', otherEdgeAddress);
      await stop(lab.connectors[0]!);
      await restartConnector(lab);
    },
  };
}

/** What is there is not touched, whatever its name says meanwhile. */
const untouchedMs = 10_000;
/** Attempts of a connector that finds no name: its waits have grown by then. */
const namelessMs = 40_000;
/** One wait at most, and the attempt that ends it. */
const backWithinMs = 25_000;

export const dnsChanged = byName(
  {
    name: 'dns-changed',
    what: "only the DNS answer changes: the edge's name leads to its other address, a new connector goes there, then the first address refuses",
    load: { kinds: kindsThatEnd },
  },
  async (lab, names, watch) => {
    const { running } = lab.connectors[0]!;
    const registered = timesSaid({ running }, 'Registered tunnel connection');
    await names.answer({ address: otherEdgeAddress });
    await pause(untouchedMs);
    if (timesSaid({ running }, 'Registered tunnel connection') !== registered)
      watch.fault('connections to the first address were given up');
    const beside = await lab.startConnector(lab.home, 1);
    await lab.connected(beside);
    const arrived = await connectionsTo(lab, otherEdgeAddress);
    if (arrived !== 4) watch.fault(`${arrived} of 4 connections of a new connector go to the new address`);
    await stop(beside);
    const { failures } = await watch.load.report();
    if (failures.length > 0) watch.fault(`${failures.length} failed although both addresses serve`);
    watch.note('connections to the first address stay while it serves; a new connector went to the second');
    await refuseAt(lab, edgeAddress, 'A');
    watch.begun();
    await eventually(
      'the connector has all connections at the new address',
      async () => (await connectionsTo(lab, otherEdgeAddress)) === 4,
      60_000,
    );
    watch.noticed();
    await allConnected(lab);
    await refuseAt(lab, edgeAddress, 'D');
  },
);

/** Connections that a home has to an address of the edge. */
async function connectionsTo(lab: Lab, address: string): Promise<number> {
  const sockets = await lab.network.run(
    lab.home.host,
    'ss',
    '-Htn',
    'state',
    'established',
    'dst',
    `${address}:443`,
  );
  return sockets.split('\n').filter((line) => line !== '').length;
}

/** As a machine does that has nothing there any more: each packet is answered with a reset. A appends the rule, D deletes it. */
async function refuseAt(lab: Lab, address: string, change: 'A' | 'D'): Promise<void> {
  const rule = ['FORWARD', '-p', 'tcp', '-d', address, '-j', 'REJECT', '--reject-with', 'tcp-reset'];
  await lab.network.run(lab.home.nat, 'iptables', `-${change}`, ...rule);
}

export const dnsAway = byName(
  {
    name: 'dns-away',
    what: "the edge's name does not exist, then is not answered for (SERVFAIL, then silence), 10 s each, while connections are up",
    mayFail: 0,
  },
  async (lab, names, watch) => {
    watch.begun();
    for (const how of ['NXDOMAIN', 'SERVFAIL', 'silence'] as const) {
      await names.answer(how);
      await pause(untouchedMs);
    }
    await names.answer({ address: edgeAddress });
    await allConnected(lab);
  },
);

export const dnsAwayConnectorKilled = byName(
  {
    name: 'dns-away-connector-killed',
    what: "the connector is killed (SIGKILL) and started again while the edge's name does not exist, and while nobody answers",
  },
  async (lab, names, watch) => {
    watch.begun();
    for (const how of ['NXDOMAIN', 'silence'] as const) {
      await names.answer(how);
      await lab.connectors[0]!.running.kill();
      const connector = (lab.connectors[0] = await lab.startConnector(lab.home));
      await eventually('it says that it cannot resolve the name', () =>
        /resolve|ENOTFOUND|EAI_AGAIN/i.test(connector.running.stderr()),
      );
      watch.noticed();
      await pause(namelessMs);
      const thereMs = Date.now();
      await names.answer({ address: edgeAddress });
      await allConnected(lab);
      const backMs = Date.now() - thereMs;
      watch.note(`${how}: back ${(backMs / 1000).toFixed(1)} s after the name`);
      if (backMs > backWithinMs) watch.fault(`back after ${backMs} ms, promised are ${backWithinMs} ms`);
    }
  },
);
