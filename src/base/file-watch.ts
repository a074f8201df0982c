// Notices when files change, by looking at them every few seconds. Looking is duller than fs.watch and never wrong:
// it sees edits in place, renames over the file, Kubernetes' swapped symlinks, network file systems, and a file that
// was away for a moment.
import { stat } from 'node:fs/promises';
import type { Clock, Timer } from './clock.ts';

export interface FileWatchOptions {
  readonly files: () => readonly string[];
  readonly clock: Clock;
  readonly everyMs: number;
  /** Called once per look that found any difference; must not throw. */
  readonly onChange: () => void;
}

/** A running watch. */
export interface FileWatch {
  /** Looks now; resolves when `onChange`, if due, has been called. */
  look(): Promise<void>;
  close(): void;
}

/** Starts to watch; the state of the files at this moment is taken as known. */
export async function watchFiles(options: FileWatchOptions): Promise<FileWatch> {
  let known = await fingerprint(options.files());
  let isClosed = false;
  let timer: Timer | undefined;
  const look = async (): Promise<void> => {
    const seen = await fingerprint(options.files());
    if (isClosed || seen === known) return;
    known = seen;
    options.onChange();
  };
  const schedule = (): void => {
    timer = options.clock.after(options.everyMs, () => {
      void look().finally(() => {
        if (!isClosed) schedule();
      });
    });
  };
  schedule();
  return {
    look,
    close() {
      isClosed = true;
      timer?.cancel();
    },
  };
}

/** Which bytes the paths lead to: device, inode, size and times, of the file behind any symlinks. */
async function fingerprint(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    files.map(async (file) => {
      try {
        const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file);
        return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
      } catch {
        return 'absent';
      }
    }),
  );
  return parts.join('|');
}
