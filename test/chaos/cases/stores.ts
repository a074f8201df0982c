// Cases of a PostgreSQL that is killed, comes back, or hands over to its standby, while the edge serves.
import type { Health } from '#model/live/health.ts';
import { eventually, pause } from '../../support/eventually.ts';
import { DatabasePair, databaseUrl } from '../database-pair.ts';
import { type Lab, startLimitMs } from '../lab.ts';
import type { ChaosCase } from '../run-case.ts';
import { allConnected, stop, stopEdge } from './processes.ts';

/** A case with the edge's state in a PostgreSQL. */
function onPostgres(
  about: Pick<ChaosCase, 'name' | 'what'>,
  hurt: (lab: Lab, databases: DatabasePair, watch: Parameters<ChaosCase['hurt']>[1]) => Promise<void>,
): ChaosCase {
  let databases: DatabasePair | undefined;
  return {
    ...about,
    mayFail: 0,
    async prepare(lab) {
      databases = await DatabasePair.start(lab);
      await restartEdge(lab, { store: databaseUrl });
    },
    hurt: (lab, watch) => hurt(lab, databases!, watch),
    async restore(lab) {
      await restartEdge(lab, {});
      await databases?.close();
    },
  };
}

export const postgresAway = onPostgres(
  {
    name: 'postgres-away',
    what: 'the PostgreSQL that holds the state is killed, and started again after 10 s',
  },
  async (lab, databases, watch) => {
    await add(lab, 'before.chaos.test');
    watch.begun();
    await databases.kill();
    await untilStore(lab, (state) => state !== 'ok');
    watch.noticed();
    const refusal = await add(lab, 'while.chaos.test').catch((error: unknown) => String(error));
    if (!/PostgreSQL at .* cannot be reached/.test(refusal))
      watch.fault(`a change while the store is away: ${refusal}`);
    const beside = await lab.startConnector(lab.home, 1);
    await lab.connected(beside);
    await stop(beside);
    await pause(10_000);
    await databases.startAgain();
    await hasAll(lab, ['before.chaos.test', 'after.chaos.test']);
    watch.note(
      'a connector came while it was away; a change was refused with the cause, and taken afterwards',
    );
  },
);

export const postgresFailover = onPostgres(
  {
    name: 'postgres-failover',
    what: 'the PostgreSQL that holds the state is killed, and its standby takes over',
  },
  async (lab, databases, watch) => {
    await add(lab, 'before.chaos.test');
    watch.begun();
    await databases.kill();
    await untilStore(lab, (state) => state !== 'ok');
    watch.noticed();
    await databases.failOver();
    await hasAll(lab, ['before.chaos.test', 'after.chaos.test']);
    watch.note('the acknowledged change was there, and the next was taken');
  },
);

async function restartEdge(lab: Lab, change: Readonly<Record<string, unknown>>): Promise<void> {
  await stopEdge(lab);
  lab.writeEdgeConfig(change);
  await lab.startEdge();
  await allConnected(lab);
}

/** Until the edge says so of its store. */
async function untilStore(lab: Lab, isSo: (state: string) => boolean): Promise<void> {
  await eventually(
    'the edge says how its store is',
    async () => {
      const { parts } = JSON.parse(await lab.get(lab.edge, '/readyz?format=json')) as Health;
      return parts.some(({ kind, state }) => kind === 'store' && isSo(state));
    },
    startLimitMs,
  );
}

async function add(lab: Lab, hostname: string): Promise<string> {
  return await lab.command('route', 'add', hostname, '--tunnel', 'home');
}

/** Until a last change is taken, and then all are there. */
async function hasAll(lab: Lab, hostnames: readonly string[]): Promise<void> {
  await eventually(
    'a change is taken',
    async () => {
      const listed = await lab.command('route', 'list', '-o', 'json');
      if (!listed.includes(hostnames.at(-1)!)) await add(lab, hostnames.at(-1)!).catch(() => '');
      return hostnames.every((hostname) => listed.includes(hostname));
    },
    startLimitMs,
  );
  await untilStore(lab, (state) => state === 'ok');
}
