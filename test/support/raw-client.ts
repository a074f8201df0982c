// A client that sends exactly the bytes it is told to, over TCP or TLS, and keeps exactly the bytes that come back.
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { eventually } from './eventually.ts';

export interface RawTarget {
  readonly port: number;
  readonly host?: string;
  /** Speaks TLS when given. */
  readonly tls?: { readonly serverName: string; readonly ca: string; readonly alpn?: readonly string[] };
}

/** How a connection stood when it was last looked at. */
export type RawEnd = 'open' | 'closed' | 'reset';

export class RawConnection {
  readonly socket: Socket;
  #chunks: Buffer[] = [];
  #end: RawEnd = 'open';
  #lastByteAt = Date.now();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#lastByteAt = Date.now();
    });
    socket.on('end', () => this.#close('closed'));
    socket.on('close', () => this.#close('closed'));
    socket.on('error', () => this.#close('reset'));
  }

  get end(): RawEnd {
    return this.#end;
  }

  /** Everything received so far. */
  get received(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] ?? Buffer.alloc(0);
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Waits until the received text contains or matches `wanted`, from offset `from` on. */
  async waitFor(wanted: string | RegExp, timeoutMs = 30_000, from = 0): Promise<string> {
    return eventually(
      `the answer shows ${String(wanted)}; so far: ${JSON.stringify(this.text.slice(from, from + 500))}`,
      () => {
        const text = this.text.slice(from);
        return (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) && text;
      },
      timeoutMs,
    );
  }

  /** Waits until the peer has closed. */
  async waitForClose(timeoutMs = 30_000): Promise<RawEnd> {
    return eventually('the peer closes', () => this.#end !== 'open' && this.#end, timeoutMs);
  }

  /** Waits until it closed, or nothing came for `quietMs` after at least `minimumMs`. */
  async settle(quietMs: number, minimumMs = quietMs): Promise<RawEnd> {
    const started = Date.now();
    this.#lastByteAt = started;
    await eventually(
      'quiet',
      () =>
        this.#end !== 'open' ||
        (Date.now() - this.#lastByteAt >= quietMs && Date.now() - started >= minimumMs),
      60_000,
    );
    return this.#end;
  }

  close(): void {
    this.socket.destroy();
  }

  #close(end: RawEnd): void {
    if (this.#end === 'open') this.#end = end;
  }
}

/** Connects and returns when bytes can be sent. */
export async function openRaw(target: RawTarget): Promise<RawConnection> {
  const { port, host = '127.0.0.1', tls } = target;
  if (tls === undefined) {
    const socket = connectTcp({ port, host, noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawConnection(socket);
  }
  // Node's types leave allowHalfOpen out of TLS options; the socket takes it.
  const options: ConnectionOptions & { allowHalfOpen: boolean } = {
    port,
    host,
    servername: tls.serverName,
    ca: tls.ca,
    ALPNProtocols: [...(tls.alpn ?? ['http/1.1'])],
    allowHalfOpen: true,
  };
  const socket = connectTls(options);
  await once(socket, 'secureConnect');
  socket.setNoDelay(true);
  return new RawConnection(socket);
}

/** One response as it stands in a byte stream. */
export interface RawResponse {
  readonly status: number;
  /** Lower-case name to value; repeated fields joined by ', '. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Splits received bytes into responses, for what proxies send in tests (length, chunked, or to the end). */
export function parseResponses(text: string, isHead = false): RawResponse[] {
  const out: RawResponse[] = [];
  let rest = text;
  while (rest.startsWith('HTTP/1.')) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd < 0) break;
    const lines = rest.slice(0, headEnd).split('\r\n');
    const status = Number(lines[0]!.slice(9, 12));
    const fields: Record<string, string> = {};
    for (const line of lines.slice(1)) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      const value = line.slice(line.indexOf(':') + 1).trim();
      fields[name] = name in fields ? `${fields[name]}, ${value}` : value;
    }
    rest = rest.slice(headEnd + 4);
    const hasNoBody = isHead || status < 200 || status === 204 || status === 304;
    const [body, after] = hasNoBody ? ['', rest] : takeBody(rest, fields);
    rest = after;
    out.push({ status, fields, body });
  }
  return out;
}

function takeBody(text: string, fields: Readonly<Record<string, string>>): [string, string] {
  if (fields['transfer-encoding']?.toLowerCase() === 'chunked') return takeChunks(text);
  const length = fields['content-length'];
  return length === undefined ? [text, ''] : [text.slice(0, Number(length)), text.slice(Number(length))];
}

function takeChunks(text: string): [string, string] {
  let body = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return [body, ''];
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (!(size >= 0)) return [body, ''];
    at = lineEnd + 2;
    if (size === 0) {
      const end = text.startsWith('\r\n', at) ? at + 2 : text.indexOf('\r\n\r\n', at) + 4;
      return [body, text.slice(end)];
    }
    body += text.slice(at, at + size);
    at += size + 2;
  }
}
