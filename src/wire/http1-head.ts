// HTTP/1.1 message heads (RFC 9112), parsed once and strictly, straight from the socket's buffer.
//
// HOT: this runs for every request and every response. A head is not turned into strings or objects: the parser
// notes where each field's name and value stand (`spans`) and what the forwarder does with it (`actions`), and the
// forwarder copies runs of untouched lines as bytes (bench/http1-path.ts). What it refuses, it refuses for good: two
// framings, bare LF or CR, folding, spaces before the colon, control bytes, a doubled Host.
import { noBytes } from '#base/bytes.ts';
import { classes, COLON, CR, HTAB, isAlias, isToken, isUpper, isValue, LF, SP } from './http1-bytes.ts';
import { Http1Error } from './http1-error.ts';
import { FieldAction, fieldAction, hashMultiplier } from './http1-fields.ts';
import type { HeadLimits } from './http1-head-end.ts';

/** Room at first; browsers send some twenty. Room for all that may come was 6 KiB of every idle connection. */
const usualFields = 24;

/** A parsed head. One object per connection, filled anew for each message; `source` must stay alive while it is read. */
export class Http1Head {
  source: Buffer = noBytes;
  /** Offset of the first byte after the empty line. */
  end = 0;
  /** Requests: the method and the target as received. */
  method = '';
  target = '';
  /** Responses. */
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** 0 or 1, of HTTP/1.x. */
  minorVersion = 1;
  /** Number of fields. Field i: name at [spans[4i], spans[4i+1]), value at [spans[4i+2], spans[4i+3]). */
  count = 0;
  spans: Int32Array;
  /** A FieldAction per field. */
  actions: Uint8Array;
  /** Content-Length, or -1. */
  contentLength = -1;
  isChunked = false;
  /** From Connection: */
  isClose = false;
  isKeepAlive = false;
  isConnectionUpgrade = false;
  /** Index of the single field of that kind, or -1. */
  hostIndex = -1;
  upgradeIndex = -1;
  expectIndex = -1;
  teIndex = -1;
  cdnLoopIndex = -1;
  readonly #limits: HeadLimits;
  #connectionFields = 0;
  /** One bit for each length that names have, modulo 32: most names that are asked for have none of them. */
  #nameLengths = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    const fields = Math.min(limits.fields, usualFields);
    this.spans = new Int32Array(fields * 4);
    this.actions = new Uint8Array(fields);
  }

  get limits(): HeadLimits {
    return this.#limits;
  }

  /** Start offset of the line of field `index`. */
  lineStart(index: number): number {
    return this.spans[index * 4]!;
  }

  /** Offset just after the line of field `index`, line end included. */
  lineEnd(index: number): number {
    return index + 1 < this.count ? this.spans[(index + 1) * 4]! : this.end - 2;
  }

  name(index: number): string {
    return this.source.latin1Slice(this.spans[index * 4], this.spans[index * 4 + 1]);
  }

  value(index: number): string {
    return this.source.latin1Slice(this.spans[index * 4 + 2], this.spans[index * 4 + 3]);
  }

  /** Whether a field's value is this latin1 text. HOT: makes no string. */
  hasValue(index: number, text: string): boolean {
    const start = this.spans[index * 4 + 2]!;
    const { length } = text;
    if (this.spans[index * 4 + 3]! - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.source[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Value of the first field with this lower-case name; of `cookie` all, joined as those of HTTP/2 are. */
  get(lowerName: string): string | undefined {
    if (((this.#nameLengths >>> (lowerName.length & 31)) & 1) === 0) return undefined;
    for (let i = 0; i < this.count; i++) {
      if (!this.#isNamed(i, lowerName)) continue;
      return lowerName === 'cookie' ? this.#joined(i, lowerName) : this.value(i);
    }
    return undefined;
  }

  /** Origins read every Cookie field; the edge must not see the first alone. */
  #joined(first: number, lowerName: string): string {
    let all = this.value(first);
    for (let i = first + 1; i < this.count; i++) {
      if (this.#isNamed(i, lowerName)) all += `; ${this.value(i)}`;
    }
    return all;
  }

  /** HOT: compares bytes in place; making a string of each name costs ten times as much. */
  #isNamed(index: number, lowerName: string): boolean {
    const start = this.spans[index * 4]!;
    const length = lowerName.length;
    if (this.spans[index * 4 + 1]! - start !== length) return false;
    for (let i = 0; i < length; i++) {
      const byte = this.source[start + i]!;
      const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
      if (lower !== lowerName.charCodeAt(i)) return false;
    }
    return true;
  }

  forEach(visit: (name: string, value: string) => void): void {
    for (let i = 0; i < this.count; i++)
      // No name: hidden (see #dropConnectionNamed).
      if (this.spans[i * 4 + 1] !== this.spans[i * 4]) visit(this.name(i), this.value(i));
  }

  /** Copies the lines that are forwarded as they stand; contiguous lines in one copy. */
  writeEndToEnd(out: Buffer, offset: number): number {
    let at = offset;
    let runStart = -1;
    for (let i = 0; i < this.count; i++) {
      if (this.actions[i] === FieldAction.forward) {
        if (runStart < 0) runStart = this.lineStart(i);
      } else if (runStart >= 0) {
        at += this.source.copy(out, at, runStart, this.lineStart(i));
        runStart = -1;
      }
    }
    if (runStart >= 0) at += this.source.copy(out, at, runStart, this.end - 2);
    return at;
  }

  /** Prepares for a new message. */
  reset(source: Buffer): void {
    this.source = source;
    this.count = 0;
    this.contentLength = -1;
    this.isChunked = false;
    this.isClose = false;
    this.isKeepAlive = false;
    this.isConnectionUpgrade = false;
    this.hostIndex = -1;
    this.upgradeIndex = -1;
    this.expectIndex = -1;
    this.teIndex = -1;
    this.cdnLoopIndex = -1;
    this.#connectionFields = 0;
    this.#nameLengths = 0;
  }

  /** Reads the field lines from `offset` to the empty line; the caller has seen that the head is complete. */
  readFields(offset: number, role: 'request' | 'response'): void {
    const { source } = this;
    let { spans, actions } = this;
    let at = offset;
    let count = 0;
    let nameLengths = 0;
    while (source[at] !== CR) {
      if (count === this.#limits.fields) {
        throw new Http1Error('headers-too-large', `more than ${this.#limits.fields} header fields`);
      }
      if (count === actions.length) ({ spans, actions } = this.#grow());
      const nameStart = at;
      let hash = 0;
      let flags = 0;
      for (;;) {
        const byte = source[at]!;
        const kind = classes[byte]!;
        if ((kind & isToken) === 0) break;
        flags |= kind;
        hash = (Math.imul(hash, hashMultiplier) + ((kind & isUpper) !== 0 ? byte | 0x20 : byte)) | 0;
        at++;
      }
      const nameEnd = at;
      if (source[at] !== COLON || nameEnd === nameStart) throw badName(source, nameStart, at);
      at++;
      while (source[at] === SP || source[at] === HTAB) at++;
      const valueStart = at;
      while ((classes[source[at]!]! & isValue) !== 0) at++;
      if (source[at] !== CR || source[at + 1] !== LF) throw badValue(source, nameStart, nameEnd, at);
      let valueEnd = at;
      while (valueEnd > valueStart && (source[valueEnd - 1] === SP || source[valueEnd - 1] === HTAB))
        valueEnd--;
      at += 2;
      const base = count * 4;
      spans[base] = nameStart;
      spans[base + 1] = nameEnd;
      spans[base + 2] = valueStart;
      spans[base + 3] = valueEnd;
      let action = fieldAction(source, nameStart, nameEnd, hash);
      if ((flags & isAlias) !== 0 && role === 'request') action = FieldAction.drop;
      actions[count] = action;
      this.count = ++count;
      nameLengths |= 1 << (nameEnd - nameStart);
      if (action > FieldAction.drop) this.#note(action, count - 1, role);
    }
    // The caller found CRLF CRLF; a lone CR here would be a field line that starts with CR.
    if (source[at + 1] !== LF) throw new Http1Error('bad-request', 'a bare CR in the header');
    this.end = at + 2;
    this.#nameLengths = nameLengths;
    if (this.#connectionFields > 0) this.#dropConnectionNamed(role);
  }

  /** Makes room for twice as many fields, or for as many as there may be. */
  #grow(): this {
    const { spans, actions } = this;
    const fields = Math.min(this.#limits.fields, actions.length * 2);
    this.spans = new Int32Array(fields * 4);
    this.spans.set(spans);
    this.actions = new Uint8Array(fields);
    this.actions.set(actions);
    return this;
  }

  /** Handles a field that the proxy must understand. */
  #note(action: number, index: number, role: 'request' | 'response'): void {
    switch (action) {
      case FieldAction.host:
        if (role === 'response') this.actions[index] = FieldAction.forward;
        else this.hostIndex = onlyOne(this.hostIndex, index, 'Host');
        return;
      case FieldAction.contentLength:
        if (this.contentLength >= 0) throw new Http1Error('bad-request', 'more than one Content-Length');
        this.contentLength = this.#decimal(index);
        return;
      case FieldAction.transferEncoding:
        this.#noteTransferEncoding(index);
        return;
      case FieldAction.connection:
        this.#connectionFields += 1;
        this.#noteConnection(index);
        return;
      case FieldAction.upgrade:
        this.upgradeIndex = onlyOne(this.upgradeIndex, index, 'Upgrade');
        return;
      case FieldAction.expect:
        if (role === 'response') this.actions[index] = FieldAction.forward;
        else this.expectIndex = onlyOne(this.expectIndex, index, 'Expect');
        return;
      case FieldAction.te:
        this.teIndex = index;
        return;
      case FieldAction.cdnLoop:
        if (role === 'response') this.actions[index] = FieldAction.forward;
        else this.cdnLoopIndex = index;
        return;
      case FieldAction.forwarding:
        // Responses may carry a request id or a country of the origin's own; only our error mark is ours alone.
        if (role === 'response' && !/^x-sallyport-/i.test(this.name(index)))
          this.actions[index] = FieldAction.forward;
        return;
      default:
    }
  }

  /** Only the single coding `chunked` is understood (RFC 9112 section 6.1). */
  #noteTransferEncoding(index: number): void {
    if (this.isChunked) throw new Http1Error('bad-request', 'more than one Transfer-Encoding');
    const coding = this.value(index).toLowerCase();
    if (coding !== 'chunked') {
      const isUnknownCoding = /^[!#$%&'*+.^_`|~0-9a-z-]+(\s*,\s*[!#$%&'*+.^_`|~0-9a-z-]+)*$/.test(coding);
      throw new Http1Error(
        isUnknownCoding ? 'not-implemented' : 'bad-request',
        'Transfer-Encoding is not exactly "chunked"',
      );
    }
    this.isChunked = true;
  }

  #noteConnection(index: number): void {
    // The three common whole values, before the general list.
    if (this.hasValue(index, 'keep-alive')) this.isKeepAlive = true;
    else if (this.hasValue(index, 'close')) this.isClose = true;
    else if (this.hasValue(index, 'Upgrade')) this.isConnectionUpgrade = true;
    else {
      for (const token of this.value(index).toLowerCase().split(',')) {
        const name = token.trim();
        if (name === 'close') this.isClose = true;
        else if (name === 'keep-alive') this.isKeepAlive = true;
        else if (name === 'upgrade') this.isConnectionUpgrade = true;
      }
    }
  }

  /**
   * Fields named by Connection are hop-by-hop (RFC 9110 section 7.6.1) and not forwarded. Done before the edge adds
   * its own, and never to fields the edge itself handles, so a client cannot make it drop those (CVE-2024-45410). In a
   * request they are not seen by the edge's own steps either: what the cache tells answers apart by must be what the
   * origin saw, or one client could have another's variant filled with the wrong answer.
   */
  #dropConnectionNamed(role: 'request' | 'response'): void {
    for (let c = 0; c < this.count; c++) {
      if (this.actions[c] !== FieldAction.connection) continue;
      if (this.#namesNoField(c)) continue;
      const names = new Set(
        this.value(c)
          .toLowerCase()
          .split(',')
          .map((token) => token.trim()),
      );
      for (let i = 0; i < this.count; i++) {
        if (this.actions[i] === FieldAction.forward && names.has(this.name(i).toLowerCase())) {
          this.actions[i] = FieldAction.drop;
          if (role === 'request') this.spans[i * 4 + 1] = this.spans[i * 4]!;
        }
      }
    }
  }

  /** Whether Connection has one of its usual values. HOT. */
  #namesNoField(index: number): boolean {
    return (
      this.hasValue(index, 'keep-alive') || this.hasValue(index, 'close') || this.hasValue(index, 'Upgrade')
    );
  }

  /** Content-Length: digits only, below 2^53 (RFC 9110 section 8.6). */
  #decimal(index: number): number {
    const start = this.spans[index * 4 + 2]!;
    const end = this.spans[index * 4 + 3]!;
    if (end === start || end - start > 15)
      throw new Http1Error('bad-request', 'Content-Length is not a usable number');
    let value = 0;
    for (let i = start; i < end; i++) {
      const digit = this.source[i]! - 0x30;
      if (digit < 0 || digit > 9)
        throw new Http1Error('bad-request', 'Content-Length is not a usable number');
      value = value * 10 + digit;
    }
    return value;
  }
}

function onlyOne(previous: number, index: number, name: string): number {
  if (previous >= 0) throw new Http1Error('bad-request', `more than one ${name}`);
  return index;
}

function badName(source: Buffer, start: number, at: number): Http1Error {
  if (start === at && (source[at] === SP || source[at] === HTAB)) {
    return new Http1Error('bad-request', 'a folded header line');
  }
  return new Http1Error('bad-request', 'a header line without a valid name and colon');
}

function badValue(source: Buffer, nameStart: number, nameEnd: number, at: number): Http1Error {
  const name = source.latin1Slice(nameStart, nameEnd);
  const byte = source[at] ?? 0;
  return new Http1Error(
    'bad-request',
    `byte 0x${byte.toString(16).padStart(2, '0')} in the value of ${name}`,
  );
}
