// One stored response on disk, as memory knows it: enough to find it, to purge it and to throw it out, and no more.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { addressOf } from '#http/cache/cache-key.ts';
import { parseTags } from '#http/cache/response-facts.ts';
import type { Keyed } from '../key-index.ts';
import type { Purgeable } from '../purges.ts';
import type { FifoNode } from '../s3-fifo.ts';
import type { EntryHeader } from './entry-file.ts';

export class DiskRecord implements Keyed, FifoNode, Purgeable {
  readonly key: string;
  readonly vary: readonly string[];
  readonly variant: string;
  readonly part = undefined;
  readonly tags: readonly string[];
  /** Of its file. */
  readonly name: string;
  readonly bodyBytes: number;
  readonly requestWallMs: number;
  readonly status: number;
  readonly contentType: string;
  readonly storedWallMs: number;
  /** Wall time at which it is, or was, no longer fresh. */
  readonly freshUntilWallMs: number;
  purgeCount: number;
  nextVariant: Keyed | undefined;
  isListed = false;
  /** Who waits for it to be read. */
  waiting: Array<() => void> | undefined;
  // FifoNode.
  chargedBytes: number;
  queue: FifoNode['queue'] = 'none';
  frequency = 0;
  newer: FifoNode | undefined;
  older: FifoNode | undefined;
  readonly ghostHash: number;

  constructor(
    header: EntryHeader,
    file: { readonly bodyBytes: number; readonly fileBytes: number; readonly purgeCount: number },
  ) {
    const { key, vary, variant, list, requestWallMs } = header;
    this.key = key;
    this.vary = vary;
    this.variant = variant;
    this.tags = tagsOf(list);
    this.name = fileName(key, variant);
    this.bodyBytes = file.bodyBytes;
    this.requestWallMs = requestWallMs;
    this.status = header.status;
    this.contentType = valueOf(list, 'content-type');
    this.storedWallMs = header.receivedWallMs;
    this.freshUntilWallMs = header.receivedWallMs + header.lifetimeMs - header.initialAgeMs;
    this.purgeCount = file.purgeCount;
    // A file system gives room in blocks.
    this.chargedBytes = Math.ceil(file.fileBytes / diskBlockBytes) * diskBlockBytes;
    this.ghostHash = crc32(this.name);
  }

  get host(): string {
    return addressOf(this.key).host;
  }

  get url(): string {
    return addressOf(this.key).url;
  }

  get path(): string {
    return addressOf(this.key).path;
  }
}

const diskBlockBytes = 4096;

/** The file of a key and variant: the same in every process. */
export function fileName(key: string, variant: string): string {
  return createHash('sha256').update(`${key}\0${variant}`).digest('hex').slice(0, 32);
}

/** Where a file of that name stands in the cache's folder. */
export function filePath(folder: string, name: string): string {
  return `${folder}/${name.slice(0, 2)}/${name}`;
}

function tagsOf(list: readonly string[]): readonly string[] {
  return parseTags(valueOf(list, 'cache-tag'), valueOf(list, 'surrogate-key'));
}

/** A field's values of a list of names and values. */
function valueOf(list: readonly string[], wanted: string): string {
  const found: string[] = [];
  for (let i = 0; i < list.length; i += 2) if (list[i]!.toLowerCase() === wanted) found.push(list[i + 1]!);
  return found.join(', ');
}
