// Notices that files lead to other bytes, however that came about: an edit in place, a rename over the file, Kubernetes'
// swap of the `..data` symlink two levels up, a moment in which it was away. Looking at identity and times every few
// seconds is duller than events and never wrong (network file systems, links into far folders); events of the folders
// only make the next look come sooner.
import { type FSWatcher, type Stats, statSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from './clock.ts';

export interface FileWatchOptions {
  /** Asked at every look, as the list may change. */
  readonly files: () => readonly string[];
  readonly clock: Clock;
  /** How often to look when no event says anything. */
  readonly everyMs: number;
  /** Wait for a file that is away instead of calling that a change: editors and mounts replace files in two steps. */
  readonly waitsForMissing?: boolean;
  /** Called once per look that found a difference, and never again before it is done; must not throw. */
  readonly onChange: () => void | Promise<void>;
}

/** A running watch. */
export interface FileWatch {
  /** Looks now; resolves when `onChange`, if due, is done. */
  look(): Promise<void>;
  close(): void;
}

/** Events this close together are one change: whoever writes a file touches it more than once. */
const settleMs = 100;
const absent = 'absent';

/** Starts to watch; the state of the files at this moment is taken as known. */
export function watchFiles(options: FileWatchOptions): FileWatch {
  return new RunningFileWatch(options);
}

class RunningFileWatch implements FileWatch {
  readonly #options: FileWatchOptions;
  readonly #folders = new Map<string, FSWatcher>();
  #known: string;
  #looking: Promise<void> = Promise.resolve();
  #poll: Timer | undefined;
  #settle: Timer | undefined;
  #isClosed = false;

  constructor(options: FileWatchOptions) {
    this.#options = options;
    this.#known = options.files().map(identityNow).join('|');
    this.#watchFolders();
    this.#schedule();
  }

  /** Looks one after the other: a change that comes while the last is applied is applied after it. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  close(): void {
    this.#isClosed = true;
    this.#poll?.cancel();
    this.#settle?.cancel();
    for (const folder of this.#folders.keys()) this.#unwatch(folder);
  }

  async #lookOnce(): Promise<void> {
    const { files, waitsForMissing, onChange } = this.#options;
    const identities = await Promise.all(files().map(identityOf));
    if (this.#isClosed) return;
    this.#watchFolders();
    const seen = identities.join('|');
    if (seen === this.#known || (waitsForMissing && identities.includes(absent))) return;
    this.#known = seen;
    await onChange();
  }

  #schedule(): void {
    const { clock, everyMs } = this.#options;
    this.#poll = clock.after(everyMs, () => {
      void this.look().finally(() => {
        if (!this.#isClosed) this.#schedule();
      });
    });
  }

  #onEvent(): void {
    this.#settle?.cancel();
    this.#settle = this.#options.clock.after(settleMs, () => void this.look());
  }

  /** Folders, not files: a watch on a file would follow the old one after a rename. */
  #watchFolders(): void {
    const wanted = new Set(this.#options.files().map((file) => dirname(file)));
    for (const folder of this.#folders.keys()) if (!wanted.has(folder)) this.#unwatch(folder);
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#watchFolder(folder);
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => this.#onEvent());
      watcher.on('error', () => this.#unwatch(folder));
      this.#folders.set(folder, watcher);
    } catch {
      // No such folder yet, or no watches left on this machine: the regular look tries again.
    }
  }

  #unwatch(folder: string): void {
    this.#folders.get(folder)?.close();
    this.#folders.delete(folder);
  }
}

async function identityOf(file: string): Promise<string> {
  try {
    return identity(await stat(file));
  } catch {
    return absent;
  }
}

function identityNow(file: string): string {
  try {
    return identity(statSync(file));
  } catch {
    return absent;
  }
}

/** What changes when the bytes do, links followed. */
function identity({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}
