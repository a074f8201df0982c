// One request to an origin over HTTP/2: an exchange's Upstream on one side, a client stream of node:http2 on the other.
// Nothing is gathered: head, body chunks and trailers pass as they come, both ways, so gRPC streams as it should.
import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { Duplex, addAbortSignal } from 'node:stream';
import { failure } from '#http/exchange.ts';
import type { BodyKind, Fields, RequestHead, ResponseHead, Upstream } from '#http/exchange.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { EdgeLines } from '../edge-lines.ts';
import type { ExchangeSide, MovableUpstream } from '../exchange-side.ts';
import { Http2Fields } from './http2-fields.ts';
import { refusedStream } from './http2-origin-session.ts';
import type { Http2OriginSession } from './http2-origin-session.ts';

/** What starts here: the exchange and what the proxy wants to tell the origin beside the client's fields. */
export interface OriginExchange extends ExchangeSide {
  readonly request: RequestHead;
  /** How it is written anew for its origin, if it is. */
  readonly forOrigin?: ((request: RequestHead) => RequestHead) | undefined;
  /** Field lines of the edge's own, each ending in CRLF. */
  readonly linesForOrigin: Pick<EdgeLines, 'toString'> | undefined;
  readonly clientAddress: string;
  attach(upstream: Upstream): void;
}

/** Interim responses an origin may send before the final one. */
const maxInterim = 16;
const endStreamFlag = 1;
/** Room for the largest request head the fronts let in. */
const scratchBytes = 65_536;

interface BoundStream extends ClientHttp2Stream {
  upstream?: Http2Upstream;
  /** The readable side was ended by the stream's close, not by END_STREAM: the body is cut short. */
  isCutShort?: boolean;
}

export class Http2Upstream implements MovableUpstream, ResponseHead {
  readonly #session: Http2OriginSession;
  readonly #rule: PublishedRule;
  #side: ExchangeSide | undefined;
  readonly #edgeLines: OriginExchange['linesForOrigin'];
  readonly #request: RequestHead;
  #stream: ClientHttp2Stream | undefined;
  #isResponded = false;
  #isRaw = false;
  #interim = 0;
  #isEnded = false;
  #isReleased = false;
  #trailersIn: Fields | null = null;
  #trailersOut: Fields | null = null;
  // ResponseHead, read by the front during `respond`.
  status = 0;
  fields: Fields = new Http2Fields([], undefined, '');
  bodyKind: BodyKind = 'none';
  contentLength = -1;

  constructor(session: Http2OriginSession, side: OriginExchange, rule: PublishedRule) {
    this.#session = session;
    this.#side = side;
    this.#edgeLines = side.linesForOrigin;
    this.#rule = rule;
    this.#request = side.forOrigin === undefined ? side.request : side.forOrigin(side.request);
  }

  /** Sends the request head; the body follows by writeBody and endBody. */
  begin(): void {
    const request = this.#request;
    if (request.upgrade !== '') {
      this.#session.whenSettingsKnown((isPossible) => this.#beginUpgrade(isPossible));
      return;
    }
    const isBodyless = request.bodyKind === 'none';
    // gRPC requests end without trailers, and waiting for them would cost each call an extra frame.
    const mayTrail =
      request.bodyKind === 'chunked' &&
      !(request.fields.get('content-type') ?? '').startsWith('application/grpc');
    this.#open(this.#headers(request.method, ''), isBodyless, mayTrail);
  }

  /** A WebSocket becomes an extended CONNECT; its handshake key is between HTTP/1.1 ends only. */
  #beginUpgrade(isPossible: boolean): void {
    if (!this.#side) return;
    if (!isPossible) {
      this.#fail('not-implemented', 'the origin speaks HTTP/2 without extended CONNECT');
      return;
    }
    this.#open(this.#headers('CONNECT', this.#request.upgrade), false, false);
  }

