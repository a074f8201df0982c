// PROXY protocol, versions 1 (text) and 2 (binary): the header that a proxy puts before a connection's bytes to name
// the client. Follows the HAProxy specification "The PROXY protocol, versions 1 & 2" (2020/03/05). The decoder is strict:
// what the specification does not allow is an error, never a guess, because the address it yields decides access.
import { isIPv4, isIPv6 } from 'node:net';
import { SallyportError } from '#base/errors.ts';
import { addressBytes, formatAddress, parseAddress } from '#base/net/ip.ts';

/** Two ends of the proxied connection. `ip` addresses are in canonical text form. */
export interface ProxiedAddresses {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
}

/** What a decoder found at the start of a connection. */
export type ProxyHeader =
  /** More bytes are needed to tell. */
  | { readonly kind: 'incomplete' }
  /** A TCP connection; its bytes begin after `headerBytes`. */
  | ({ readonly kind: 'proxied'; readonly headerBytes: number } & ProxiedAddresses)
  /** The proxy's own connection (LOCAL), or one whose addresses it cannot say (UNKNOWN, unix): use the socket's. */
  | { readonly kind: 'local'; readonly headerBytes: number };

/** A version 1 line is at most 107 bytes with its CR LF (specification section 2.1). */
const maxLineBytes = 107;

/** Section 2.2: the 12 bytes no other protocol begins with. */
const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const fixedBytes = 16;

/** TLVs beside the addresses; a peer that sends more than this is not a proxy of ours. */
const maxBodyBytes = 2048;

const familyBytes: Readonly<Record<number, number>> = { 0: 0, 1: 12, 2: 36, 3: 216 };

/** Reads a header of either version from the start of `bytes`. Throws `protocol-violation` for anything else. */
export function decodeProxyHeader(bytes: Buffer): ProxyHeader {
  if (bytes.length === 0) return { kind: 'incomplete' };
  if (bytes[0] === signature[0]) return decodeVersion2(bytes);
  return decodeVersion1(bytes);
}

/** A version 1 line for a TCP connection. Of mixed families, the IPv4 address is written as IPv4-mapped IPv6. */
export function encodeProxyV1({ source, destination }: ProxiedAddresses): Buffer {
  const family = familyOf(source.address, destination.address);
  const textOf = (address: string): string => (family === 6 ? asV6(address) : address);
  return Buffer.from(
    `PROXY TCP${family} ${textOf(source.address)} ${textOf(destination.address)} ${source.port} ${destination.port}\r\n`,
  );
}

/** A version 2 header for a TCP connection, without TLVs; mixed families as in version 1. */
export function encodeProxyV2({ source, destination }: ProxiedAddresses): Buffer {
  const isV6 = familyOf(source.address, destination.address) === 6;
  const bodyBytes = isV6 ? 36 : 12;
  const size = isV6 ? 16 : 4;
  const out = Buffer.alloc(fixedBytes + bodyBytes);
  signature.copy(out);
  out[12] = 0x21;
  out[13] = isV6 ? 0x21 : 0x11;
  out.writeUInt16BE(bodyBytes, 14);
  out.set(addressBytes(source.address)!.subarray(-size), fixedBytes);
  out.set(addressBytes(destination.address)!.subarray(-size), fixedBytes + size);
  out.writeUInt16BE(source.port, fixedBytes + 2 * size);
  out.writeUInt16BE(destination.port, fixedBytes + 2 * size + 2);
  return out;
}

function decodeVersion1(bytes: Buffer): ProxyHeader {
  const prefix = 'PROXY ';
  const seen = Math.min(bytes.length, prefix.length);
  if (bytes.latin1Slice(0, seen) !== prefix.slice(0, seen)) throw proxyError('no PROXY header');
  const end = bytes.subarray(0, maxLineBytes).indexOf('\r\n');
  if (end < 0) {
    if (bytes.length >= maxLineBytes) throw proxyError(`no CR LF within ${maxLineBytes} bytes`);
    return { kind: 'incomplete' };
  }
  const headerBytes = end + 2;
  const words = bytes.latin1Slice(prefix.length, end).split(' ');
  // UNKNOWN may be followed by anything up to the end of the line, which is to be ignored.
  if (words[0] === 'UNKNOWN') return { kind: 'local', headerBytes };
  const isAddress = words[0] === 'TCP4' ? isIPv4 : words[0] === 'TCP6' ? isPlainIPv6 : undefined;
  const [, from = '', to = '', fromPort = '', toPort = ''] = words;
  if (!isAddress || words.length !== 5 || !isAddress(from) || !isAddress(to)) {
    throw proxyError('malformed PROXY line');
  }
  return {
    kind: 'proxied',
    headerBytes,
    source: { address: parseAddress(from)!, port: portOf(fromPort) },
    destination: { address: parseAddress(to)!, port: portOf(toPort) },
  };
}

