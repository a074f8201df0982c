// IP addresses and prefixes. One form per address: IPv4 dotted, IPv6 as RFC 5952 writes it, IPv4-mapped IPv6 as IPv4,
// no zone; so that addresses may be compared as strings wherever they come from (socket, PROXY header, X-Forwarded-For).
import { SallyportError } from '../errors.ts';

/** Sixteen bytes in network order; IPv4 is kept as ::ffff:a.b.c.d, so one comparison serves both families. */
export type AddressBytes = Uint8Array;

/** A set of prefixes. */
export interface CidrSet {
  readonly size: number;
  /** Whether the address, in any spelling, lies in one of the prefixes; false for what is no address. */
  has(address: string): boolean;
}

/** The one spelling of an address (brackets and zone dropped), undefined when the text is none. */
export function parseAddress(text: string): string | undefined {
  const bytes = addressBytes(text);
  return bytes && formatAddress(bytes);
}

/** The bytes of an address in any spelling, undefined when the text is none. IPv4 stands in the last four. */
export function addressBytes(text: string): AddressBytes | undefined {
  if (!text.includes(':')) return fromV4(text);
  let bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const zone = bare.indexOf('%');
  if (zone >= 0) bare = bare.slice(0, zone);
  return fromV6(bare);
}

/** The one spelling (RFC 5952): lower case, no leading zeros, the first longest run of two or more zero groups as '::'. */
export function formatAddress(bytes: AddressBytes): string {
  if (isMapped(bytes)) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && groups[end] === 0) end++;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

/** Whether the text is an IP address in any spelling. */
export function isAddress(text: string): boolean {
  return addressBytes(text) !== undefined;
}

/** `address:port` as it is written everywhere, with brackets around IPv6. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * A set from CIDRs and single addresses.
 * @throws SallyportError 'config-invalid' naming the entry that is no prefix
 */
export function cidrSet(prefixes: readonly string[]): CidrSet {
  const parsed = prefixes.map(parsePrefix);
  return {
    size: parsed.length,
    has(address) {
      if (parsed.length === 0) return false;
      const bytes = addressBytes(address);
      return bytes !== undefined && parsed.some((prefix) => isWithin(bytes, prefix));
    },
  };
}

/** Addresses that only this machine, this link or this site can reach. */
export const privatePrefixes: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::/128',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
];

interface Prefix {
  readonly bytes: AddressBytes;
  readonly bits: number;
}

function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/');
  const bytes = addressBytes(slash < 0 ? text : text.slice(0, slash));
  const written = slash < 0 ? undefined : text.slice(slash + 1);
  const isV4 = bytes !== undefined && !text.includes(':');
  const width = isV4 ? 32 : 128;
  const bits =
    written === undefined ? width : /^(0|[1-9]\d{0,2})$/.test(written) ? Number(written) : Infinity;
  if (!bytes || bits > width) {
    throw new SallyportError(
      'config-invalid',
      `"${text}" is not an address or prefix; write it like 192.0.2.0/24 or 2001:db8::/32.`,
    );
  }
  return { bytes, bits: isV4 ? bits + 96 : bits };
}

function isWithin(address: AddressBytes, prefix: Prefix): boolean {
  const whole = prefix.bits >>> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== prefix.bytes[i]) return false;
  const rest = prefix.bits & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return (address[whole]! & mask) === (prefix.bytes[whole]! & mask);
}

/** Dotted decimal with four parts and no leading zeros, which other readers take for octal. */
function fromV4(text: string): AddressBytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 0xff;
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[12 + i] = Number(part);
  }
  return bytes;
}

function fromV6(text: string): AddressBytes | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const bytes = new Uint8Array(16);
  for (const [i, group] of [...head, ...Array<number>(missing).fill(0), ...tail].entries()) {
    bytes[2 * i] = group >>> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

/** 16-bit groups of one side of '::'; dotted decimal may stand at the very end of the address. */
function groupsOf(text: string, isEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.') && isEnd && i === parts.length - 1) {
      const v4 = fromV4(part);
      if (!v4) return undefined;
      groups.push((v4[12]! << 8) | v4[13]!, (v4[14]! << 8) | v4[15]!);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function isMapped(bytes: AddressBytes): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** Whether the text is an address or a prefix in CIDR form. */
export function isPrefix(text: string): boolean {
  try {
    cidrSet([text]);
    return true;
  } catch {
    return false;
  }
}