  #headers(method: string, protocol: string): string[] {
    const request = this.#request;
    const authority = this.#rule.hostHeader === '' ? request.authority : this.#rule.hostHeader;
    const headers = [':method', method, ':scheme', this.#rule.isTls ? 'https' : 'http'];
    headers.push(':authority', authority, ':path', request.path + request.query);
    if (protocol !== '') headers.push(':protocol', protocol);
    addFieldLines(headers, endToEndLines(request.fields));
    addFieldLines(headers, this.#edgeLines?.toString() ?? '');
    if (request.bodyKind === 'length') headers.push('content-length', String(request.contentLength));
    if (request.expectsContinue) headers.push('expect', '100-continue');
    if (request.acceptsTrailers) headers.push('te', 'trailers');
    return protocol === '' ? headers : withoutField(headers, 'sec-websocket-key');
  }

  #open(headers: string[], endStream: boolean, waitForTrailers: boolean): void {
    let stream: BoundStream;
    try {
      stream = this.#session.request(headers, { endStream, waitForTrailers }) as BoundStream;
    } catch (error) {
      this.#isReleased = true;
      this.#session.streamClosed();
      this.#fail('origin-protocol', (error as Error).message);
      return;
    }
    this.#stream = stream;
    stream.upstream = this;
    stream.push = pushNotingCut;
    stream.on('response', onResponse);
    stream.on('headers', onInterim);
    stream.on('trailers', onTrailers);
    stream.on('drain', onDrain);
    stream.on('error', ignoreError);
    stream.on('close', onClose);
    if (waitForTrailers) stream.on('wantTrailers', onWantTrailers);
  }

  // Upstream, called by the exchange.

  writeBody(chunk: Buffer): boolean {
    const stream = this.#stream;
    // Node keeps what it is given until it has been sent.
    return !stream || stream.destroyed || stream.write(Buffer.from(chunk));
  }

  endBody(trailers: Fields | null): void {
    this.#trailersOut = trailers;
    // The stream of an upgrade may still wait for the origin's settings; its end is then never needed.
    if (this.#stream && !this.#stream.destroyed) this.#stream.end();
  }

  downstreamDrained(): void {
    this.#stream?.resume();
  }

  abort(_reason: string): void {
    this.#side = undefined;
    this.#cancel();
  }

  moveTo(side: ExchangeSide): void {
    if (this.#side) this.#side = side;
  }

  /**
   * RST_STREAM(CANCEL). Not by `close(code)`: Node would first end the writable side, and the origin would take a
   * request body that was cut short for a whole one.
   */
  #cancel(): void {
    if (this.#stream && !this.#stream.destroyed) addAbortSignal(AbortSignal.abort(), this.#stream);
  }

  // Events of the stream.

  interim(raw: readonly string[]): void {
    if (++this.#interim > maxInterim) {
      this.#fail('origin-protocol', `more than ${maxInterim} interim responses`);
      return;
    }
    this.#readHead(raw);
    this.bodyKind = 'none';
    this.contentLength = -1;
    this.#side?.inform(this);
  }

  responded(raw: readonly string[], isLast: boolean): void {
    if (!this.#side) return;
    this.#isResponded = true;
    this.#readHead(raw);
    // Not before now: when head and body come in one read, Node gives listeners the body first.
    this.#stream!.on('end', onEnd);
    this.#stream!.on('data', onData);
    if (this.#request.upgrade !== '' && this.status === 200) {
      this.#isRaw = true;
      this.status = 101;
      this.#side.switchProtocols(this);
      return;
    }
    this.#frameBody(isLast);
    const side = this.#side;
    side.respond(this);
    // The body may take its time; a client waits for the head of an event stream.
    if (!isLast) side.flush?.();
  }

  #readHead(raw: readonly string[]): void {
    this.status = Number(raw[raw.indexOf(':status') + 1]);
    this.fields = new Http2Fields(raw, undefined, endToEndText(raw));
    const length = this.fields.get('content-length');
    this.contentLength = length !== undefined && /^[0-9]{1,15}$/.test(length) ? Number(length) : -1;
  }

  /** A head that is also the end (gRPC's trailers-only) has a body of length 0, whatever comes next on the way. */
  #frameBody(isLast: boolean): void {
    const hasNoBody = this.#request.method === 'HEAD' || this.status === 204 || this.status === 304;
    if (hasNoBody) this.bodyKind = 'none';
    else if (isLast) {
      this.bodyKind = 'length';
      this.contentLength = 0;
    } else this.bodyKind = this.contentLength >= 0 ? 'length' : 'chunked';
  }

  received(chunk: Buffer): void {
    const side = this.#side;
    if (!side) return;
    if (!side.body(chunk)) this.#stream!.pause();
    side.flush?.();
  }

  trailersReceived(raw: readonly string[]): void {
    this.#trailersIn = new Http2Fields(raw, undefined, endToEndText(raw));
  }

  ended(): void {
    if (!this.#isResponded || this.#isEnded) return;
    // Node also says 'end' after a reset; 'close' follows and tells the truth.
    const stream = this.#stream as BoundStream;
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || stream.isCutShort === true) return;
    this.#isEnded = true;
    const side = this.#side;
    side?.end(this.#isRaw ? null : this.#trailersIn);
  }

  drained(): void {
    this.#side?.upstreamDrained();
  }

  wantTrailers(): void {
    const trailers: Record<string, string> = {};
    this.#trailersOut?.forEach((name, value) => (trailers[name.toLowerCase()] = value));
    this.#stream!.sendTrailers(trailers);
  }

  closed(): void {
    this.#release();
    const side = this.#side;
    this.#side = undefined;
    if (!side) return;
    const code = this.#stream!.rstCode;
    if (this.#isEnded) {
      // The response is whole. Whoever still sends the request's body hears that nobody reads it.
      if (!this.#stream!.writableFinished) side.abort(failure('origin-closed', 'the origin stopped reading'));
      return;
    }
    if (this.#isResponded) {
      side.abort({
        ...failure('origin-closed', `the origin reset the stream with code ${code}`),
        http2Code: code,
      });
    } else this.#lost(side, code);
  }

  #lost(side: ExchangeSide, code: number): void {
    if (code === refusedStream) {
      // Nothing was processed; the next try must not meet the same full session.
      this.#session.retire();
      side.lostBeforeResponse('stream-limit', 'the origin refused the stream');
    } else if (this.#session.isUp && code !== constants.NGHTTP2_NO_ERROR) {
      side.abort({
        ...failure('origin-closed', `the origin reset the stream with code ${code}`),
        http2Code: code,
      });
    } else {
      const { reason, detail } = this.#session.loss;
      side.lostBeforeResponse(reason, detail);
    }
  }

  #fail(code: 'origin-protocol' | 'not-implemented', detail: string): void {
    const side = this.#side;
    this.#side = undefined;
    this.#cancel();
    side?.abort(failure(code, detail));
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#session.streamClosed();
  }
}

/** The lines that may be forwarded, whatever kind of head they come from. */
function endToEndLines(fields: Fields): string {
  const scratch = Buffer.allocUnsafe(scratchBytes);
  return scratch.latin1Slice(0, fields.writeEndToEnd(scratch, 0));
}

/** Appends `name: value\r\n` lines to a flat list. */
function addFieldLines(headers: string[], lines: string): void {
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at);
    const end = lines.indexOf('\r\n', colon);
    headers.push(lines.slice(at, colon).toLowerCase(), lines.slice(colon + 1, end).trim());
    at = end + 2;
  }
}

