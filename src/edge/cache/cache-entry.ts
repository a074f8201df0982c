// One stored response: its head in the forms that answers need, its times, its body, and its place in the queues. The
// body may still be coming in.
import { crc32 } from 'node:zlib';
import type { Coding } from '#model/routes/compression-policy.ts';
import type { Fields } from '#http/exchange.ts';
import { addressOf } from '#http/cache/cache-key.ts';
import { cacheStatusLines } from '#http/cache/cache-status.ts';
import { codedHeadChange } from '#http/coding/coded-head.ts';
import { ageMs, freshForMs } from '#http/cache/freshness.ts';
import type { Freshness } from '#http/cache/freshness.ts';
import type { ResponseFacts } from '#http/cache/response-facts.ts';
import { fieldLines } from '#http/cache/stored-fields.ts';
import type { Validators } from '#http/cache/validators.ts';
import type { Keyed } from './key-index.ts';
import type { FifoNode } from './s3-fifo.ts';
import type { StoredBody } from './stored-body.ts';

/** What an entry is made of. */
export interface EntryParts {
  readonly key: string;
  /** The names of Vary, and the request's values of them. */
  readonly vary: readonly string[];
  readonly variant: string;
  readonly status: number;
  /** Kept fields: names and values in turn. */
  readonly list: readonly string[];
  readonly facts: ResponseFacts;
  readonly freshness: Freshness;
  readonly body: StoredBody;
  /** For a part of a representation: where it begins and how long the whole is (-1: unknown). */
  readonly part: { readonly first: number; readonly total: number } | undefined;
  /** Count of purges when the request for it was sent. */
  readonly purgeCount: number;
  /** Wall times in milliseconds: when its request was sent, and when it came. */
  readonly requestWallMs: number;
  readonly storedWallMs: number;
}

/** What is charged beside the body: objects, head twice, map slots; measured at about 1 KiB plus text. */
const overheadBytes = 1024;

export class CacheEntry implements FifoNode, Keyed {
  readonly key: string;
  readonly vary: readonly string[];
  readonly variant: string;
  readonly status: number;
  readonly part: EntryParts['part'];
  readonly host: string;
  readonly path: string;
  readonly url: string;
  list: readonly string[];
  facts: ResponseFacts;
  freshness: Freshness;
  validators: Validators;
  body: StoredBody;
  requestWallMs: number;
  storedWallMs: number;
  purgeCount: number;
  /** Times it answered a request. */
  hits = 0;
  /** In the index: can be found. */
  isListed = false;
  /** It was purged, invalidated or replaced: nobody is to find it again, on disk either. */
  isVoid = false;
  /** Of its blocks on disk, if they are known. */
  checksums: readonly number[] | undefined;
  /** Other entries for the same key, older ones behind newer ones. */
  nextVariant: Keyed | undefined;
  /** The same body in other content codings, by coding. */
  coded: Map<string, StoredBody> | undefined;
  /** It may be sent compressed. */
  isCodable = false;
  /** A request that asks the origin about it again is under way. */
  isRefreshing = false;
  // FifoNode.
  chargedBytes = 0;
  queue: FifoNode['queue'] = 'none';
  frequency = 0;
  newer: FifoNode | undefined;
  older: FifoNode | undefined;
  readonly ghostHash: number;
  #heads: Partial<Record<Coding | '', StoredHead>> = {};
  #hitSecond = -1;
  #hitLines = '';

  constructor(parts: EntryParts) {
    this.key = parts.key;
    this.vary = parts.vary;
    this.variant = parts.variant;
    this.status = parts.status;
    this.part = parts.part;
    this.list = parts.list;
    this.facts = parts.facts;
    this.freshness = parts.freshness;
    this.validators = validatorsOf(parts.facts, parts.storedWallMs);
    this.body = parts.body;
    this.requestWallMs = parts.requestWallMs;
    this.storedWallMs = parts.storedWallMs;
    this.purgeCount = parts.purgeCount;
    const { url, host, path } = addressOf(parts.key);
    this.url = url;
    this.host = host;
    this.path = path;
    this.ghostHash = crc32(`${parts.key}\n${parts.variant}`);
  }

