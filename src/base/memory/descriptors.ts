// File descriptors of this process: each client and each stream to an origin takes one, and who has none left cannot even
// say so to the client, for the kernel and libuv turn connections away without a word to the program.
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** How many are open, and how many there may be. */
export interface Descriptors {
  readonly open: number;
  readonly limit: number;
}

/** What would give a process more; for logs and checks. */
export const descriptorCure = 'set LimitNOFILE=65536 in the unit, or "ulimit -n"';

/** Of this process, now; undefined where the system does not say (it is not Linux). @throws EMFILE when there is none left to look with */
export function descriptorsNow(): Descriptors | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  if (soft === undefined) return undefined;
  // Since Linux 6.2 the folder's size is their number, without a walk through twenty thousand.
  const open = statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  return { open, limit: Number(soft) };
}

/** Whether an error says that there is no descriptor left, of this process or of the machine. */
export function isWithoutDescriptor(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'EMFILE' || code === 'ENFILE';
}
