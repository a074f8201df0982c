// The server's half of a SOCKS 5 handshake (RFC 1928) at the start of a stream: no authentication (the edge has decided
// who may open the stream), CONNECT only.
//
//     client: 05 n methods...            server: 05 00
//     client: 05 01 00 type address port server: 05 reply 00 01 0.0.0.0 0
import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import { noBytes } from '#base/bytes.ts';
import { parseHostname } from '#base/net/hostname.ts';
import { parseAddress } from '#base/net/ip.ts';
import type { StreamHandler, TunnelStream } from '#tunnel/stream.ts';

const version = 5;
const noAuthentication = 0;
const noAcceptableMethod = 0xff;
const connectCommand = 1;

/** RFC 1928 section 6. */
const replies = {
  granted: 0,
  'general-failure': 1,
  'not-allowed': 2,
  unreachable: 4,
  'bad-command': 7,
  'bad-address-type': 8,
} as const;

export type SocksReply = keyof typeof replies;

/** A whole handshake fits into this: 257 bytes of methods, 262 of request. */
const limitBytes = 1024;

/** Reads a handshake; calls `onConnect` once with the destination and the bytes that came after it. */
export class Socks5Handshake implements StreamHandler {
  readonly #stream: TunnelStream;
  readonly #onConnect: (destination: { host: string; port: number }, rest: Buffer) => void;
  #gathered: Buffer = noBytes;
  #isGreeted = false;

  constructor(
    stream: TunnelStream,
    onConnect: (destination: { host: string; port: number }, rest: Buffer) => void,
  ) {
    this.#stream = stream;
    this.#onConnect = onConnect;
  }

  /** Tells the client how its request went. */
  reply(reply: SocksReply): void {
    this.#stream.write(Buffer.from([version, replies[reply], 0, 1, 0, 0, 0, 0, 0, 0]), false);
  }

  onData(chunk: Buffer): void {
    this.#gathered = Buffer.concat([this.#gathered, chunk]);
    if (!this.#isGreeted) this.#readGreeting();
    if (this.#isGreeted) this.#readRequest();
    if (this.#gathered.length > limitBytes)
      this.#stream.reset('protocol-error', 'a SOCKS handshake without end');
  }

  onEnd(): void {
    this.#stream.end();
  }

  onReset(): void {}

  onDrain(): void {}

  #readGreeting(): void {
    const bytes = this.#gathered;
    if (bytes.length >= 1 && bytes[0] !== version) return this.#stream.reset('protocol-error', 'not SOCKS 5');
    if (bytes.length < 2 || bytes.length < 2 + bytes[1]!) return;
    const end = 2 + bytes[1]!;
    const method = bytes.subarray(2, end).includes(noAuthentication) ? noAuthentication : noAcceptableMethod;
    this.#stream.write(Buffer.from([version, method]), false);
    this.#take(end);
    if (method === noAcceptableMethod) this.#stream.end();
    else this.#isGreeted = true;
  }

  #readRequest(): void {
    const bytes = this.#gathered;
    if (bytes.length < 5) return;
    if (bytes[0] !== version || bytes[1] !== connectCommand) return this.#refuse('bad-command');
    const addressBytes = addressLength(bytes);
    if (addressBytes === undefined) return this.#refuse('bad-address-type');
    const end = 4 + addressBytes + 2;
    if (bytes.length < end) return;
    const host = readHost(bytes);
    const port = bytes.readUInt16BE(end - 2);
    if (host === undefined || port === 0) return this.#refuse('general-failure');
    this.#take(end);
    const rest = this.#gathered;
    this.#gathered = noBytes;
    this.#onConnect({ host, port }, rest);
  }

  /** Bytes of the handshake are given back as credit; what follows belongs to the destination. */
  #take(byteCount: number): void {
    this.#gathered = this.#gathered.subarray(byteCount);
    this.#stream.consume(byteCount);
  }

  #refuse(reply: SocksReply): void {
    this.#gathered = noBytes;
    this.reply(reply);
    this.#stream.end();
  }
}

/** Length of the address field, which for a name begins with its own length; undefined for an unknown type. */
function addressLength(bytes: Buffer): number | undefined {
  if (bytes[3] === 1) return 4;
  if (bytes[3] === 4) return 16;
  return bytes[3] === 3 ? 1 + bytes[4]! : undefined;
}

function readHost(bytes: Buffer): string | undefined {
  if (bytes[3] === 1) return bytes.subarray(4, 8).join('.');
  if (bytes[3] === 4) {
    const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(4 + 2 * i).toString(16));
    return parseAddress(groups.join(':'));
  }
  const name = bytes.toString('utf8', 5, 5 + bytes[4]!);
  return isIP(name) === 0 ? parseHostname(name) : parseAddress(name);
}
