// Cases of two releases at once: this one, and the last (older-release.ts says which that is; the variable
// SALLYPORT_CHAOS_OLDER names another ref, or a bundled file).
import { pause } from '../../support/eventually.ts';
import type { Lab, StartOptions } from '../lab.ts';
import { lastRelease, olderProgram } from '../older-release.ts';
import type { ChaosCase } from '../run-case.ts';
import { allConnected, restartConnector, stop, stopEdge } from './processes.ts';

const servedMs = 15_000;

async function older(lab: Lab): Promise<StartOptions> {
  const wanted = process.env['SALLYPORT_CHAOS_OLDER'] ?? (await lastRelease());
  return { program: await olderProgram(wanted, lab.folder) };
}

export const olderConnector: ChaosCase = {
  name: 'older-connector',
  what: "the last release's connector with this edge",
  mayFail: 0,
  async prepare(lab) {
    await stop(lab.connectors[0]!);
    lab.connectors[0] = await lab.startConnector(lab.home, 0, await older(lab));
    await allConnected(lab);
  },
  async hurt(_lab, watch) {
    watch.begun();
    await pause(servedMs);
  },
  async restore(lab) {
    await stop(lab.connectors[0]!);
    await restartConnector(lab);
  },
};

export const olderEdge: ChaosCase = {
  name: 'older-edge',
  what: "this connector with the last release's edge",
  mayFail: 0,
  async prepare(lab) {
    await stopEdge(lab);
    await lab.startEdge(await older(lab));
    await allConnected(lab);
  },
  async hurt(_lab, watch) {
    watch.begun();
    await pause(servedMs);
  },
  async restore(lab) {
    await stopEdge(lab);
    await lab.startEdge();
    await allConnected(lab);
  },
};
