// The reading half of an HTTP/1.1 client connection: where one request's head ends, where its body does, and what is
// refused before it has arrived whole. Knows bytes and framing only; http1-connection.ts decides what they mean.
import { Buffer } from 'node:buffer';
import type { Fields } from '#http/exchange.ts';
import { ChunkedDecoder } from '#wire/http1-chunked.ts';
import { Http1Error } from '#wire/http1-error.ts';
import { findHeadEnd } from '#wire/http1-head-end.ts';
import type { HeadLimits } from '#wire/http1-head-end.ts';
import { Http1Head } from '#wire/http1-head.ts';
import { parseRequestHead, parseRequestLine } from '#wire/http1-start-line.ts';
import type { Http1Request } from './http1-request.ts';

/** What of a request is being read. */
export type BodyState = 'none' | 'length' | 'chunked';

/** A head is read where it stands only if that keeps no more alive beside it: a body may come in slowly for minutes. */
const mostHeldBytes = 4_096;

export class Http1Reader {
  /** The present request's head; parsed anew for each, from memory of its own. */
  readonly head: Http1Head;
  /** Whether the last `readHead` found a whole head. */
  isHeadComplete = false;
  readonly #limits: HeadLimits;
  #chunks: ChunkedDecoder | undefined;
  /** How far an incomplete head has been searched, from its offset on. */
  #scanned = 0;
  /** The one empty line before a request has come by itself. */
  #isBlankRead = false;
  #body: BodyState = 'none';
  #remaining = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.head = new Http1Head(limits);
  }

  /**
   * Reads one request head, which a caller keeps in front of what follows until it is complete. `lasts`: nobody will write
   * to `bytes`, which are read until the exchange ends.
   * @returns offset after it; `offset` itself when more bytes are needed, also after a lone empty line
   * @throws Http1Error
   */
  readHead(bytes: Buffer, offset: number, lasts: boolean): number {
    this.isHeadComplete = false;
    // One empty line before a request is tolerated (RFC 9112 section 2.2).
    const hasBlank = bytes[offset] === 0x0d && bytes[offset + 1] === 0x0a && !this.#isBlankRead;
    const at = hasBlank ? offset + 2 : offset;
    if (hasBlank && at === bytes.length) {
      this.#isBlankRead = true;
      return at;
    }
    const end = findHeadEnd(bytes, at, offset + this.#scanned, this.#limits);
    if (end < 0) {
      this.#scanned = this.#checkEarly(bytes, at) - offset;
      return offset;
    }
    this.#scanned = 0;
    this.#isBlankRead = false;
    const isHeldForLittle = bytes.length - (end - at) <= mostHeldBytes;
    if (lasts && isHeldForLittle) parseRequestHead(this.head, bytes, at);
    else parseRequestHead(this.head, copyOf(bytes, at, end), 0);
    this.isHeadComplete = true;
    return end;
  }

  /** Refuses what cannot become a request without waiting for the rest of it; returns where scanning may resume. */
  #checkEarly(bytes: Buffer, at: number): number {
    const isStart = this.#scanned === 0;
    if (isStart && at < bytes.length && !isMethodByte(bytes[at]!) && bytes[at] !== 0x0d) {
      throw new Http1Error('bad-request', 'the first byte starts no request');
    }
    if (bytes.indexOf(0x0a, at) >= 0) parseRequestLine(this.head, bytes, at);
    return bytes.length;
  }

  /** Prepares for the body that `request` announces; 'none' also for one of length 0. */
  enterBody(request: Http1Request): BodyState {
    this.#body = 'none';
    if (request.bodyKind === 'chunked') {
      this.#body = 'chunked';
      this.#chunks ??= new ChunkedDecoder('request');
      this.#chunks.reset();
    } else if (request.bodyKind === 'length' && request.contentLength > 0) {
      this.#body = 'length';
      this.#remaining = request.contentLength;
    }
    return this.#body;
  }

  /**
   * Reads body bytes from `at`, handing each run of data on.
   * @returns offset of the first byte not taken
   * @throws Http1Error
   */
  readBody(bytes: Buffer, at: number, onData: (data: Buffer) => void): number {
    if (this.#body === 'chunked') return this.#chunks!.decode(bytes, at, onData);
    const end = Math.min(bytes.length, at + this.#remaining);
    this.#remaining -= end - at;
    onData(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    return end;
  }

  get isBodyDone(): boolean {
    return this.#body === 'chunked' ? this.#chunks!.isDone : this.#remaining === 0;
  }

  /** Trailer fields of a body that is done. */
  get trailers(): Fields | null {
    return this.#body === 'chunked' ? this.#chunks!.trailers : null;
  }
}

function copyOf(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

function isMethodByte(byte: number): boolean {
  return byte >= 0x21 && byte <= 0x7e;
}
