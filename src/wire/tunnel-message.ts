// Payloads of the tunnel protocol's frames, one encode/decode pair each (docs/protocol/tunnel.md, section "Frames").
// Numbers are big-endian; `string` is a 16-bit byte count followed by UTF-8; `text` is UTF-8 to the end of the frame.
// A decoder accepts exactly what its encoder can make, except that JSON objects may carry keys it does not know.
import { Buffer } from 'node:buffer';
import { frameError } from './tunnel-frame.ts';
import { needAtLeast, needExactly, textLimitBytes, utf8Floor, utf8Text } from './tunnel-payload.ts';

/** First frame, edge to connector. */
export interface Hello {
  /** Protocol version the edge speaks. */
  readonly version: number;
  /** 32 fresh random bytes for the connector to sign. */
  readonly nonce: Uint8Array;
  /** The edge's wall clock, milliseconds since the Unix epoch. */
  readonly wallMs: number;
}

/** The connector's answer to HELLO. */
export interface Auth {
  readonly version: number;
  /** UUID, lower-case text (16 bytes on the wire). */
  readonly tunnelId: string;
  readonly instanceId: string;
  /** 0-based index of the connection within its connector. */
  readonly index: number;
  /** Ed25519, 64 bytes. */
  readonly signature: Uint8Array;
  readonly info: ConnectorInfo;
}

/** What a connector tells of itself; everything but version and arch came later and may be absent. */
export interface ConnectorInfo {
  readonly version: string;
  readonly arch: string;
  /** Extensions it takes part in, such as `remote-config`. */
  readonly features?: readonly string[];
  /** Name and system of its machine, for its owner's lists. */
  readonly hostname?: string;
  readonly os?: string;
  /** Its own wall clock when the process began, milliseconds since the Unix epoch. */
  readonly startedAtMs?: number;
}

/** The edge's answer to a good AUTH. */
export interface Welcome {
  readonly connectionId: string;
  readonly edgeName: string;
  /** Who keeps the tunnel's ingress rules; edges that do not say keep none. */
  readonly management?: 'local' | 'remote';
  /** Which process of the edge answers, from 1, and of how many; edges that do not say are one. */
  readonly worker?: number;
  readonly workers?: number;
}

/** More processes than this are no edge's. */
const mostWorkers = 255;

/** CLOSE and RESET: a number that decides and a text for people. */
export interface CodeAndText {
  readonly code: number;
  readonly text: string;
}

/** OPEN: the same shape as tunnel/stream.ts's OpenRequest. */
export interface Open {
  readonly rulesVersion: number;
  readonly ruleIndex: number;
  readonly host: string;
  readonly client: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
  readonly destination: string;
  readonly requestId: string;
}

const helloBytes = 41;
const authFixedBytes = 98;
const infoTextLimit = 128;
const hostnameLimit = 253;
/** Features that one connector may name. */
const featureLimit = 32;

export function encodeHello(hello: Hello): Buffer {
  const out = Buffer.alloc(helloBytes);
  out[0] = hello.version;
  out.set(hello.nonce, 1);
  out.writeBigUInt64BE(BigInt(Math.max(0, Math.floor(hello.wallMs))), 33);
  return out;
}

export function decodeHello(payload: Buffer): Hello {
  needAtLeast('HELLO', payload, 1);
  const version = payload[0]!;
  // A later version may lay the rest out differently; the caller refuses it by its number.
  if (version !== 1) return { version, nonce: new Uint8Array(32), wallMs: 0 };
  needExactly('HELLO', payload, helloBytes);
  return { version, nonce: payload.subarray(1, 33), wallMs: Number(payload.readBigUInt64BE(33)) };
}

export function encodeAuth(auth: Auth): Buffer {
  const info = Buffer.from(JSON.stringify(auth.info));
  const out = Buffer.alloc(authFixedBytes + info.length);
  out[0] = auth.version;
  out.set(uuidBytes(auth.tunnelId), 1);
  out.set(uuidBytes(auth.instanceId), 17);
  out[33] = auth.index;
  out.set(auth.signature, 34);
  out.set(info, authFixedBytes);
  return out;
}

export function decodeAuth(payload: Buffer): Auth {
  needAtLeast('AUTH', payload, authFixedBytes);
  const info = jsonObject('AUTH', payload.subarray(authFixedBytes));
  return {
    version: payload[0]!,
    tunnelId: uuidText(payload.subarray(1, 17)),
    instanceId: uuidText(payload.subarray(17, 33)),
    index: payload[33]!,
    signature: payload.subarray(34, authFixedBytes),
    info: connectorInfo(info),
  };
}

function connectorInfo(info: Record<string, unknown>): ConnectorInfo {
  return {
    version: textField('AUTH', info, 'version'),
    arch: textField('AUTH', info, 'arch'),
    ...('features' in info ? { features: featureList(info['features']) } : {}),
    ...('hostname' in info ? { hostname: textField('AUTH', info, 'hostname', hostnameLimit) } : {}),
    ...('os' in info ? { os: textField('AUTH', info, 'os') } : {}),
    ...('startedAtMs' in info ? { startedAtMs: timeField(info['startedAtMs']) } : {}),
  };
}