  /** Puts a changed head in force: after a 304, or a HEAD that knew more. */
  update(
    news: Pick<EntryParts, 'list' | 'facts' | 'freshness' | 'requestWallMs' | 'storedWallMs' | 'purgeCount'>,
  ): void {
    this.list = news.list;
    this.facts = news.facts;
    this.freshness = news.freshness;
    this.validators = validatorsOf(news.facts, news.storedWallMs);
    this.requestWallMs = news.requestWallMs;
    this.storedWallMs = news.storedWallMs;
    this.purgeCount = news.purgeCount;
    this.#heads = {};
    this.#hitSecond = -1;
  }

  /** A request with Authorization may be answered with it (RFC 9111 section 3.5, read the other way round). */
  get isForAuthorized(): boolean {
    const { control, isTargeted } = this.facts;
    return control.isPublic || control.mustRevalidate || (!isTargeted && control.sMaxAgeSeconds >= 0);
  }

  /** The head as it is sent with a coding of the body, '' for the body as it is. HOT. */
  head(coding: Coding | ''): StoredHead {
    let head = this.#heads[coding];
    if (head === undefined) this.#heads[coding] = head = this.#makeHead(coding);
    return head;
  }

  #makeHead(coding: Coding | ''): StoredHead {
    let { list } = this;
    if (this.isCodable) {
      const { omitted, lines } = codedHeadChange(coding, this.facts);
      const added = lines
        .split('\r\n')
        .flatMap((line) => (line === '' ? [] : line.split(/: (.*)/s).slice(0, 2)));
      list = [...list.filter((_, i) => omitted?.has(list[i - (i % 2)]!.toLowerCase()) !== true), ...added];
    }
    return { list, lines: Buffer.from(fieldLines(list), 'latin1') };
  }

  /** Bytes it should be charged with now. */
  get weight(): number {
    // Blocks of a body that goes to disk are in memory for a moment only.
    const inMemory = this.body.isOnDisk ? 0 : this.body.memoryBytes;
    let sum = overheadBytes + inMemory + 2 * this.key.length;
    for (const text of this.list) sum += 2 * text.length;
    if (this.coded) for (const body of this.coded.values()) sum += body.memoryBytes;
    return sum;
  }

  /** Age and cache status of a plain hit; made once a second. HOT. */
  hitLines(nowMs: number): string {
    const second = Math.floor(ageMs(this.freshness, nowMs) / 1000);
    if (second !== this.#hitSecond) {
      this.#hitSecond = second;
      const ttlMs = freshForMs(this.freshness, nowMs);
      this.#hitLines = `Age: ${second}\r\n${cacheStatusLines({ word: 'HIT', forward: undefined, ttlMs })}`;
    }
    return this.#hitLines;
  }
}

function validatorsOf(
  { etag, lastModified, lastModifiedMs, dateMs }: ResponseFacts,
  wallMs: number,
): Validators {
  return { etag, lastModified, lastModifiedMs, dateMs: dateMs ?? wallMs };
}

/** A kept head in the forms that answers need. */
export interface StoredHead {
  /** Names and values in turn. */
  readonly list: readonly string[];
  /** The same as HTTP/1.1 writes it. */
  readonly lines: Buffer;
}

/** A kept head with what one answer adds; HOT, one object per hit. */
export class HitFields implements Fields {
  readonly #head: StoredHead;
  readonly #added: string;

  /** `added`: lines that each end in CRLF. */
  constructor(head: StoredHead, added: string) {
    this.#head = head;
    this.#added = added;
  }

  get(lowerName: string): string | undefined {
    const { list } = this.#head;
    for (let i = 0; i < list.length; i += 2) if (list[i]!.toLowerCase() === lowerName) return list[i + 1];
    return undefined;
  }

  forEach(visit: (name: string, value: string) => void): void {
    const { list } = this.#head;
    for (let i = 0; i < list.length; i += 2) visit(list[i]!, list[i + 1]!);
    const added = this.#added;
    for (let at = 0; at < added.length;) {
      const colon = added.indexOf(': ', at);
      const end = added.indexOf('\r\n', colon);
      visit(added.slice(at, colon), added.slice(colon + 2, end));
      at = end + 2;
    }
  }

  writeEndToEnd(out: Buffer, offset: number): number {
    const { lines } = this.#head;
    out.set(lines, offset);
    const end = offset + lines.length;
    return end + out.latin1Write(this.#added, end);
  }
}
