// Cases of clients and origins that mean no good, and of an edge that runs out of something: honest clients go on.
import { pause } from '../../support/eventually.ts';
import { run } from '../../support/process.ts';
import { footprintOf, type Lab, type Part } from '../lab.ts';
import { edgeAddress } from '../network.ts';
import type { ChaosCase } from '../run-case.ts';
import { givenBack, named } from './crowds.ts';

/** How slowhttptest holds on to a server: headers that never end, bodies that never end, answers that nobody reads. */
const slowModes = ['-H', '-B', '-X'] as const;
const slowSeconds = 12;
const slowConnections = 300;
/**
 * What they may take while they are there: each 64 KiB of window that it does not read, up to 60 KiB of ciphertext that the
 * system does not take, and 50 KiB of TLS, which makes 51 MiB; 24 MiB that all windows of the process may grow by together
 * (`processWindowBytes`); and what waits to be collected.
 */
const mayTakeMiB = 96;

export const slowClients: ChaosCase = {
  name: 'slow-clients',
  what: `slowhttptest holds ${slowConnections} connections in each of its three ways`,
  mayFail: 0,
  async hurt(lab, watch) {
    const url = 'https://app.chaos.test/content/1/1000000';
    lab.network.setHosts(lab.network.clients, { 'app.chaos.test': edgeAddress });
    const before = footprintOf(lab.edge).memoryMiB;
    watch.begun();
    let most = before;
    const look = setInterval(() => (most = Math.max(most, footprintOf(lab.edge).memoryMiB)), 250);
    try {
      for (const mode of slowModes) {
        const rate = ['-c', String(slowConnections), '-r', '100', '-l', String(slowSeconds), '-i', '3'];
        await lab.network.run(lab.network.clients, 'slowhttptest', mode, ...rate, '-u', url);
      }
    } finally {
      clearInterval(look);
    }
    watch.note(`${slowModes.length} times ${slowSeconds} s; ${before} MiB before, ${most} at most`);
    if (most > before + mayTakeMiB) watch.fault(`they took ${most - before} MiB, ${mayTakeMiB} are allowed`);
    await named(lab.edge, watch, /limit=request-timeout times=\d+/);
    await givenBack(lab, watch, before);
  },
};

export const endlessBody: ChaosCase = {
  name: 'endless-body',
  what: 'a client begins a download of 100 GB and reads it slowly; another posts without end',
  mayFail: 0,
  mayGrowMiB: 64,
  async hurt(lab, watch) {
    watch.begun();
    const hundredGigabytes = 100_000_000_000;
    await Promise.all([
      curl(lab, ['--limit-rate', '2M', `https://app.chaos.test/content/5/${hundredGigabytes}`]),
      curl(lab, [
        '--limit-rate',
        '2M',
        '-T',
        '/dev/zero',
        `https://app.chaos.test/check/5/${hundredGigabytes}`,
      ]),
    ]);
  },
};

export const compressedBomb: ChaosCase = {
  name: 'zip-bomb',
  what: 'an origin answers with gzip that swells to a gigabyte, to clients that want it and to one that does not',
  mayFail: 0,
  mayGrowMiB: 64,
  async hurt(lab, watch) {
    watch.begun();
    for (let round = 0; round < 5; round += 1) {
      await curl(lab, ['-H', 'Accept-Encoding: gzip', 'https://app.chaos.test/bomb/1']);
      await curl(lab, ['-H', 'Accept-Encoding: identity', 'https://app.chaos.test/bomb/1']);
    }
  },
};

const noneLeft = /No file descriptor is left/;
/** Longer than what an edge does now and then waits for its turn. */
const starvedMs = 35_000;

export const noDescriptors: ChaosCase = {
  name: 'no-descriptors',
  what: `the edge has no descriptor left for ${starvedMs / 1_000} s, then has`,
  async hurt(lab, watch) {
    await starve(lab.edge, async () => {
      watch.begun();
      await named(lab.edge, watch, noneLeft);
      watch.noticed();
    });
  },
};

export const noDescriptorsAtHome: ChaosCase = {
  name: 'no-descriptors-at-home',
  what: `the connector has no descriptor left for ${starvedMs / 1_000} s, then has`,
  async hurt(lab, watch) {
    const connector = lab.connectors[0]!;
    await starve(connector, async () => {
      watch.begun();
      await named(connector, watch, noneLeft);
      watch.noticed();
    });
    if ((await lab.readyConnections(connector)) !== 4) watch.fault('its connections to the edge were lost');
  },
};

/** Takes a process its descriptors for a while; those that it has it keeps. */
async function starve({ name, pid, running }: Part, meanwhile: () => Promise<void>): Promise<void> {
  const asked = ['--pid', String(pid), '--nofile', '--output', 'SOFT', '--noheadings'];
  const soft = (await run('prlimit', asked)).trim();
  await run('prlimit', ['--pid', String(pid), '--nofile=10:']);
  await meanwhile();
  await pause(starvedMs);
  if (running.exitCode() !== null) throw new Error(`${name} has ended for want of descriptors`);
  await run('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
}

/** A client that gives up after a while; what it got is thrown away. */
async function curl(lab: Lab, args: readonly string[]): Promise<void> {
  const { network } = lab;
  const always = ['-s', '-o', '/dev/null', '--max-time', '12', '--cacert', lab.path('ca.pem')];
  const to = ['--resolve', `app.chaos.test:443:${edgeAddress}`];
  // It ends with an error when its time is up; what counts is what honest clients see.
  await network.run(network.clients, 'sh', '-c', 'curl "$@" || true', 'curl', ...always, ...to, ...args);
}
