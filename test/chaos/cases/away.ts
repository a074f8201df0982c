// Cases of a line that is dead for a while, and then as good as before.
import { pause } from '../../support/eventually.ts';
import { type Footprint, footprintOf, type Lab, timesSaid } from '../lab.ts';
import type { ChaosCase, Watch } from '../run-case.ts';
import { noticedAtBothEnds, pingPromiseS } from './lines.ts';
import { allConnected } from './processes.ts';

/** The line is dead for a while. */
function away(seconds: number, mayFail?: number): ChaosCase {
  return {
    name: `away-${seconds}s`,
    what: `the home's line is dead for ${seconds} s`,
    ...(mayFail !== undefined && { mayFail }),
    async hurt(lab, watch) {
      watch.begun();
      await lab.home.line.set({ dark: true });
      await pause(seconds * 1000);
      await lab.home.line.set({ dark: false });
      await allConnected(lab);
    },
  };
}

/** TCP carries a second of silence: nothing fails at all. */
export const awayOneSecond = away(1, 0);
export const awayOneMinute = away(60);

const hourMs = 3_600_000;
/** Until then the retries are still quick and what clients had open still fails. */
const settledMs = 120_000;
/** One attempt, which is given up after 10 s, and the longest wait. */
const backWithinMs = 25_000;
/** On each of four links, an attempt that nobody answers and a wait of 7.5 s on average. */
const maxAttempts = (4 * hourMs) / 10_000;
/** What an edge and a connector may hold more at the end of the hour than at its beginning. */
const mayGrow: Footprint = { memoryMiB: 24, handles: 8 };
const honestMs = 20_000;

export const awayOneHour: ChaosCase = {
  name: 'away-1h',
  what: "the home's line is dead for an hour",
  isByHand: true,
  noticedWithinS: pingPromiseS,
  // Each request of that hour fails, and is kept.
  load: { pace: 20 },
  async hurt(lab, watch) {
    const tried = (): number => timesSaid(lab.connectors[0]!, 'Retrying connection in up to');
    const before = tried();
    const goneMs = Date.now();
    await noticedAtBothEnds(lab, watch);
    await pause(settledMs);
    const early = footprints(lab);
    await pause(goneMs + hourMs - Date.now());
    compare(early, footprints(lab), watch);
    const attempts = tried() - before;
    watch.note(`${attempts} attempts`);
    if (attempts > maxAttempts) watch.fault(`${attempts} attempts, ${maxAttempts} are allowed`);
    const thereMs = Date.now();
    await lab.home.line.set({ dark: false });
    await allConnected(lab);
    const backMs = Date.now() - thereMs;
    watch.note(`back ${(backMs / 1000).toFixed(1)} s after the line`);
    if (backMs > backWithinMs) watch.fault(`back after ${backMs} ms, promised are ${backWithinMs} ms`);
    await servesHonestClients(lab, watch);
  },
};

function footprints(lab: Lab): Footprint[] {
  return [lab.edge, lab.connectors[0]!].map(footprintOf);
}

function compare(early: readonly Footprint[], late: readonly Footprint[], watch: Watch): void {
  for (const [at, name] of ['edge', 'connector'].entries()) {
    const [before, after] = [early[at]!, late[at]!];
    const text = `${name} ${before.memoryMiB}>${after.memoryMiB} MiB, ${before.handles}>${after.handles} handles`;
    watch.note(`while away: ${text}`);
    const isFlat =
      after.memoryMiB - before.memoryMiB <= mayGrow.memoryMiB &&
      after.handles - before.handles <= mayGrow.handles;
    if (!isFlat) watch.fault(`grown while away: ${text}`);
  }
}

/** Clients that come afterwards, as many as usual. */
async function servesHonestClients(lab: Lab, watch: Watch): Promise<void> {
  const load = lab.startLoad();
  await pause(honestMs);
  const { sent, failures } = await load.stop();
  const count = Object.values(sent).reduce((sum, one) => sum + one, 0);
  watch.note(`${count} requests afterwards, ${failures.length} failed`);
  if (failures.length > 0) watch.fault(`${failures.length} requests failed after the line was back`);
}
