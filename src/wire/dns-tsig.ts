// TSIG: transactions signed with a shared secret (RFC 8945). Works on a message's bytes, since the MAC covers them.
//
//   digest of a request:   message without TSIG | variables
//   digest of a response:  request MAC with length | message | variables
//   later ones in a row:   last MAC with length | messages since, unsigned ones too | time and fudge
//   variables:             key name | class ANY | TTL 0 | algorithm | time 48 | fudge 16 | error 16 | other, with length
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeName, encodeName, lowerName, malformed } from './dns-name.ts';
import { decodeRecord, lastRecordOffset } from './dns-message.ts';
import { recordClasses, recordTypes } from './dns-numbers.ts';

/** Algorithms that both ends of Sallyport speak; SHA-1 and MD5 are left out. */
export const tsigAlgorithms = ['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;
export type TsigAlgorithm = (typeof tsigAlgorithms)[number];

export interface TsigKey {
  /** Name of the key, as both ends know it. */
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Uint8Array;
}

/** A TSIG record's content. */
export interface Tsig {
  readonly keyName: string;
  readonly algorithm: string;
  readonly timeSeconds: number;
  readonly fudgeSeconds: number;
  readonly mac: Uint8Array;
  readonly originalId: number;
  readonly error: number;
  readonly other: Uint8Array;
}

/** How far clocks may differ (RFC 8945 section 10 recommends it). */
export const tsigFudgeSeconds = 300;

/** Takes a message apart: its bytes without TSIG (id and count as they were signed) and the TSIG, undefined without one. */
export function splitTsig(bytes: Uint8Array): {
  readonly unsigned: Uint8Array;
  readonly tsig: Tsig | undefined;
} {
  const offset = lastRecordOffset(bytes);
  if (offset === undefined) return { unsigned: bytes, tsig: undefined };
  const { record } = decodeRecord(bytes, offset);
  if (record.type !== recordTypes.TSIG) return { unsigned: bytes, tsig: undefined };
  const additionals = (bytes[10]! << 8) | bytes[11]!;
  if (record.class !== recordClasses.ANY || record.ttlSeconds !== 0 || additionals === 0) {
    throw malformed('a TSIG record out of place');
  }
  const tsig = { keyName: lowerName(record.name), ...decodeTsigData(record.data) };
  const unsigned = Buffer.from(bytes.subarray(0, offset));
  unsigned.writeUInt16BE(tsig.originalId, 0);
  unsigned.writeUInt16BE(additionals - 1, 10);
  return { unsigned, tsig };
}

/** What signing or checking one message needs beside the key. */
export interface TsigContext {
  /** The wall clock, in seconds since 1970. */
  readonly timeSeconds: number;
  /** MAC of the request this answers, or of the message before in a row; absent for a request. */
  readonly priorMac?: Uint8Array;
  /** Whether it is a later message of a row, with the messages since the last signed one. */
  readonly laterInRow?: { readonly unsignedBefore: readonly Uint8Array[] };
  readonly error?: number;
  readonly other?: Uint8Array;
}

/** A message with its TSIG appended, and the MAC that the answer's will cover. */
export function signTsig(
  unsigned: Uint8Array,
  key: TsigKey,
  context: TsigContext,
): { bytes: Uint8Array; mac: Uint8Array } {
  const tsig: Tsig = {
    keyName: lowerName(key.name),
    algorithm: key.algorithm,
    timeSeconds: context.timeSeconds,
    fudgeSeconds: tsigFudgeSeconds,
    mac: new Uint8Array(0),
    originalId: (unsigned[0]! << 8) | unsigned[1]!,
    error: context.error ?? 0,
    other: context.other ?? new Uint8Array(0),
  };
  const mac = macOf(unsigned, key, tsig, context);
  return { bytes: appendTsig(unsigned, { ...tsig, mac }), mac };
}

/** A message with a TSIG record as it is; errors about keys and signatures go out with an empty MAC (section 5.2). */
export function appendTsig(unsigned: Uint8Array, tsig: Tsig): Uint8Array {
  const data = encodeTsigData(tsig);
  const owner = encodeName(tsig.keyName);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(recordTypes.TSIG, 0);
  head.writeUInt16BE(recordClasses.ANY, 2);
  head.writeUInt16BE(data.length, 8);
  const bytes = Buffer.concat([unsigned, owner, head, data]);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
  return bytes;
}

/** What is wrong with a message's TSIG, in the order in which RFC 8945 section 5.2 asks. */
export type TsigFault = 'bad-key' | 'bad-signature' | 'bad-time';

/** Checks a TSIG against a key, undefined if all is well. Whether a key of that name exists is the caller's question. */
export function checkTsig(
  unsigned: Uint8Array,
  tsig: Tsig,
  key: TsigKey,
  context: Omit<TsigContext, 'error' | 'other'>,
): TsigFault | undefined {
  if (tsig.keyName !== lowerName(key.name) || tsig.algorithm !== key.algorithm) return 'bad-key';
  const expected = macOf(unsigned, key, tsig, context);
  // Truncated MACs (section 5.2.2.1) are allowed by policy only, and ours is to want all of it.
  if (tsig.mac.length !== expected.length || !timingSafeEqual(tsig.mac, expected)) return 'bad-signature';
  return Math.abs(context.timeSeconds - tsig.timeSeconds) > tsig.fudgeSeconds ? 'bad-time' : undefined;
}

function macOf(
  unsigned: Uint8Array,
  key: TsigKey,
  tsig: Tsig,
  { priorMac, laterInRow }: Pick<TsigContext, 'priorMac' | 'laterInRow'>,
): Uint8Array {
  const hmac = createHmac(key.algorithm.slice('hmac-'.length), key.secret);
  if (priorMac) hmac.update(u16(priorMac.length)).update(priorMac);
  for (const earlier of laterInRow?.unsignedBefore ?? []) hmac.update(earlier);
  hmac.update(unsigned);
  if (laterInRow) hmac.update(u48(tsig.timeSeconds)).update(u16(tsig.fudgeSeconds));
  else hmac.update(variables(tsig));
  return hmac.digest();
}

function variables(tsig: Tsig): Buffer {
  return Buffer.concat([
    encodeName(tsig.keyName),
    u16(recordClasses.ANY),
    Buffer.alloc(4),
    encodeName(tsig.algorithm),
    u48(tsig.timeSeconds),
    u16(tsig.fudgeSeconds),
    u16(tsig.error),
    u16(tsig.other.length),
    tsig.other,
  ]);
}

function encodeTsigData(tsig: Tsig): Buffer {
  return Buffer.concat([
    encodeName(tsig.algorithm),
    u48(tsig.timeSeconds),
    u16(tsig.fudgeSeconds),
    u16(tsig.mac.length),
    tsig.mac,
    u16(tsig.originalId),
    u16(tsig.error),
    u16(tsig.other.length),
    tsig.other,
  ]);
}

function decodeTsigData(data: Uint8Array): Omit<Tsig, 'keyName'> {
  const { name: algorithm, end: at } = decodeName(data, 0);
  const view = Buffer.from(data.buffer, data.byteOffset, data.length);
  if (at + 10 > data.length) throw malformed('a TSIG record that is cut off');
  const macEnd = at + 10 + view.readUInt16BE(at + 8);
  if (macEnd + 6 > data.length) throw malformed('a TSIG record that is cut off');
  const otherEnd = macEnd + 6 + view.readUInt16BE(macEnd + 4);
  if (otherEnd !== data.length) throw malformed('a TSIG record of the wrong length');
  return {
    algorithm: lowerName(algorithm),
    timeSeconds: view.readUIntBE(at, 6),
    fudgeSeconds: view.readUInt16BE(at + 6),
    mac: view.subarray(at + 10, macEnd),
    originalId: view.readUInt16BE(macEnd),
    error: view.readUInt16BE(macEnd + 2),
    other: view.subarray(macEnd + 6),
  };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function u48(value: number): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(value, 0, 6);
  return bytes;
}
