// What `sallyport edge upgrade` does: asks the process that serves from a data folder for a successor, and waits until
// there is one.
import { errorText, SallyportError } from '#base/errors.ts';
import { readEdgeConfig } from '#config/edge-config.ts';
import { isEdgeProcess, pidFileName, readPid } from './edge-succession.ts';

/** The limits of handover.ts, one after the other, and a little. */
const upgradeLimitMs = 200_000;
const lookEveryMs = 100;

/** Numbers of the process that served and of the one that serves now. @throws SallyportError when there is none, or no other */
export async function upgradeEdge(
  configFile: string,
  wait: (ms: number) => Promise<void>,
): Promise<{ readonly before: number; readonly after: number }> {
  const { dataDir } = readEdgeConfig(configFile);
  const before = readPid(dataDir);
  if (before === undefined) {
    throw new SallyportError(
      'not-found',
      `No edge runs with the data folder ${dataDir} (it has no ${pidFileName}); start one with "sallyport edge run".`,
    );
  }
  if (!isEdgeProcess(before)) {
    throw new SallyportError(
      'not-found',
      `No edge runs with the data folder ${dataDir}: its ${pidFileName} names process ${before}, which is no edge: the one that ran was killed; start one with "sallyport edge run".`,
    );
  }
  try {
    process.kill(before, 'SIGUSR2');
  } catch (error) {
    throw new SallyportError(
      'not-found',
      `The edge, process ${before}, cannot be reached (${errorText(error)}); start it with "sallyport edge run", or run this as its user.`,
    );
  }
  for (let waitedMs = 0; waitedMs < upgradeLimitMs; waitedMs += lookEveryMs) {
    await wait(lookEveryMs);
    const after = readPid(dataDir);
    if (after !== undefined && after !== before) return { before, after };
  }
  throw new SallyportError(
    'handover-failed',
    `The edge, process ${before}, has no successor after ${upgradeLimitMs / 1000} s; its log says why, and it goes on.`,
  );
}
