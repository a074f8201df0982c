// Cases of clients and origins that mean no good, and of an edge that runs out of something: honest clients go on.
import { pause } from '../../support/eventually.ts';
import { run } from '../../support/process.ts';
import { footprintOf, type Lab } from '../lab.ts';
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
    await named(lab, watch, /limit=request-timeout times=\d+/);
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

/** Longer than what an edge does now and then waits for its turn. */
const starvedMs = 35_000;

export const noDescriptors: ChaosCase = {
  name: 'no-descriptors',
  what: `the edge has no descriptor left for ${starvedMs / 1_000} s, then has`,
  async hurt(lab, watch) {
    const { pid } = lab.edge;
    const soft = (
      await run('prlimit', ['--pid', String(pid), '--nofile', '--output', 'SOFT', '--noheadings'])
    ).trim();
    watch.begun();
    await run('prlimit', ['--pid', String(pid), '--nofile=30:']);
    await named(lab, watch, /No file descriptor is left/);
    watch.noticed();
    await pause(starvedMs);
    if (lab.edge.running.exitCode() !== null) throw new Error('the edge has ended for want of descriptors');
    await run('prlimit', ['--pid', String(pid), `--nofile=${soft}:`]);
  },
};

/** A client that gives up after a while; what it got is thrown away. */
async function curl(lab: Lab, args: readonly string[]): Promise<void> {
  const { network } = lab;
  const always = ['-s', '-o', '/dev/null', '--max-time', '12', '--cacert', lab.path('ca.pem')];
  const to = ['--resolve', `app.chaos.test:443:${edgeAddress}`];
  // It ends with an error when its time is up; what counts is what honest clients see.
  await network.run(network.clients, 'sh', '-c', 'curl "$@" || true', 'curl', ...always, ...to, ...args);
}
