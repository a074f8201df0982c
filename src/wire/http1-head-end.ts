// Where an HTTP/1.1 message head ends, before anything in it is read: how much of a head may be gathered, and when it is
// already too large or wrong to wait for more of it.
import { CR, LF } from './http1-bytes.ts';
import { Http1Error } from './http1-error.ts';

export interface HeadLimits {
  /** Start line and fields with their line ends. */
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly fields: number;
}

/**
 * Looks for the end of the head that starts at `offset`.
 * @param scannedTo where an earlier call stopped looking, so that a head sent byte by byte costs linear time
 * @returns offset after the empty line, or -1 when more bytes are needed
 * @throws Http1Error for a head that is too large or already wrong
 */
export function findHeadEnd(source: Buffer, offset: number, scannedTo: number, limits: HeadLimits): number {
  const from = Math.max(offset, scannedTo - 3);
  const found = indexOfTerminator(source, from);
  if (found < 0) {
    if (source.length - offset > limits.headBytes) throw tooLarge(source, offset, limits);
    rejectBareLineFeed(source, Math.max(offset, scannedTo - 1));
    return -1;
  }
  if (found + 4 - offset > limits.headBytes) throw tooLarge(source, offset, limits);
  return found + 4;
}

/** Where CRLF CRLF begins, or -1. HOT: looks at every fourth byte, which is cheaper than a call out of JavaScript. */
function indexOfTerminator(source: Buffer, from: number): number {
  const { length } = source;
  for (let last = from + 3; last < length;) {
    const byte = source[last]!;
    if (byte === LF) {
      if (source[last - 1] === CR && source[last - 2] === LF && source[last - 3] === CR) return last - 3;
      last += 2;
    } else last += byte === CR ? 1 : 4;
  }
  return -1;
}

/** Which of the two limits a long head broke: the target's or the whole head's. */
function tooLarge(source: Buffer, offset: number, limits: HeadLimits): Http1Error {
  const lineEnd = source.indexOf(LF, offset);
  if (lineEnd < 0 || lineEnd - offset > limits.targetBytes + 64) {
    return new Http1Error('uri-too-long', `the request target is longer than ${limits.targetBytes} bytes`);
  }
  return new Http1Error('headers-too-large', `the header is larger than ${limits.headBytes} bytes`);
}

function rejectBareLineFeed(source: Buffer, from: number): void {
  for (let at = source.indexOf(LF, from); at >= 0; at = source.indexOf(LF, at + 1)) {
    if (at === 0 || source[at - 1] !== CR)
      throw new Http1Error('bad-request', 'a line ends in LF without CR');
  }
}
