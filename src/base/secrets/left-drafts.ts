// Files are written under a name of the writer's own first and then put in place (private-file.ts). A process that is killed
// in between leaves the draft for ever, with whatever secret it holds: the next start takes it away.
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** `FILE.PID.new`, or with a few letters more where several writers of one process must be kept apart. */
const draftName = /\.\d+(?:-[0-9a-f]+)?\.new$/;

/** A draft is there for milliseconds. One that is younger may be another's at work: processes in other containers share folders. */
const leftAfterMs = 60_000;

/** Deletes what was left in a folder, and with `isDeep` in those below; a folder that is not there has none. */
export function removeLeftDrafts(folder: string, nowMs: number, isDeep = false): void {
  for (const name of namesIn(folder, isDeep)) {
    if (!draftName.test(name)) continue;
    const path = join(folder, name);
    try {
      if (nowMs - statSync(path).mtimeMs > leftAfterMs) rmSync(path, { force: true });
    } catch {
      // It was another's after all, and is in place by now; or it stays.
    }
  }
}

function namesIn(folder: string, isDeep: boolean): string[] {
  try {
    return readdirSync(folder, { recursive: isDeep, encoding: 'utf8' });
  } catch {
    return [];
  }
}
