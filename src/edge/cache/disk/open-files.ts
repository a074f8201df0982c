// Files that are being read, kept open for a while: a film is read block by block, and opening it for each would cost more
// than reading. At most so many are open; the one that was idle longest is closed for another.
import type { FileSystem, OpenFile } from './file-system.ts';

/** A small server's processes may have 1,024 files open, most of them connections. */
const maxOpen = 64;

interface Slot {
  readonly file: Promise<OpenFile>;
  /** Reads under way. */
  users: number;
}

export class OpenFiles {
  readonly #files: FileSystem;
  /** In order of last use. */
  readonly #slots = new Map<string, Slot>();

  constructor(files: FileSystem) {
    this.#files = files;
  }

  /** Reads `length` bytes at `offset`; fewer when the file ends there. */
  async read(path: string, offset: number, length: number): Promise<Buffer> {
    const slot = this.#slots.get(path) ?? { file: this.#files.open(path, 'r'), users: 0 };
    slot.users += 1;
    this.#slots.delete(path);
    this.#slots.set(path, slot);
    try {
      const file = await slot.file;
      const out = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await file.read(out, 0, length, offset);
      return out.subarray(0, bytesRead);
    } catch (error) {
      this.#slots.delete(path);
      throw error;
    } finally {
      slot.users -= 1;
      this.#closeIdle();
    }
  }

  /** Closes a file whose name leads elsewhere from now on, or nowhere. */
  forget(path: string): void {
    const slot = this.#slots.get(path);
    if (!slot) return;
    this.#slots.delete(path);
    // A read under way finishes first.
    void slot.file.then((file) => file.close()).catch(() => undefined);
  }

  #closeIdle(): void {
    for (const [path, { users }] of this.#slots) {
      if (this.#slots.size <= maxOpen) return;
      if (users === 0) this.forget(path);
    }
  }

  close(): void {
    for (const path of this.#slots.keys()) this.forget(path);
  }
}
