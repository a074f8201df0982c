// The edge role's part in a handover (handover.ts): on SIGUSR2, or `sallyport edge upgrade`, a successor is started from the
// program that is on the disk by now; this process goes on until its last client has gone. If the successor does not come
// up, nothing has happened. A file in the data folder says which process serves.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { EdgeNode } from '../edge-node.ts';
import { FinishGrace } from './finish-grace.ts';
import { succeed } from './handover.ts';

/** Connectors that were here may take so long to arrive at the successor; requests for them wait. */
export const arrivalMs = 15_000;

/** What lasts (downloads, WebSockets) may go on here for so long; then a WebSocket's client is told goodbye. */
const leaveGraceMs = 600_000;

/** Holds the number of the process that serves; in the data folder. */
export const pidFileName = 'edge.pid';

export interface SuccessionOptions {
  readonly node: EdgeNode;
  /** What this process was started with: `edge run --config ...` */
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** What is left at the edge before this one must end soon: two processes are enough. */
  readonly finishPredecessor: () => void;
}

/**
 * Hands the edge over; true once a successor serves and everything here has ended, false when there is none and this edge
 * goes on.
 */
export async function handOver(options: SuccessionOptions): Promise<boolean> {
  const { node, args, clock, log, stop, finishPredecessor } = options;
  log.info('Starting a successor; it takes the listening sockets over');
  let hasLetGo = false;
  try {
    const successor = await succeed({
      ...{ clock, args },
      sockets: node.instance.sockets(),
      async letGo() {
        // Connectors on their way here would pass this edge by, and requests that wait for them here would wait in vain.
        await node.instance.edge.arrived(stop);
        finishPredecessor();
        hasLetGo = true;
        await node.letGo();
        return await node.instance.inheritance(arrivalMs);
      },
    });
    await successor.ready();
    if (stop.aborted) {
      successor.end();
      return false;
    }
    log.info('The successor serves; connectors and clients are asked to move there', { pid: successor.pid });
    const grace = new FinishGrace(successor.finish, clock);
    try {
      await node.instance.leave(leaveGraceMs, AbortSignal.any([stop, grace.over]));
    } finally {
      grace.close();
    }
    successor.release();
    return true;
  } catch (error) {
    log.error(`${errorText(error)} This edge goes on as before.`);
    if (hasLetGo) node.resume();
    return false;
  }
}

/** Notes that this process serves now; the returned function takes the note away, unless it is another's by then. */
export function notePid(dataDir: string): () => void {
  const file = join(dataDir, pidFileName);
  writeFileSync(`${file}.new`, `${process.pid}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return () => {
    if (readPid(dataDir) === process.pid) rmSync(file, { force: true });
  };
}

/**
 * Whether a process is an edge by its command line: one that was killed leaves its number in the data folder, and the system gives
 * it to whoever comes, whom a SIGUSR2 would end. Where a system does not show command lines (no /proc), it is taken for one.
 */
export function isEdgeProcess(pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return words.includes('edge') && words.includes('run');
  } catch {
    return !existsSync('/proc/self/cmdline');
  }
}

/** The process that serves from a data folder, undefined when none has said so. */
export function readPid(dataDir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dataDir, pidFileName), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A service of `Type=notify` with `NotifyAccess=all` learns that this process serves, and is the main one now. */
export function tellSystemd(log: Log): void {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  execFile('systemd-notify', ['--ready', `--pid=${process.pid}`], (error) => {
    if (error) log.warn('systemd could not be told that the edge is ready', { error: errorText(error) });
  });
}
