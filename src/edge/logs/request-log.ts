// The last requests, kept in memory as the access log's own text and read only when somebody looks; and the live tail.
// Costs the data path nothing per request: it keeps the batches that the log writes, in buffers outside the heap, which
// serve again when what they hold is too old. A tail is told of each line at once, up to so many a second.
import { Buffer } from 'node:buffer';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { LoggedRequest, RequestFilter } from '#model/live/logged-request.ts';
import { lineMatcher, type LineMatcher, parseLine } from './logged-line.ts';

/** Kept at most, whatever the number of lines: 20,000 ordinary lines take 8 MB. */
const maxBytes = 16 * 1024 * 1024;

/** Lines that all tails together are shown in a second; a person reads far fewer, and a program takes the file. */
export const tailLinesPerSecond = 500;

export interface RequestPage {
  /** Newest first. */
  readonly items: LoggedRequest[];
  /** For the next, older page; undefined when there is none. */
  readonly nextCursor: string | undefined;
  /** Lines kept in all. */
  readonly held: number;
}

export interface RequestLogOptions {
  readonly capacity: number;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Makes the access log hand over what it has gathered. */
  readonly flush: () => void;
}

interface Batch {
  readonly memory: Buffer;
  readonly usedBytes: number;
  readonly count: number;
  /** Number of its first line, counted from the start of the edge. */
  readonly first: number;
}

interface Tail {
  readonly match: LineMatcher;
  readonly onRequest: (request: LoggedRequest) => void;
}

export class RequestLog {
  readonly #options: RequestLogOptions;
  #capacity: number;
  #batches: Batch[] = [];
  #count = 0;
  #byteCount = 0;
  /** Memory of a batch that has gone. */
  #spare: Buffer | undefined;
  /** Number of the next line. */
  #next = 0;
  readonly #tails = new Set<Tail>();
  #tailSecond = 0;
  #tailLines = 0;

  constructor(options: RequestLogOptions) {
    this.#options = options;
    this.#capacity = options.capacity;
  }

  /** Whether lines must be handed over one by one. HOT. */
  get isWatched(): boolean {
    return this.#tails.size > 0;
  }

  /** A batch of whole lines, oldest first, of which a copy is made. */
  keep(lines: Buffer, count: number): void {
    if (this.#capacity === 0) return;
    const memory = this.#room(lines.length);
    lines.copy(memory);
    this.#batches.push({ memory, usedBytes: lines.length, count, first: this.#next });
    this.#next += count;
    this.#count += count;
    this.#byteCount += memory.length;
    this.#trim();
  }

  /** A line, while somebody watches. */
  show(line: string): void {
    if (!this.#mayShow()) return;
    for (const tail of this.#tails) {
      const request = tail.match(line);
      if (!request) continue;
      try {
        tail.onRequest(request);
      } catch (error) {
        this.#options.log.error('A live view of requests failed', { error: errorText(error) });
      }
    }
  }

  /** Lines kept from now on; the oldest go first. */
  resize(capacity: number): void {
    this.#capacity = capacity;
    this.#trim();
  }

  /** Requests that match, newest first. `limit` at most; `cursor` from the page before. */
  list(
    filter: RequestFilter,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): RequestPage {
    this.#options.flush();
    const match = lineMatcher(filter);
    const before = page.cursor === undefined ? Infinity : Number.parseInt(page.cursor, 36);
    const items: LoggedRequest[] = [];
    for (const { line, number } of this.#backwards(Number.isNaN(before) ? Infinity : before)) {
      const request = match(line);
      if (!request) continue;
      if (items.length === page.limit)
        return { items, nextCursor: (number + 1).toString(36), held: this.#count };
      items.push(request);
    }
    return { items, nextCursor: undefined, held: this.#count };
  }

  find(id: string): LoggedRequest | undefined {
    this.#options.flush();
    const mark = idMark(id);
    for (const { line } of this.#backwards(Infinity)) {
      const request = line.includes(mark) ? parseLine(line) : undefined;
      if (request?.id === id) return request;
    }
    return undefined;
  }

  /** Calls `onRequest` with each request that matches as it ends, until the returned function is called. */
  subscribe(filter: RequestFilter, onRequest: (request: LoggedRequest) => void): () => void {
    const tail = { match: lineMatcher(filter), onRequest };
    this.#tails.add(tail);
    return () => this.#tails.delete(tail);
  }

  #mayShow(): boolean {
    const second = Math.floor(this.#options.nowMs() / 1000);
    if (second !== this.#tailSecond) {
      this.#tailSecond = second;
      this.#tailLines = 0;
    }
    this.#tailLines += 1;
    return this.#tailLines <= tailLinesPerSecond;
  }

  /** Lines with a number below `before`, newest first. */
  *#backwards(before: number): Generator<{ readonly line: string; readonly number: number }> {
    for (const { memory, usedBytes, first, count } of this.#batches.toReversed()) {
      if (first >= before) continue;
      const lines = memory.toString('utf8', 0, usedBytes).split('\n');
      for (let i = count - 1; i >= 0; i--) {
        if (first + i < before) yield { line: lines[i]!, number: first + i };
      }
    }
  }

  /** Room for a batch: that of the last one that has gone, where it fits without wasting half of it. */
  #room(byteCount: number): Buffer {
    const spare = this.#spare;
    this.#spare = undefined;
    const isFit = spare !== undefined && spare.length >= byteCount && spare.length <= byteCount * 2;
    return isFit ? spare : Buffer.allocUnsafeSlow(byteCount);
  }

  #trim(): void {
    let drop = 0;
    while (drop < this.#batches.length) {
      const { count, memory } = this.#batches[drop]!;
      const isTooMuch = this.#count - count >= this.#capacity || this.#byteCount > maxBytes;
      if (!isTooMuch) break;
      this.#count -= count;
      this.#byteCount -= memory.length;
      this.#spare = memory;
      drop += 1;
    }
    if (drop > 0) this.#batches = this.#batches.slice(drop);
  }
}

function idMark(id: string): string {
  return `"id":${JSON.stringify(id)},`;
}
