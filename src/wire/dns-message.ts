// DNS messages (RFC 1035 section 4), plain data to bytes and back. Strict: what does not end where its lengths say, or has
// record data of the wrong shape, is refused as a whole.
//
//   | id 16 | QR 1 opcode 4 AA 1 TC 1 RD 1 | RA 1 Z 1 AD 1 CD 1 rcode 4 | QDCOUNT | ANCOUNT | NSCOUNT | ARCOUNT | ...
//
// Record data stays bytes, names in it uncompressed; dns-record-text.ts turns it into text. OPT and TSIG are records
// like others here; dns-edns.ts and dns-tsig.ts know them.
import { decodeName, encodeName, malformed, nameLabels, parentName } from './dns-name.ts';
import { recordClasses } from './dns-numbers.ts';
import { decodeRecordData } from './dns-record-data.ts';

export interface DnsQuestion {
  /** As it came, case included. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttlSeconds: number;
  /** Record data without its length; names in it uncompressed. */
  readonly data: Uint8Array;
}

/** The header's flags, as facts. */
export interface DnsFlags {
  readonly isResponse: boolean;
  /** AA */
  readonly isAuthoritative: boolean;
  /** TC */
  readonly isTruncated: boolean;
  /** RD */
  readonly wantsRecursion: boolean;
  /** RA */
  readonly offersRecursion: boolean;
  /** AD (RFC 4035) */
  readonly isAuthenticData: boolean;
  /** CD */
  readonly isCheckingDisabled: boolean;
}

export interface DnsMessage extends DnsFlags {
  readonly id: number;
  readonly opcode: number;
  /** The header's four bits; OPT may extend them. */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** A message over TCP has a 16-bit length in front. */
export const largestMessageBytes = 65_535;
export const headerBytes = 12;

/** No flag set. */
export const noFlags: DnsFlags = {
  isResponse: false,
  isAuthoritative: false,
  isTruncated: false,
  wantsRecursion: false,
  offersRecursion: false,
  isAuthenticData: false,
  isCheckingDisabled: false,
};

/** Reads a whole message. @throws SallyportError 'protocol-violation' */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  const header = decodeHeader(bytes);
  let at = headerBytes;
  const questions: DnsQuestion[] = [];
  for (let i = 0; i < header.counts[0]; i++) {
    const { name, end } = decodeName(bytes, at);
    if (end + 4 > bytes.length) throw malformed('a question that is cut off');
    questions.push({ name, type: u16(bytes, end), class: u16(bytes, end + 2) });
    at = end + 4;
  }
  const section = (count: number): DnsRecord[] => {
    const records: DnsRecord[] = [];
    for (let i = 0; i < count; i++) {
      const { record, end } = decodeRecord(bytes, at);
      records.push(record);
      at = end;
    }
    return records;
  };
  const { counts, ...facts } = header;
  const answers = section(counts[1]);
  const authorities = section(counts[2]);
  const additionals = section(counts[3]);
  if (at !== bytes.length) throw malformed('bytes after the last record');
  return { ...facts, questions, answers, authorities, additionals };
}

/** Id, flags and opcode of what may otherwise be garbage, to answer FORMERR to; undefined if not even that is there. */
export function peekHeader(
  bytes: Uint8Array,
): (DnsFlags & { readonly id: number; readonly opcode: number }) | undefined {
  return bytes.length < headerBytes ? undefined : decodeHeader(bytes);
}

/** The bytes of a message; owner names are compressed. @throws SallyportError 'protocol-violation' over 65,535 bytes */
export function encodeMessage(message: DnsMessage): Uint8Array {
  const writer = new MessageWriter();
  writer.u16(message.id);
  writer.u16(flagBits(message));
  const { questions, answers, authorities, additionals } = message;
  for (const list of [questions, answers, authorities, additionals]) writer.u16(list.length);
  for (const question of questions) {
    writer.name(question.name);
    writer.u16(question.type);
    writer.u16(question.class);
  }
  for (const list of [answers, authorities, additionals]) for (const record of list) writer.record(record);
  return writer.finish();
}