function featureList(value: unknown): string[] {
  const isList = Array.isArray(value) && value.length <= featureLimit;
  if (isList && value.every((item) => typeof item === 'string' && item.length <= 64))
    return value as string[];
  throw frameError('AUTH field "features" is not a short list of short names');
}

function timeField(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw frameError('AUTH field "startedAtMs" is not a time');
}

export function encodeWelcome(welcome: Welcome): Buffer {
  return Buffer.from(JSON.stringify(welcome));
}

export function decodeWelcome(payload: Buffer): Welcome {
  const fields = jsonObject('WELCOME', payload);
  const { management } = fields;
  return {
    connectionId: textField('WELCOME', fields, 'connectionId'),
    edgeName: textField('WELCOME', fields, 'edgeName', hostnameLimit),
    // A word of a later version is as good as none.
    ...(management === 'local' || management === 'remote' ? { management } : {}),
    ...seatOf(fields),
  };
}

/** Numbers that make no sense are as good as none. */
function seatOf({ worker, workers }: Record<string, unknown>): Pick<Welcome, 'worker' | 'workers'> {
  const isSeat =
    Number.isInteger(worker) &&
    Number.isInteger(workers) &&
    Number(worker) >= 1 &&
    Number(worker) <= Number(workers) &&
    Number(workers) <= mostWorkers;
  return isSeat ? { worker: Number(worker), workers: Number(workers) } : {};
}

/** For CLOSE and RESET; the text is cut so that no message fails for being wordy. */
export function encodeCodeAndText(code: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = utf8Floor(bytes, textLimitBytes);
  const out = Buffer.allocUnsafe(2 + length);
  out.writeUInt16BE(code, 0);
  bytes.copy(out, 2, 0, length);
  return out;
}

export function decodeCodeAndText(name: 'CLOSE' | 'RESET', payload: Buffer): CodeAndText {
  needAtLeast(name, payload, 2);
  if (payload.length > 2 + textLimitBytes)
    throw frameError(`${name} text is longer than ${textLimitBytes} bytes`);
  return { code: payload.readUInt16BE(0), text: utf8Text(name, payload.subarray(2)) };
}

export function encodeOpen(open: Open): Buffer {
  const strings = [open.host, open.client.address, open.local.address, open.destination, open.requestId];
  let size = 10;
  for (const text of strings) size += 2 + Buffer.byteLength(text);
  const out = Buffer.allocUnsafe(size);
  out.writeUInt32BE(open.rulesVersion, 0);
  out.writeUInt16BE(open.ruleIndex, 4);
  out.writeUInt16BE(open.client.port, 6);
  out.writeUInt16BE(open.local.port, 8);
  let at = 10;
  for (const text of strings) {
    const length = out.write(text, at + 2);
    out.writeUInt16BE(length, at);
    at += 2 + length;
  }
  return out;
}

export function decodeOpen(payload: Buffer): Open {
  needAtLeast('OPEN', payload, 10);
  const reader = new StringReader(payload, 10);
  const host = reader.next();
  const client = { address: reader.next(), port: payload.readUInt16BE(6) };
  const local = { address: reader.next(), port: payload.readUInt16BE(8) };
  const destination = reader.next();
  const requestId = reader.next();
  reader.finish();
  return {
    rulesVersion: payload.readUInt32BE(0),
    ruleIndex: payload.readUInt16BE(4),
    host,
    client,
    local,
    destination,
    requestId,
  };
}

/** CREDIT: how many further bytes the receiver of this frame may send; never 0. */
export function decodeCredit(payload: Buffer): number {
  needExactly('CREDIT', payload, 4);
  const credit = payload.readUInt32BE(0);
  if (credit === 0) throw frameError('CREDIT of 0 bytes');
  return credit;
}

/** 16 bytes of a UUID's text form. */
export function uuidBytes(uuid: string): Buffer {
  const bytes = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  if (bytes.length !== 16) throw frameError(`"${uuid}" is not a UUID`);
  return bytes;
}

/** The lower-case text form of 16 UUID bytes. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Reads 16-bit counted strings one after another. */
class StringReader {
  readonly #payload: Buffer;
  #at: number;

  constructor(payload: Buffer, at: number) {
    this.#payload = payload;
    this.#at = at;
  }

  next(): string {
    const start = this.#at + 2;
    if (start > this.#payload.length) throw frameError('OPEN ends inside a string length');
    const end = start + this.#payload.readUInt16BE(this.#at);
    if (end > this.#payload.length) throw frameError('OPEN ends inside a string');
    this.#at = end;
    return utf8Text('OPEN', this.#payload.subarray(start, end));
  }

  finish(): void {
    if (this.#at !== this.#payload.length) throw frameError('OPEN has bytes after its last string');
  }
}

/** A JSON object in UTF-8. */
export function jsonObject(name: string, bytes: Uint8Array): Record<string, unknown> {
  const text = utf8Text(name, bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw frameError(`${name} holds JSON that cannot be parsed`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw frameError(`${name} holds JSON that is not an object`);
  }
  return value as Record<string, unknown>;
}

function textField(
  name: string,
  fields: Record<string, unknown>,
  key: string,
  limit: number = infoTextLimit,
): string {
  const value = fields[key];
  if (typeof value !== 'string' || value.length > limit) {
    throw frameError(`${name} field "${key}" is missing or too long`);
  }
  return value;
}
