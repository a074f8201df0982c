// The writing half of an HTTP/1.1 client connection: response heads, body framing, backpressure.
//
// HOT: head and body of a small response leave in one write of one buffer. The head is composed in a scratch buffer
// shared by all connections of a front, so it must be flushed before any other connection composes: `respond` is always
// followed, in the same turn, by `end` or `flush`, and a new head flushes whoever still holds the scratch.
import { httpStatusTexts } from '#base/node-http.ts';
import type { Socket } from 'node:net';
import type { Fields, ResponseHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { chunkEnd, chunkHeader, lastChunk } from '#wire/http1-chunked.ts';
import type { ErrorAnswer } from './error-page.ts';

/** Gathered output up to this size is joined into one buffer; more goes out as separate writes of one batch. */
const joinBytes = 32_768;

/** Trailers of HTTP/1.1 origins are at most 8 KiB, those of HTTP/2 origins as much as a head. */
const maxTrailerBytes = 72 * 1024;

/** The scratch buffer of a front and who uses it. */
export class HeadScratch {
  /** Origin heads are at most 64 KiB, the edge adds a few lines. */
  readonly buffer = Buffer.allocUnsafeSlow(72 * 1024);
  holder: Http1Writer | undefined;
}

/** How the request asked to be answered. */
export interface ResponseOptions {
  readonly isHead: boolean;
  readonly minorVersion: number;
  /** False: the connection closes after this response. */
  readonly keepAlive: boolean;
}

export class Http1Writer {
  readonly #socket: Socket;
  readonly #scratch: HeadScratch;
  #headBytes = 0;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #isChunked = false;
  /** Known after `writeHead`: whether the connection can carry another response. */
  keepsAlive = true;

  constructor(socket: Socket, scratch: HeadScratch) {
    this.#socket = socket;
    this.#scratch = scratch;
  }

  /** An interim response, sent at once. */
  writeInterim(head: ResponseHead): void {
    const end = this.#compose(statusLine(head.status), head.fields, '\r\n');
    this.#headBytes = end;
    this.flush();
  }

  /** 101 and its fields, sent at once. */
  writeSwitch(head: ResponseHead, protocol: string): void {
    this.#headBytes = this.#compose(
      statusLine(101),
      head.fields,
      `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
    );
    this.flush();
  }

  /** A final head, kept until the body or `flush` follows. */
  writeHead(head: ResponseHead, options: ResponseOptions): void {
    this.#isChunked = head.bodyKind === 'chunked' && options.minorVersion === 1;
    this.keepsAlive = options.keepAlive && (head.bodyKind !== 'chunked' || this.#isChunked);
    let tail = '';
    if (head.bodyKind === 'length') tail = `Content-Length: ${head.contentLength}\r\n`;
    else if (this.#isChunked) tail = 'Transfer-Encoding: chunked\r\n';
    else if (head.contentLength >= 0 && (options.isHead || head.status === 304)) {
      tail = `Content-Length: ${head.contentLength}\r\n`;
    }
    if (!this.keepsAlive) tail += 'Connection: close\r\n';
    else if (options.minorVersion === 0) tail += 'Connection: keep-alive\r\n';
    this.#headBytes = this.#compose(statusLine(head.status), head.fields, `${tail}\r\n`);
  }

  #compose(start: string, fields: Fields, tail: string): number {
    const scratch = this.#scratch;
    if (scratch.holder !== undefined) scratch.holder.flush();
    scratch.holder = this;
    let at = scratch.buffer.latin1Write(start, 0);
    at = fields.writeEndToEnd(scratch.buffer, at);
    if (at + tail.length > scratch.buffer.length)
      throw new RangeError('a response head too large to pass on');
    return at + scratch.buffer.latin1Write(tail, at);
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

  /** Body bytes, framed if need be. False when the client does not keep up. */
  writeBody(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    if (this.#isChunked) {
      this.#push(Buffer.from(chunkHeader(chunk.length), 'latin1'));
      this.#push(chunk);
      this.#push(chunkEnd);
    } else {
      this.#push(chunk);
    }
    if (this.#partBytes > joinBytes) this.flush();
    return !this.#socket.writableNeedDrain;
  }

  /** Bytes after an upgrade, sent as they are. */
  writeRaw(chunk: Buffer): boolean {
    return this.#socket.write(chunk);
  }

  /** The last chunk, where one is due; everything gathered leaves. */
  finish(trailers: Fields | null): void {
    if (this.#isChunked) {
      this.#push(trailers === null ? lastChunk : trailerSection(trailers));
      this.#isChunked = false;
    }
    this.flush();
  }

  #push(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
  }

  /** Sends what is gathered. */
  flush(): void {
    const headBytes = this.#headBytes;
    const total = headBytes + this.#partBytes;
    if (total === 0) return;
    const parts = this.#parts;
    this.#headBytes = 0;
    const scratch = this.#scratch;
    if (total <= joinBytes && (headBytes > 0 || parts.length > 1)) {
      const joined = Buffer.allocUnsafe(total);
      let at = headBytes > 0 ? scratch.buffer.copy(joined, 0, 0, headBytes) : 0;
      for (const part of parts) at += part.copy(joined, at);
      this.#socket.write(joined);
    } else {
      this.#socket.cork();
      if (headBytes > 0) this.#socket.write(Buffer.from(scratch.buffer.subarray(0, headBytes)));
      for (const part of parts) this.#socket.write(part);
      this.#socket.uncork();
    }
    if (scratch.holder === this) scratch.holder = undefined;
    if (parts.length > 0) {
      parts.length = 0;
      this.#partBytes = 0;
    }
  }

  /** Forgets what is gathered; the connection is being cut. */
  discard(): void {
    this.#headBytes = 0;
    this.#parts.length = 0;
    this.#partBytes = 0;
    if (this.#scratch.holder === this) this.#scratch.holder = undefined;
  }
}

function trailerSection(trailers: Fields): Buffer {
  const out = Buffer.allocUnsafe(maxTrailerBytes);
  let at = out.latin1Write('0\r\n', 0);
  at = trailers.writeEndToEnd(out, at);
  at += out.latin1Write('\r\n', at);
  return out.subarray(0, at);
}

/** The edge's own reason phrases; the origin's are not worth a copy. */
const statusLines: readonly string[] = Array.from(
  { length: 1000 },
  (_, status) =>
    `HTTP/1.1 ${status} ${httpStatusTexts[status] ?? (status === 530 ? 'No Connector' : 'Status')}\r\n`,
);

function statusLine(status: number): string {
  return statusLines[status]!;
}
