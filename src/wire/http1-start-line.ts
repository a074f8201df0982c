// A whole HTTP/1.1 head, beginning with its start line (RFC 9112 sections 3 and 4): request line or status line here, the
// fields by http1-head.ts, then what the two must not say together. HOT, as http1-head.ts.
import { classes, CR, isTarget, isToken, isUpper, isValue, LF, SP } from './http1-bytes.ts';
import { Http1Error } from './http1-error.ts';
import type { Http1Head } from './http1-head.ts';

/**
 * Parses a complete request head at `offset`.
 * @throws Http1Error; the connection must be closed after answering it
 */
export function parseRequestHead(head: Http1Head, source: Buffer, offset: number): void {
  head.reset(source);
  head.readFields(parseRequestLine(head, source, offset), 'request');
  if (head.isChunked && head.contentLength >= 0) {
    throw new Http1Error('bad-request', 'both Content-Length and Transfer-Encoding');
  }
  if (head.isChunked && head.minorVersion === 0) {
    throw new Http1Error('bad-request', 'Transfer-Encoding in HTTP/1.0');
  }
  if (head.hostIndex < 0 && head.minorVersion === 1) throw new Http1Error('bad-request', 'no Host');
}

/** `METHOD SP target SP HTTP/1.x CRLF` with single spaces; returns the offset after it. */
export function parseRequestLine(head: Http1Head, source: Buffer, offset: number): number {
  let at = offset;
  let flags = isToken | isUpper;
  while ((classes[source[at]!]! & isToken) !== 0) flags &= methodClass(source[at++]!);
  if (at === offset || source[at] !== SP || (flags & isUpper) === 0 || at - offset > 32) {
    throw new Http1Error('bad-request', 'the request line has no valid method');
  }
  head.method = methodText(source, offset, at);
  const targetStart = ++at;
  while ((classes[source[at]!]! & isTarget) !== 0) at++;
  if (at === targetStart || source[at] !== SP) {
    throw new Http1Error('bad-request', 'the request line has no valid target');
  }
  if (at - targetStart > head.limits.targetBytes) {
    throw new Http1Error(
      'uri-too-long',
      `the request target is longer than ${head.limits.targetBytes} bytes`,
    );
  }
  head.target = source.latin1Slice(targetStart, at);
  return parseVersion(head, source, at + 1, CR);
}

/** Parses a complete response head at `offset`. @throws Http1Error */
export function parseResponseHead(head: Http1Head, source: Buffer, offset: number): void {
  head.reset(source);
  const afterVersion = parseVersion(head, source, offset, SP);
  let status = 0;
  for (let i = 0; i < 3; i++) {
    const digit = source[afterVersion + i]! - 0x30;
    if (!(digit >= 0 && digit <= 9)) throw new Http1Error('bad-request', 'the status is not three digits');
    status = status * 10 + digit;
  }
  if (status < 100) throw new Http1Error('bad-request', 'the status is below 100');
  head.status = status;
  let at = afterVersion + 3;
  if (source[at] === SP) at++;
  else if (source[at] !== CR) throw new Http1Error('bad-request', 'the status line is malformed');
  head.reasonStart = at;
  while ((classes[source[at]!]! & isValue) !== 0) at++;
  if (source[at] !== CR || source[at + 1] !== LF)
    throw new Http1Error('bad-request', 'the status line is malformed');
  head.reasonEnd = at;
  head.readFields(at + 2, 'response');
  if (head.isChunked && (head.contentLength >= 0 || head.minorVersion === 0)) {
    throw new Http1Error('bad-request', 'contradictory framing');
  }
}

/** `HTTP/1.0` or `HTTP/1.1` followed by `terminator` (and LF, if that is CR); returns the offset after it. */
function parseVersion(head: Http1Head, source: Buffer, offset: number, terminator: number): number {
  for (let i = 0; i < 5; i++) {
    if (source[offset + i] !== versionPrefix[i]) throw new Http1Error('bad-request', 'no HTTP version');
  }
  const major = source[offset + 5]!;
  const minor = source[offset + 7]!;
  if (
    !isDigit(major) ||
    source[offset + 6] !== 0x2e ||
    !isDigit(minor) ||
    source[offset + 8] !== terminator
  ) {
    throw new Http1Error('bad-request', 'the HTTP version is malformed');
  }
  if (terminator === CR && source[offset + 9] !== LF) throw new Http1Error('bad-request', 'a bare CR');
  if (major !== 0x31 || minor > 0x31)
    throw new Http1Error('http-version', 'the HTTP version is not 1.0 or 1.1');
  head.minorVersion = minor - 0x30;
  return offset + (terminator === CR ? 10 : 9);
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Methods are case-sensitive; a lower-case letter in one is a mistake or a probe, never a real client. */
function methodClass(byte: number): number {
  return byte >= 0x61 && byte <= 0x7a ? 0 : isToken | isUpper;
}

function methodText(source: Buffer, start: number, end: number): string {
  if (end - start === 3 && source[start] === 0x47 && source[start + 1] === 0x45 && source[start + 2] === 0x54)
    return 'GET';
  return source.latin1Slice(start, end);
}

const versionPrefix = Buffer.from('HTTP/');
