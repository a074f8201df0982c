// A TCP service behind a WebSocket: the edge ends the WebSocket (RFC 6455) and carries the messages' bytes over a
// tunnel stream, the form that `cloudflared access tcp` and its like expect of `tcp://`, `ssh://`, `rdp://` rules.
import { createHash } from 'node:crypto';
import * as ws from 'ws';
import { noBytes } from '#base/bytes.ts';
import { failure } from '#http/exchange.ts';
import type { Fields, RequestHead, Upstream } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import type { ExchangeSide } from '../exchange-side.ts';

/** RFC 6455 section 1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** A message larger than this is refused; senders of streams use far smaller ones. */
const maxMessageBytes = 4 * 1024 * 1024;

/** The parts of ws that work on bytes rather than sockets. */
interface FrameReceiver {
  write(chunk: Buffer, done?: () => void): boolean;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: 'ping', listener: (data: Buffer) => void): void;
  on(event: 'conclude', listener: (code: number) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}
interface FrameTools {
  Receiver: new (options: { isServer: boolean; maxPayload: number }) => FrameReceiver;
  Sender: {
    frame(
      data: Buffer,
      options: { fin: boolean; opcode: number; mask: boolean; readOnly: boolean; rsv1: boolean },
    ): Buffer[];
  };
}

/** They are exported, though the typings leave them out. */
const tools = ws as unknown as FrameTools;

const opcode = { binary: 2, close: 8, pong: 10 } as const;

/** What a visitor is told who asks such a service for a page; that the request is no HTTP would not be true. */
export const webSocketOnly = { sentence: 'This service is reached by WebSocket only.' } as const;

/** RFC 6455 section 7.4.1. */
const closeCodes = { normal: 1000, protocolError: 1002, tooBig: 1009 } as const;

export class SocketUpstream implements Upstream, StreamHandler {
  readonly #stream: TunnelStream;
  readonly #side: ExchangeSide;
  readonly #receiver: FrameReceiver;
  #isSwitched = false;
  #isOver = false;
  #isPaused = false;
  #owed = 0;
  #early: Buffer = noBytes;

  constructor(stream: TunnelStream, side: ExchangeSide) {
    this.#stream = stream;
    this.#side = side;
    this.#receiver = new tools.Receiver({ isServer: true, maxPayload: maxMessageBytes });
    this.#receiver.on('message', (data) => this.#stream.write(data, false));
    this.#receiver.on('ping', (data) => this.#send(opcode.pong, data));
    this.#receiver.on('conclude', () => this.#concluded());
    this.#receiver.on('error', (error) => this.#fault(error));
    stream.handler = this;
  }

  /** Waits for the origin to be reached; only then is the upgrade accepted. */
  begin(request: RequestHead): void {
    const key = request.fields.get('sec-websocket-key') ?? '';
    const isHttp2 = request.httpVersion === '2';
    if (!isHttp2 && request.fields.get('sec-websocket-version') !== '13') {
      this.#refuse('bad-request', 'Sec-WebSocket-Version is not 13');
      return;
    }
    // Sixteen bytes in base64 (RFC 6455 section 4.2.1).
    if (!isHttp2 && !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
      this.#refuse('bad-request', 'Sec-WebSocket-Key is missing or malformed');
      return;
    }
    this.#accept = createHash('sha1').update(`${key}${acceptGuid}`).digest('base64');
  }
  #accept = '';

  onOpened(): void {
    if (this.#isOver) return;
    this.#side.originOpened();
    this.#isSwitched = true;
    const fields = new ListFields(['Sec-WebSocket-Accept', this.#accept]);
    this.#side.switchProtocols({ status: 101, fields, bodyKind: 'none', contentLength: -1 });
    if (this.#early.length > 0) this.#send(opcode.binary, this.#early);
    this.#early = noBytes;
  }

  onData(chunk: Buffer): void {
    if (this.#isPaused) this.#owed += chunk.length;
    else this.#stream.consume(chunk.length);
    // After the close frame nothing may follow; an origin that still talks after our FIN is not listened to.
    if (this.#isOver) this.#stream.reset('cancelled', 'the client has closed');
    else if (this.#isSwitched) this.#send(opcode.binary, chunk);
    else this.#early = Buffer.concat([this.#early, chunk]);
  }

  onEnd(): void {
    this.#sayGoodbye(closeCodes.normal);
    this.#finish();
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isSwitched) this.#side.lostBeforeResponse(reason, detail);
    else this.#side.abort(failure(reason === 'connection-lost' ? 'connector-lost' : 'origin-closed', detail));
  }

  onDrain(): void {
    this.#side.upstreamDrained();
  }

  writeBody(chunk: Buffer): boolean {
    // The receiver keeps what it is given until a message is whole.
    this.#receiver.write(Buffer.from(chunk));
    return this.#stream.isFlushed;
  }

  endBody(_trailers: Fields | null): void {
    this.#finish();
  }

  downstreamDrained(): void {
    this.#isPaused = false;
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#stream.consume(owed);
  }

  abort(reason: string): void {
    this.#isOver = true;
    this.#stream.reset('cancelled', reason);
  }

  /** The client closed properly: answer the close, end the origin connection. */
  #concluded(): void {
    this.#sayGoodbye(closeCodes.normal);
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream.end();
    this.#side.end(null);
  }

  #sayGoodbye(code: number): void {
    if (this.#isOver || !this.#isSwitched) return;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#send(opcode.close, payload);
  }

  /** The client broke the rules of the WebSocket protocol: it is told so, the origin is given up. */
  #fault(error: Error & { code?: string }): void {
    if (this.#isOver) return;
    const isTooBig = error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
    this.#sayGoodbye(isTooBig ? closeCodes.tooBig : closeCodes.protocolError);
    this.#isOver = true;
    this.#stream.reset('cancelled', error.message);
    this.#side.end(null);
  }

  #refuse(code: 'bad-request', detail: string): void {
    this.#isOver = true;
    this.#stream.reset('cancelled', detail);
    this.#side.abort(failure(code, detail));
  }

  #send(code: number, data: Buffer): void {
    const parts = tools.Sender.frame(data, {
      fin: true,
      opcode: code,
      mask: false,
      readOnly: true,
      rsv1: false,
    });
    for (const part of parts) if (!this.#side.body(part)) this.#isPaused = true;
    this.#side.flush?.();
  }
}
