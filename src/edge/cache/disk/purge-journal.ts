// Purges that must outlive the process: what was purged and when, one JSON line each, written and synced before a purge is
// reported done. A start reads them before any file is believed; once every file is gone that they cover, they go too.
import { z } from 'zod';
import { isUnder } from '../../routes/router.ts';
import type { FileSystem } from './file-system.ts';

const scopeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('all') }),
  z.strictObject({ kind: z.literal('host'), host: z.string() }),
  z.strictObject({ kind: z.literal('prefix'), host: z.string(), path: z.string() }),
  z.strictObject({ kind: z.literal('tag'), tag: z.string() }),
  /** The address part of a key. */
  z.strictObject({ kind: z.literal('address'), address: z.string() }),
]);
const lineSchema = z.strictObject({ wallMs: z.number(), scope: scopeSchema });

/** A purge as it is written down. */
export type JournalScope = z.infer<typeof scopeSchema>;
type Line = z.infer<typeof lineSchema>;

/** What lines are held against. */
export interface JournalSubject {
  readonly key: string;
  readonly host: string;
  readonly path: string;
  readonly tags: readonly string[];
  /** Wall time at which its request was sent. */
  readonly requestWallMs: number;
}

export class PurgeJournal {
  readonly #files: FileSystem;
  readonly #path: string;
  #lines: Line[] = [];
  /** Lines are written one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(files: FileSystem, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Reads what an earlier process has left; a line that was cut off while it was written says nothing. */
  async open(): Promise<void> {
    const text = await this.#files.readFile(this.#path).then(
      (bytes) => bytes.toString('utf8'),
      () => '',
    );
    for (const line of text.split('\n')) {
      const parsed = lineSchema.safeParse(parse(line));
      if (parsed.success) this.#lines.push(parsed.data);
    }
  }

  /** Whether a purge after its request covers it. */
  covers(subject: JournalSubject): boolean {
    return this.#lines.some(({ wallMs, scope }) => wallMs >= subject.requestWallMs && names(scope, subject));
  }

  /** Writes a purge down; done when it would survive a loss of power. @throws when the disk does not take it */
  add(wallMs: number, scope: JournalScope): Promise<void> {
    const line: Line = { wallMs, scope };
    this.#lines.push(line);
    return this.#inOrder(async () => {
      const file = await this.#files.open(this.#path, 'a');
      try {
        const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
        await file.write(bytes, 0, bytes.length);
        await file.sync();
      } finally {
        await file.close();
      }
    });
  }

  /** Forgets all lines up to `wallMs`: nothing that they cover is there any more. */
  async settle(wallMs: number): Promise<void> {
    this.#lines = this.#lines.filter((line) => line.wallMs > wallMs);
    if (this.#lines.length > 0) return;
    await this.#inOrder(async () => {
      if (this.#lines.length === 0) await this.#files.unlink(this.#path).catch(() => undefined);
    });
  }

  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function names(scope: JournalScope, { key, host, path, tags }: JournalSubject): boolean {
  switch (scope.kind) {
    case 'all':
      return true;
    case 'host':
      return scope.host === host;
    case 'prefix':
      return scope.host === host && isUnder(path, scope.path);
    case 'tag':
      return tags.includes(scope.tag);
    default:
      return key === scope.address || key.startsWith(`${scope.address}\n`);
  }
}
