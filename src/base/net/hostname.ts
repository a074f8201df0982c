// Hostnames in their one canonical form: lower-case ASCII (IDNA A-labels), no trailing dot. Everything that compares
// hostnames (routes, rules, certificates, access) compares canonical ones, so two spellings can never part ways.
//
// The common case, a plain lower-case ASCII name, is one loop without allocation: this runs for every request.
import { domainToASCII } from 'node:url';
import { parseAddress } from './ip.ts';

/** RFC 1035 section 2.3.4, without the trailing dot. */
const longestHostname = 253;
const longestLabel = 63;

/** A host, and the port if one was written. IPv6 addresses stand without brackets, in RFC 5952 form. */
export interface Authority {
  readonly host: string;
  readonly port: number | undefined;
}

/**
 * The canonical form of a hostname or IPv4 address, undefined for anything that is none: empty labels, labels over 63
 * or names over 253 characters, spaces, NUL, '@', '/', '%', characters that IDNA does not allow, undecodable text.
 */
export function parseHostname(text: string): string | undefined {
  if (isCanonical(text)) return text;
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  // Printable ASCII is only lower-cased; `domainToASCII` would also decode '%41' and rewrite '127.1'.
  if (isAscii(name)) {
    const lower = name.toLowerCase();
    if (!isPlain(lower)) return undefined;
    return hasALabel(lower) ? checkedALabels(lower) : lower;
  }
  if (/[\u0000-\u002c/:-@[-`{-\u007f\ufffd]/.test(name)) return undefined;
  const ascii = domainToASCII(name);
  // Digits from other scripts must not turn into an address that nobody wrote.
  if (!isPlain(ascii) || /(^|\.)\d+$/.test(ascii)) return undefined;
  return ascii;
}

/**
 * Splits the value of a Host field or the authority of a URL (text already decoded from UTF-8, U+FFFD marks what could
 * not be). Undefined when it is not exactly `host`, `host:port`, `[ipv6]` or `[ipv6]:port`; user information is refused.
 */
export function parseAuthority(text: string): Authority | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) return withHost(text, undefined);
  if (text.charCodeAt(0) === 0x5b) return parseBracketed(text);
  const port = parsePort(text, colon + 1);
  return port === invalidPort ? undefined : withHost(text.slice(0, colon), port);
}

/** Whether `name` is the pattern's hostname, or for `*.suffix` lies below the suffix at any depth. Both canonical. */
export function matchesHostPattern(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return pattern === name;
  return name.length > pattern.length - 1 && name.endsWith(pattern.slice(1));
}

const invalidPort = -1;

function withHost(text: string, port: number | undefined): Authority | undefined {
  const host = parseHostname(text);
  return host === undefined ? undefined : { host, port };
}

function parseBracketed(text: string): Authority | undefined {
  const end = text.indexOf(']');
  if (end < 0 || text.includes('%')) return undefined;
  const literal = text.slice(1, end);
  const host = literal.includes(':') ? parseAddress(literal) : undefined;
  if (host === undefined) return undefined;
  if (end + 1 === text.length) return { host, port: undefined };
  if (text.charCodeAt(end + 1) !== 0x3a) return undefined;
  const port = parsePort(text, end + 2);
  return port === invalidPort ? undefined : { host, port };
}

/** Digits from `start` to the end; an empty port is allowed (RFC 3986 section 3.2.3) and means none. */
function parsePort(text: string, start: number): number | undefined {
  if (start === text.length) return undefined;
  if (text.length - start > 5) return invalidPort;
  let port = 0;
  for (let i = start; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return invalidPort;
    port = port * 10 + digit;
  }
  return port > 65_535 ? invalidPort : port;
}

/** HOT: plain, and without an A-label that would have to be checked. */
function isCanonical(text: string): boolean {
  return isPlain(text) && !hasALabel(text);
}

/** Letters in lower case, digits, '-', '_', and dots between labels that are neither empty nor too long. */
function isPlain(text: string): boolean {
  const { length } = text;
  if (length === 0 || length > longestHostname) return false;
  let labelStart = 0;
  for (let i = 0; i < length; i++) {
    const char = text.charCodeAt(i);
    if ((char >= 0x61 && char <= 0x7a) || (char >= 0x30 && char <= 0x39) || char === 0x2d || char === 0x5f)
      continue;
    if (char !== 0x2e || i === labelStart || i - labelStart > longestLabel) return false;
    labelStart = i + 1;
  }
  return labelStart < length && length - labelStart <= longestLabel;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function hasALabel(text: string): boolean {
  return text.includes('xn--');
}

/** A name with A-labels, if each of them decodes and is in the only form that encoding gives. */
function checkedALabels(name: string): string | undefined {
  return domainToASCII(name) === name ? name : undefined;
}

/** Names below `localhost` lead to the very machine that asks, without any DNS (RFC 6761 section 6.3). */
export function isLocalhost(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost');
}