function withoutField(headers: string[], name: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2)
    if (headers[i] !== name) kept.push(headers[i]!, headers[i + 1]!);
  return kept;
}

/** Response fields as lines for an HTTP/1.1 client, without what describes this hop's framing. */
function endToEndText(raw: readonly string[]): string {
  let text = '';
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.charCodeAt(0) === 0x3a || name === 'content-length' || name.startsWith('x-sallyport-')) continue;
    text += `${name}: ${raw[i + 1]!}\r\n`;
  }
  return text;
}

/**
 * RST_STREAM(NO_ERROR) in the middle of a body looks to Node's users like its end. The difference shows here: for
 * END_STREAM Node pushes null while the stream is open, for a reset after it has marked the stream closed.
 */
function pushNotingCut(this: BoundStream, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk === null) this.isCutShort ??= this.closed;
  return Duplex.prototype.push.call(this, chunk, encoding);
}

function onInterim(this: BoundStream, _headers: unknown, _flags: number, raw: readonly string[] = []): void {
  this.upstream!.interim(raw);
}

function onResponse(this: BoundStream, _headers: unknown, flags: number, raw: readonly string[] = []): void {
  this.upstream!.responded(raw, (flags & endStreamFlag) !== 0);
}

function onTrailers(this: BoundStream, _headers: unknown, _flags: number, raw: readonly string[] = []): void {
  this.upstream!.trailersReceived(raw);
}

function onData(this: BoundStream, chunk: Buffer): void {
  this.upstream!.received(chunk);
}

function onEnd(this: BoundStream): void {
  this.upstream!.ended();
}

function onDrain(this: BoundStream): void {
  this.upstream!.drained();
}

function onWantTrailers(this: BoundStream): void {
  this.upstream!.wantTrailers();
}

function onClose(this: BoundStream): void {
  this.upstream!.closed();
}

/** What matters about an error is told by 'close' and the stream's code. */
function ignoreError(): void {}
