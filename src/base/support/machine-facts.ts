// What a helper asks first about a machine, and checks of it that need nobody's word: program, system, limits, room on disk.
import { statfsSync, statSync } from 'node:fs';
import { arch, cpus, freemem, release, totalmem, type } from 'node:os';
import { errorText } from '../errors.ts';
import { descriptorCure, descriptorsNow } from '../memory/descriptors.ts';
import { version } from '../version.ts';

/** Facts by name. */
export function machineFacts(nowMs: number): Record<string, unknown> {
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    ...{ sallyport: version, node: process.version, system: `${type()} ${release()}`, arch: arch() },
    ...{ processors: cpus().length, memoryBytes: totalmem(), freeMemoryBytes: freemem() },
    ...{ residentBytes: rss, heapBytes: heapUsed, externalBytes: external },
    ...{ upSeconds: Math.round(process.uptime()), atTime: new Date(nowMs).toISOString() },
    ...{ timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    // Values may be secrets; names say what was set.
    environment: Object.keys(process.env).toSorted((a, b) => (a < b ? -1 : 1)),
  };
}

/** One check with what to do when it is not good. */
export interface MachineCheck {
  readonly name: string;
  readonly isGood: boolean;
  readonly detail: string;
  readonly cure: string;
}

/** Each client takes one; Debian's default of 1,024 is soon used up. */
const fewDescriptors = 8_192;
const littleDiskBytes = 200 * 1024 * 1024;

/** Checks of the machine an edge or a connector runs on. */
export function checkMachine(dataDir: string): MachineCheck[] {
  return [checkDescriptors(), ...(dataDir === '' ? [] : [checkDisk(dataDir), checkFolder(dataDir)])];
}

function checkDescriptors(): MachineCheck {
  const limit = descriptorLimit();
  return {
    name: 'file descriptors',
    isGood: limit === undefined || limit >= fewDescriptors,
    detail: limit === undefined ? 'The limit is not known.' : `The process may have ${limit}.`,
    cure: `${descriptorCure[0]!.toUpperCase()}${descriptorCure.slice(1)}.`,
  };
}

function descriptorLimit(): number | undefined {
  try {
    return descriptorsNow()?.limit;
  } catch {
    return undefined;
  }
}

function checkDisk(folder: string): MachineCheck {
  const cure = 'Make room: the store and the logs need it.';
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    return {
      ...{ name: 'room on disk', isGood: free >= littleDiskBytes, cure },
      detail: `${Math.round(free / 1e6)} MB are free at the data folder.`,
    };
  } catch (error) {
    return { name: 'room on disk', isGood: false, detail: errorText(error), cure };
  }
}

function checkFolder(folder: string): MachineCheck {
  const cure = `Run "chmod 700 ${folder}".`;
  try {
    const mode = statSync(folder).mode & 0o777;
    return {
      ...{ name: 'data folder', isGood: (mode & 0o077) === 0, cure },
      detail: `Its mode is ${mode.toString(8)}.`,
    };
  } catch (error) {
    return { name: 'data folder', isGood: false, detail: errorText(error), cure };
  }
}
