// Notices that a file has a new content, however it came about: an editor's save, a rename over it, Kubernetes' swap of
// the `..data` symlink two levels up, a moment in which it was missing. Events of the file system only wake a look at the
// file's identity and time; a slow poll catches what events miss (network file systems, links far away).
import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';

export interface FileWatcher {
  close(): void;
}

/** Changes within this time count as one: editors and config mounts touch a file more than once. */
const settleMs = 100;
const pollMs = 2_000;

/** Calls `onChange` (debounced) whenever the file may have changed; not while it is missing. */
export function watchFile(file: string, onChange: () => void): FileWatcher {
  return new PollingWatcher(file, onChange);
}

class PollingWatcher implements FileWatcher {
  readonly #file: string;
  readonly #onChange: () => void;
  readonly #poll: NodeJS.Timeout;
  #folder: FSWatcher | undefined;
  #settle: NodeJS.Timeout | undefined;
  #seen: string;

  constructor(file: string, onChange: () => void) {
    this.#file = file;
    this.#onChange = onChange;
    this.#seen = identityOf(file);
    this.#poll = setInterval(() => this.#look(), pollMs);
    this.#poll.unref();
    this.#watchFolder();
  }

  close(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    this.#folder?.close();
  }

  /** The folder, not the file: a watch on the file would follow the old one after a rename. */
  #watchFolder(): void {
    try {
      this.#folder = watch(dirname(this.#file), { persistent: false }, () => this.#look());
      this.#folder.on('error', () => {
        this.#folder?.close();
        this.#folder = undefined;
      });
    } catch {
      // No folder yet, or no watches left on this machine: the poll goes on.
      this.#folder = undefined;
    }
  }

  #look(): void {
    if (!this.#folder) this.#watchFolder();
    const now = identityOf(this.#file);
    if (now === this.#seen) return;
    this.#seen = now;
    clearTimeout(this.#settle);
    if (now === '') return;
    this.#settle = setTimeout(this.#onChange, settleMs);
    this.#settle.unref();
  }
}

/** What changes when the content does, links followed; '' while there is no file. */
function identityOf(file: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    return '';
  }
}
