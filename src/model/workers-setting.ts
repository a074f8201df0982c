// What `workers` of edge.yml and `--workers` may be: a number of processes, or as many as the machine has cores for.

/** Processes of one edge, or `auto`: see workerCount in roles/workers. */
export type WorkersSetting = number | 'auto';

/** More than most machines have cores. */
export const mostWorkers = 64;

/** Reads the setting as it is typed; undefined for anything else. */
export function parseWorkers(text: string): WorkersSetting | undefined {
  if (text === 'auto') return text;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= mostWorkers ? count : undefined;
}
