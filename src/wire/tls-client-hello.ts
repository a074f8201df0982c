// The first message of a TLS client (RFC 8446 section 4.1.2), read without opening the connection: which server it asks for
// and which protocols it offers. The message may lie in several records, and be large (post-quantum key shares). Strict: a
// connection that is passed on by what stands here must mean the same to the server that ends it.
//
//     record:   type 22 | version 3.x | length u16 | fragment          (RFC 8446 section 5.1)
//     message:  type 1 | length u24 | version | random 32 | session id | cipher suites | compression | extensions
import { SallyportError } from '#base/errors.ts';
import { parseHostname } from '#base/net/hostname.ts';
import { isAddress } from '#base/net/ip.ts';

/** What a ClientHello says. */
export interface ClientHello {
  /** Canonical; '' when the client names none. With Encrypted ClientHello it is the public name. */
  readonly serverName: string;
  /** Offered by ALPN, in the client's order. */
  readonly protocols: readonly string[];
  /** It carries an Encrypted ClientHello, real or greased: the name inside cannot be seen. */
  readonly isEncrypted: boolean;
}

export type ClientHelloRead =
  /** More bytes are needed to tell. */
  { readonly kind: 'incomplete' } | ({ readonly kind: 'hello' } & ClientHello);

/** Browsers send 600 bytes, 1,800 with ML-KEM-768; the largest groups that are drafted need 20 KiB. */
export const maxHelloBytes = 32_768;

/** In records of usual size one or two; a stack that splits for its own reasons makes a handful. */
const maxRecords = 64;

/** More raw bytes than this are never needed. */
export const maxHelloInputBytes = maxHelloBytes + 4 + maxRecords * 5;

const handshakeRecord = 22;
const clientHelloType = 1;
const maxFragmentBytes = 16_384;
const recordHeaderBytes = 5;

/** IANA "TLS ExtensionType Values". */
const extensions = { serverName: 0, alpn: 16, encryptedClientHello: 0xfe0d } as const;

/** Reads the start of a connection. @throws SallyportError 'protocol-violation' for what is no ClientHello */
export function readClientHello(bytes: Buffer): ClientHelloRead {
  const message = gatherMessage(bytes);
  return message === undefined
    ? { kind: 'incomplete' }
    : { kind: 'hello', ...parseHello(new Cursor(message)) };
}

/** The handshake message out of its records, without its header; undefined while it is not whole. */
function gatherMessage(bytes: Buffer): Buffer | undefined {
  const fragments: Buffer[] = [];
  let gathered = 0;
  let wanted = Infinity;
  let at = 0;
  for (let records = 0; ; records++) {
    const record = bytes.subarray(at);
    if (record.length > 0 && record[0] !== handshakeRecord) throw helloError(`a record of type ${record[0]}`);
    if (record.length > 1 && record[1] !== 3) throw helloError(`a record of version ${record[1]}`);
    if (record.length < recordHeaderBytes) return undefined;
    if (records === maxRecords) throw helloError(`more than ${maxRecords} records`);
    const length = record.readUInt16BE(3);
    if (length === 0 || length > maxFragmentBytes) throw helloError(`a record of ${length} bytes`);
    const fragment = record.subarray(recordHeaderBytes, recordHeaderBytes + length);
    fragments.push(fragment);
    gathered += fragment.length;
    if (wanted === Infinity) wanted = wantedBytes(fragments, gathered);
    if (gathered > wanted) throw helloError('something after the ClientHello');
    if (gathered === wanted) {
      if (fragment.length < length) throw helloError('something after the ClientHello');
      return Buffer.concat(fragments).subarray(4);
    }
    if (fragment.length < length) return undefined;
    at += recordHeaderBytes + length;
  }
}

/** Length of the message with its header, once that can be seen. */
function wantedBytes(fragments: readonly Buffer[], gathered: number): number {
  const head =
    gathered < 4
      ? Buffer.concat(fragments)
      : fragments.length === 1
        ? fragments[0]!
        : Buffer.concat(fragments);
  if (head.length > 0 && head[0] !== clientHelloType)
    throw helloError(`a handshake message of type ${head[0]}`);
  if (head.length < 4) return Infinity;
  const length = head.readUIntBE(1, 3);
  if (length > maxHelloBytes)
    throw helloError(`a ClientHello of ${length} bytes, more than ${maxHelloBytes}`);
  return 4 + length;
}

function parseHello(body: Cursor): ClientHello {
  body.skip(2 + 32);
  if (body.vector(1).length > 32) throw helloError('a session id of more than 32 bytes');
  const suites = body.vector(2).length;
  if (suites === 0 || suites % 2 !== 0) throw helloError(`${suites} bytes of cipher suites`);
  if (body.vector(1).length === 0) throw helloError('no compression method');
  let serverName = '';
  let protocols: readonly string[] = [];
  let isEncrypted = false;
  if (!body.isAtEnd) {
    const list = new Cursor(body.vector(2));
    if (!body.isAtEnd) throw helloError('bytes after the extensions');
    const seen = new Set<number>();
    while (!list.isAtEnd) {
      const type = list.number(2);
      const data = list.vector(2);
      if (seen.has(type)) throw helloError(`extension ${type} twice`);
      seen.add(type);
      if (type === extensions.serverName) serverName = readServerName(new Cursor(data));
      else if (type === extensions.alpn) protocols = readProtocols(new Cursor(data));
      else if (type === extensions.encryptedClientHello) isEncrypted = true;
    }
  }
  return { serverName, protocols, isEncrypted };
}

/** RFC 6066 section 3: one host_name, in ASCII, no address. */
function readServerName(data: Cursor): string {
  const list = new Cursor(data.vector(2));
  if (!data.isAtEnd || list.isAtEnd) throw helloError('a malformed server_name');
  if (list.number(1) !== 0) throw helloError('a server name that is no host_name');
  const text = list.vector(2).toString('latin1');
  if (!list.isAtEnd) throw helloError('several server names');
  const name = parseHostname(text);
  // Both are common among programs that were given an address: they mean whoever is there.
  if (isAddress(text)) return '';
  if (name === undefined || text.endsWith('.')) throw helloError('a server name that is no hostname');
  return name;
}

/** RFC 7301 section 3.1. */
function readProtocols(data: Cursor): string[] {
  const list = new Cursor(data.vector(2));
  if (!data.isAtEnd || list.isAtEnd) throw helloError('a malformed ALPN list');
  const protocols: string[] = [];
  while (!list.isAtEnd) {
    const protocol = list.vector(1);
    if (protocol.length === 0) throw helloError('an empty ALPN protocol');
    protocols.push(protocol.toString('latin1'));
  }
  return protocols;
}

/** Reads numbers and vectors with their length before them. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skip(byteCount: number): void {
    if (this.#at + byteCount > this.#bytes.length) throw helloError('a ClientHello that is cut off');
    this.#at += byteCount;
  }

  number(byteCount: number): number {
    this.skip(byteCount);
    return this.#bytes.readUIntBE(this.#at - byteCount, byteCount);
  }

  vector(lengthBytes: number): Buffer {
    const length = this.number(lengthBytes);
    this.skip(length);
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

function helloError(what: string): SallyportError {
  return new SallyportError(
    'protocol-violation',
    `The client should begin with a TLS ClientHello, but sent ${what}.`,
  );
}