/** Where the last record of a message begins, and the number of additional records; for TSIG, which must be the last. */
export function lastRecordOffset(bytes: Uint8Array): number | undefined {
  const { counts } = decodeHeader(bytes);
  let at = headerBytes;
  for (let i = 0; i < counts[0]; i++) at = decodeName(bytes, at).end + 4;
  let last: number | undefined;
  for (let i = counts[1] + counts[2] + counts[3]; i > 0; i--) {
    last = at;
    at = decodeRecord(bytes, at).end;
  }
  return last;
}

/** Reads one record. @throws SallyportError 'protocol-violation' */
export function decodeRecord(bytes: Uint8Array, offset: number): { record: DnsRecord; end: number } {
  const { name, end: at } = decodeName(bytes, offset);
  if (at + 10 > bytes.length) throw malformed('a record that is cut off');
  const type = u16(bytes, at);
  const recordClass = u16(bytes, at + 2);
  const ttlSeconds = u16(bytes, at + 4) * 0x10000 + u16(bytes, at + 6);
  const start = at + 10;
  const end = start + u16(bytes, at + 8);
  if (end > bytes.length) throw malformed('record data that is cut off');
  // Updates name record sets without saying what is in them (RFC 2136 sections 2.4 and 2.5).
  const isNameOnly = start === end && recordClass !== recordClasses.IN;
  const data = isNameOnly ? new Uint8Array(0) : decodeRecordData(type, bytes, start, end);
  return { record: { name, type, class: recordClass, ttlSeconds, data }, end };
}

interface Header extends DnsFlags {
  readonly id: number;
  readonly opcode: number;
  readonly rcode: number;
  readonly counts: readonly [number, number, number, number];
}

function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length < headerBytes) throw malformed('a message of fewer than 12 bytes');
  const flags = u16(bytes, 2);
  return {
    id: u16(bytes, 0),
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >>> 11) & 15,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    wantsRecursion: (flags & 0x0100) !== 0,
    offersRecursion: (flags & 0x0080) !== 0,
    isAuthenticData: (flags & 0x0020) !== 0,
    isCheckingDisabled: (flags & 0x0010) !== 0,
    rcode: flags & 15,
    counts: [u16(bytes, 4), u16(bytes, 6), u16(bytes, 8), u16(bytes, 10)],
  };
}

function flagBits(message: DnsMessage): number {
  return (
    (message.isResponse ? 0x8000 : 0) |
    ((message.opcode & 15) << 11) |
    (message.isAuthoritative ? 0x0400 : 0) |
    (message.isTruncated ? 0x0200 : 0) |
    (message.wantsRecursion ? 0x0100 : 0) |
    (message.offersRecursion ? 0x0080 : 0) |
    (message.isAuthenticData ? 0x0020 : 0) |
    (message.isCheckingDisabled ? 0x0010 : 0) |
    (message.rcode & 15)
  );
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/** A pointer has 14 bits for its target. */
const farthestPointer = 0x3fff;

class MessageWriter {
  #bytes = new Uint8Array(512);
  #length = 0;
  /** Offsets of names and of their ends by exact text: compression must not change the case that is sent. */
  readonly #offsets = new Map<string, number>();

  u16(value: number): void {
    this.#need(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value & 0xff;
  }

  name(name: string): void {
    let rest: string | undefined = name;
    while (rest !== undefined && rest !== '') {
      const known = this.#offsets.get(rest);
      if (known !== undefined) return this.u16(0xc000 | known);
      if (this.#length <= farthestPointer) this.#offsets.set(rest, this.#length);
      const label = encodeName(nameLabels(rest)[0]!);
      // Without the root byte that ends a name of one label.
      this.raw(label.subarray(0, -1));
      rest = parentName(rest);
    }
    this.raw(rootByte);
  }

  record(record: DnsRecord): void {
    this.name(record.name);
    this.u16(record.type);
    this.u16(record.class);
    this.u16(Math.floor(record.ttlSeconds / 0x10000));
    this.u16(record.ttlSeconds & 0xffff);
    if (record.data.length > 0xffff) throw malformed('record data over 65,535 bytes');
    this.u16(record.data.length);
    this.raw(record.data);
  }

  raw(bytes: Uint8Array): void {
    this.#need(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  finish(): Uint8Array {
    if (this.#length > largestMessageBytes) throw malformed('a message over 65,535 bytes');
    return this.#bytes.subarray(0, this.#length);
  }

  #need(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const rootByte = Uint8Array.of(0);
