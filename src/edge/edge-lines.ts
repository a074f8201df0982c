// What the edge tells the origin with a request, as field lines: who the client is, the request's id, which edges it has
// passed, and what a step of the route adds. HOT: the client's part is bytes that his connection keeps.
import { putBytes, putLatin1 } from '#base/bytes.ts';
import type { ClientIdentity } from './front-door/client-address.ts';

const idLabel = Buffer.from('X-Request-Id: ');
const loopLabel = Buffer.from('\r\nCDN-Loop: ');
const lineEnd = Buffer.from('\r\n');

export class EdgeLines {
  readonly #identity: ClientIdentity;
  readonly #authority: string;
  readonly #requestId: string;
  readonly #loop: string;
  #more = '';

  /** `loop`: the value of CDN-Loop. */
  constructor(
    identity: ClientIdentity,
    request: { readonly authority: string; readonly requestId: string },
    loop: string,
  ) {
    this.#identity = identity;
    this.#authority = request.authority;
    this.#requestId = request.requestId;
    this.#loop = loop;
  }

  /** Adds lines, each ending in CRLF. */
  add(lines: string): void {
    this.#more += lines;
  }

  /** What was added. */
  get added(): string {
    return this.#more;
  }

  /** The same and more, for one try of an origin. */
  with(lines: string): EdgeLines {
    const request = { authority: this.#authority, requestId: this.#requestId };
    const copy = new EdgeLines(this.#identity, request, this.#loop);
    copy.#more = this.#more + lines;
    return copy;
  }

  /** Writes all lines, each ending in CRLF; returns the offset after them. */
  write(out: Buffer, offset: number): number {
    let at = putBytes(out, this.#identity.bytesFor(this.#authority), offset);
    at = putBytes(out, idLabel, at);
    at = putLatin1(out, this.#requestId, at);
    at = putBytes(out, loopLabel, at);
    at = putLatin1(out, this.#loop, at);
    at = putBytes(out, lineEnd, at);
    return this.#more === '' ? at : putLatin1(out, this.#more, at);
  }

  /** The same as text. */
  toString(): string {
    return (
      `${this.#identity.linesFor(this.#authority)}X-Request-Id: ${this.#requestId}\r\nCDN-Loop: ${this.#loop}\r\n` +
      this.#more
    );
  }
}