function decodeVersion2(bytes: Buffer): ProxyHeader {
  const seen = Math.min(bytes.length, signature.length);
  if (!bytes.subarray(0, seen).equals(signature.subarray(0, seen))) throw proxyError('no PROXY header');
  if (bytes.length < fixedBytes) return { kind: 'incomplete' };
  const command = bytes[12]!;
  if (command !== 0x20 && command !== 0x21) throw proxyError(`version and command 0x${command.toString(16)}`);
  const family = bytes[13]! >>> 4;
  const transport = bytes[13]! & 0x0f;
  const needed = familyBytes[family];
  if (needed === undefined || transport > 2) throw proxyError(`address family 0x${bytes[13]!.toString(16)}`);
  const bodyBytes = bytes.readUInt16BE(14);
  if (bodyBytes > maxBodyBytes) throw proxyError(`a header of ${bodyBytes} bytes, more than ${maxBodyBytes}`);
  const isLocal = command === 0x20 || family === 0 || family === 3 || transport === 0;
  if (!isLocal && bodyBytes < needed) throw proxyError(`addresses of ${bodyBytes} bytes, ${needed} needed`);
  const headerBytes = fixedBytes + bodyBytes;
  if (bytes.length < headerBytes) return { kind: 'incomplete' };
  checkTlvs(bytes.subarray(fixedBytes + Math.min(needed, bodyBytes), headerBytes));
  if (isLocal) return { kind: 'local', headerBytes };
  if (transport !== 1) throw proxyError('a datagram connection');
  return { kind: 'proxied', headerBytes, ...addressesAt(bytes, family === 2) };
}

function addressesAt(bytes: Buffer, isV6: boolean): ProxiedAddresses {
  const size = isV6 ? 16 : 4;
  const textOf = isV6 ? formatAddress : (octets: Buffer): string => octets.join('.');
  const ports = fixedBytes + 2 * size;
  return {
    source: {
      address: textOf(bytes.subarray(fixedBytes, fixedBytes + size)),
      port: bytes.readUInt16BE(ports),
    },
    destination: {
      address: textOf(bytes.subarray(fixedBytes + size, ports)),
      port: bytes.readUInt16BE(ports + 2),
    },
  };
}

/** TLVs (section 2.2.1) are skipped, but must fill the header exactly. */
function checkTlvs(bytes: Buffer): void {
  let at = 0;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) throw proxyError('a TLV that is cut off');
    at += 3 + bytes.readUInt16BE(at + 1);
  }
  if (at !== bytes.length) throw proxyError('a TLV longer than the header');
}

/** Decimal without sign, blank or leading zero, as the specification wants it. */
function portOf(text: string): number {
  const port = /^(0|[1-9][0-9]{0,4})$/.test(text) ? Number(text) : Infinity;
  if (port > 65_535) throw proxyError('malformed port');
  return port;
}

/** An IPv6 address without a zone. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function familyOf(source: string, destination: string): 4 | 6 {
  if (isIPv4(source) && isIPv4(destination)) return 4;
  if (isPlainIPv6(asV6(source)) && isPlainIPv6(asV6(destination))) return 6;
  throw new SallyportError(
    'internal',
    `A PROXY header needs two IP addresses, not "${source}" and "${destination}".`,
  );
}

function asV6(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address;
}

function proxyError(what: string): SallyportError {
  return new SallyportError(
    'protocol-violation',
    `The peer should begin with a PROXY protocol header, but sent ${what}; check which proxies the edge is told to trust.`,
  );
}
