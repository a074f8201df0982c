// The writing half of HTTP/1.1 to an origin: one request head and its body as bytes of a tunnel stream.
//
// HOT: the head is composed in a scratch buffer shared by all upstreams, because the stream copies what it is given.
import { putBytes, putLatin1 } from '#base/bytes.ts';
import type { Fields, RequestHead } from '#http/exchange.ts';
import type { TunnelStream } from '#tunnel/stream.ts';
import { CR, LF, SP } from '#wire/http1-bytes.ts';
import { chunkEnd, chunkHeader, lastChunk } from '#wire/http1-chunked.ts';
import type { EdgeLines } from '../edge-lines.ts';

/** Chunks up to this size are framed in the scratch buffer, so that they leave as one write. */
const smallChunkBytes = 16_384;

const versionAndHost = Buffer.from(' HTTP/1.1\r\nHost: ');
const lineEnd = Buffer.from('\r\n');

export class Http1RequestWriter {
  readonly #stream: TunnelStream;
  readonly #scratch: Buffer;
  #isChunked = false;
  /** A write has been told to wait and `drained` has not come since: bytes may still be queued. */
  isKeptWaiting = false;

  constructor(stream: TunnelStream, scratch: Buffer) {
    this.#stream = stream;
    this.#scratch = scratch;
  }

  /** `edgeLines`: what the edge adds. */
  writeHead(request: RequestHead, host: string, edgeLines: EdgeLines | undefined): void {
    this.#isChunked = request.bodyKind === 'chunked';
    const out = this.#scratch;
    let at = putLatin1(out, request.method, 0);
    out[at++] = SP;
    at = putLatin1(out, request.path, at);
    if (request.query !== '') at = putLatin1(out, request.query, at);
    at = putBytes(out, versionAndHost, at);
    at = putLatin1(out, host, at);
    at = putBytes(out, lineEnd, at);
    at = request.fields.writeEndToEnd(out, at);
    if (edgeLines !== undefined) at = edgeLines.write(out, at);
    let tail = '';
    if (request.bodyKind === 'length') tail += `Content-Length: ${request.contentLength}\r\n`;
    else if (this.#isChunked) tail += 'Transfer-Encoding: chunked\r\n';
    if (request.expectsContinue) tail += 'Expect: 100-continue\r\n';
    if (request.upgrade !== '') tail += `Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`;
    if (tail !== '') at += out.latin1Write(tail, at);
    out[at++] = CR;
    out[at++] = LF;
    this.isKeptWaiting = !this.#stream.write(out.subarray(0, at), true);
  }

  /** Body bytes, framed if need be. False: wait until the stream has drained. */
  writeBody(chunk: Buffer): boolean {
    if (!this.#isChunked) return this.writeRaw(chunk);
    if (chunk.length === 0) return true;
    const header = chunkHeader(chunk.length);
    const scratch = this.#scratch;
    if (chunk.length <= smallChunkBytes) {
      let at = scratch.latin1Write(header, 0);
      at += chunk.copy(scratch, at);
      at += chunkEnd.copy(scratch, at);
      return this.#note(this.#stream.write(scratch.subarray(0, at), true));
    }
    this.#stream.write(scratch.subarray(0, scratch.latin1Write(header, 0)), true);
    this.#stream.write(chunk, true);
    return this.#note(this.#stream.write(chunkEnd, false));
  }

  /** Bytes as they are: after an upgrade, or of a body with a length. */
  writeRaw(chunk: Buffer): boolean {
    return this.#note(this.#stream.write(chunk, true));
  }

  /** The end of a chunked body; nothing for others. */
  finish(trailers: Fields | null): void {
    if (!this.#isChunked) return;
    if (trailers === null) {
      this.#stream.write(lastChunk, false);
      return;
    }
    const scratch = this.#scratch;
    let at = scratch.latin1Write('0\r\n', 0);
    at = trailers.writeEndToEnd(scratch, at);
    at += scratch.latin1Write('\r\n', at);
    this.#stream.write(scratch.subarray(0, at), true);
  }

  drained(): void {
    this.isKeptWaiting = false;
  }

  #note(hasRoom: boolean): boolean {
    if (!hasRoom) this.isKeptWaiting = true;
    return hasRoom;
  }
}
