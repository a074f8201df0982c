// A process that stands still for a while (SIGSTOP): it keeps its sockets and takes nothing from them, so whatever is answered
// meanwhile was answered by another process that has the same sockets.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { eventually } from './eventually.ts';

/** Does the work while no thread of the process runs; afterwards it goes on, however the work ended. */
export async function whileStopped<T>(pid: number, work: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    // A thread on another core runs on for a moment, and might take a connection in it.
    await eventually(`process ${pid} stands still`, () => isStopped(pid), 30_000);
    const result = await work();
    assert.ok(isStopped(pid), 'it has stood still until the end');
    return result;
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((task) => {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    // The state is the first field after the program's name, which may have spaces and parentheses of its own.
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  });
}
