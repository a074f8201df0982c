// The writing half of an HTTP/1.1 client connection: response heads, body framing, backpressure.
//
// HOT: a head is composed, and its body copied, straight into the buffer that is written; a small response leaves in one
// write without an allocation.
import { putBytes, putDecimal } from '#base/bytes.ts';
import { httpStatusTexts } from '#base/net/node-http.ts';
import type { GatherWriter } from '#base/io/gather-writer.ts';
import type { Fields, ResponseHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { chunkHeader } from '#wire/http1-chunked.ts';
import type { ErrorAnswer } from '../error-page.ts';

/** Origin heads are at most 64 KiB, the edge adds a few lines; trailers are as much as a head at most. */
const maxHeadBytes = 72 * 1024;

/** A chunk's size in hexadecimal, CRLF before and after its data. */
const maxChunkFrameBytes = 20;

/** How the request asked to be answered. */
export interface ResponseOptions {
  readonly isHead: boolean;
  readonly minorVersion: number;
  /** False: the connection closes after this response. */
  readonly keepAlive: boolean;
}

export class Http1Writer {
  readonly #out: GatherWriter;
  #isChunked = false;
  /** Known after `writeHead`: whether the connection can carry another response. */
  keepsAlive = true;

  constructor(out: GatherWriter) {
    this.#out = out;
  }

  /** An interim response, sent at once. */
  writeInterim(head: ResponseHead): void {
    this.#compose(statusLine(head.status), head.fields, -1, lineEnd);
    this.#out.flush();
  }

  /** 101 and its fields, sent at once. */
  writeSwitch(head: ResponseHead, protocol: string): void {
    const tail = Buffer.from(`Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`, 'latin1');
    this.#compose(statusLine(101), head.fields, -1, tail);
    this.#out.flush();
  }

  /** A final head, kept until the body or `flush` follows. */
  writeHead(head: ResponseHead, options: ResponseOptions): void {
    this.#isChunked = head.bodyKind === 'chunked' && options.minorVersion === 1;
    this.keepsAlive = options.keepAlive && (head.bodyKind !== 'chunked' || this.#isChunked);
    const tellsLength = head.bodyKind === 'length' || options.isHead || head.status === 304;
    const length = tellsLength && !this.#isChunked ? head.contentLength : -1;
    let connection: keyof (typeof tails)['chunked'] = 'none';
    if (!this.keepsAlive) connection = 'close';
    else if (options.minorVersion === 0) connection = 'keepAlive';
    const tail = tails[this.#isChunked ? 'chunked' : 'whole'][connection];
    this.#compose(statusLine(head.status), head.fields, length, tail);
  }

  /** `length`: the value of Content-Length, negative without one. */
  #compose(start: Uint8Array, fields: Fields, length: number, tail: Uint8Array): void {
    const out = this.#out;
    const memory = out.room(maxHeadBytes);
    const limit = out.offset + maxHeadBytes;
    let at = putBytes(memory, start, out.offset);
    at = fields.writeEndToEnd(memory, at);
    if (at + maxLengthLineBytes + tail.length > limit)
      throw new RangeError('a response head too large to pass on');
    if (length >= 0) {
      at = putBytes(memory, lengthLabel, at);
      at = putDecimal(memory, length, at);
      at = putBytes(memory, lineEnd, at);
    }
    out.advance(putBytes(memory, tail, at));
  }

  /** A whole answer of the edge's own, after which the connection closes. */
  writeFailure(status: number, answer: ErrorAnswer, isHead: boolean): void {
    const { body, fields } = answer;
    this.writeHead(
      { status, fields: new ListFields(fields), bodyKind: 'length', contentLength: body.length },
      { isHead, minorVersion: 1, keepAlive: false },
    );
    if (!isHead) this.writeBody(body);
    this.finish(null);
  }

  /** Body bytes, framed if need be; they are copied unless they last. False when the client does not keep up. */
  writeBody(chunk: Buffer, lasts = false): boolean {
    if (chunk.length === 0) return true;
    if (!this.#isChunked) return this.#out.write(chunk, lasts);
    this.#writeText(chunkHeader(chunk.length));
    this.#out.write(chunk, lasts);
    this.#writeText('\r\n');
    return !this.#out.needsDrain;
  }

  #writeText(text: string): void {
    const out = this.#out;
    const memory = out.room(maxChunkFrameBytes);
    out.advance(out.offset + memory.latin1Write(text, out.offset));
  }

  /** Bytes after an upgrade, as they are. */
  writeRaw(chunk: Buffer): boolean {
    return this.#out.write(chunk);
  }

  /** The last chunk, where one is due; everything gathered leaves. */
  finish(trailers: Fields | null): void {
    if (this.#isChunked) {
      if (trailers === null) this.#writeText('0\r\n\r\n');
      else this.#compose(lastChunk, trailers, -1, lineEnd);
      this.#isChunked = false;
    }
    this.#out.flushSoon();
  }
}

const lastChunk = Buffer.from('0\r\n');
const lineEnd = Buffer.from('\r\n');
const lengthLabel = Buffer.from('Content-Length: ');
/** With the most digits that a number has. */
const maxLengthLineBytes = 40;

/** The end of a head: what it says of the body's framing and of the connection, and the empty line. */
const tails = {
  whole: tailsAfter(''),
  chunked: tailsAfter('Transfer-Encoding: chunked\r\n'),
};

function tailsAfter(framing: string): Readonly<Record<'none' | 'close' | 'keepAlive', Buffer>> {
  return {
    none: Buffer.from(`${framing}\r\n`),
    close: Buffer.from(`${framing}Connection: close\r\n\r\n`),
    keepAlive: Buffer.from(`${framing}Connection: keep-alive\r\n\r\n`),
  };
}

/** Made when they are first needed. As bytes: copying them is a third of what writing a text costs. */
const statusLines: (Buffer | undefined)[] = Array.from({ length: 1000 });

/** With the edge's own reason phrases; the origin's are not worth a copy. */
function statusLine(status: number): Buffer {
  return (statusLines[status] ??= Buffer.from(
    `HTTP/1.1 ${status} ${httpStatusTexts[status] ?? (status === 530 ? 'No Connector' : 'Status')}\r\n`,
  ));
}
