// One HTTP/2 client session to an origin, inside one tunnel stream (prior knowledge: for h2 over TLS the connector has
// done the handshake). Knows how many streams it may carry and when to stop being used.
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, ClientSessionRequestOptions } from 'node:http2';
import type { ResetReason, TunnelStream } from '#tunnel/stream.ts';
import { StreamDuplex, StreamResetError } from '#tunnel/stream-duplex.ts';

export interface OriginSessionOptions {
  /** Closed after this long without a stream. */
  readonly idleMs: number;
  /** The connector reached the origin. */
  readonly opened: () => void;
  /** No further request may be started here. */
  readonly closed: () => void;
}

/** Streams in one session at most, whatever the origin allows: the tunnel stream's window is shared by them all. */
const maxStreams = 100;
const streamWindowBytes = 1_048_576;
const connectionWindowBytes = 8_388_608;
const responseHeadBytes = 65_536;
const responseFields = 256;

export class Http2OriginSession {
  readonly #session: ClientHttp2Session;
  readonly #options: OriginSessionOptions;
  #streams = 0;
  #maxStreams = maxStreams;
  #idleSinceMs: number | undefined;
  #isRetired = false;
  #hasSettings = false;
  #hasLost = false;
  #lostReason: ResetReason | 'origin-closed' = 'origin-closed';
  #lostDetail = 'the origin closed the HTTP/2 connection';

  constructor(stream: TunnelStream, options: OriginSessionOptions) {
    this.#options = options;
    const duplex = new StreamDuplex(stream, { opened: options.opened });
    duplex.on('error', (error) => this.#noteLoss(error));
    this.#session = connect('http://origin', {
      createConnection: () => duplex,
      settings: {
        enablePush: false,
        initialWindowSize: streamWindowBytes,
        maxHeaderListSize: responseHeadBytes,
      },
      maxHeaderListPairs: responseFields,
      strictSingleValueFields: false,
    } as Parameters<typeof connect>[1]);
    this.#session.setMaxListeners(0);
    this.#session.on('connect', () => this.#session.setLocalWindowSize(connectionWindowBytes));
    this.#session.on('remoteSettings', (settings) => {
      this.#hasSettings = true;
      this.#maxStreams = Math.min(maxStreams, settings.maxConcurrentStreams ?? maxStreams);
    });
    this.#session.on('goaway', () => this.retire());
    this.#session.on('error', (error: Error) => this.#noteLoss(error));
    this.#session.on('close', () => this.#leave());
  }

  /** Whether another request may be started. */
  get hasRoom(): boolean {
    return (
      !this.#isRetired &&
      this.#streams < this.#maxStreams &&
      !this.#session.closed &&
      !this.#session.destroyed
    );
  }

  /** Whether the connection to the origin still works. */
  get isUp(): boolean {
    return !this.#session.destroyed && !this.#hasLost;
  }

  /** Why streams were lost with the session, in the tunnel's words. */
  get loss(): { reason: ResetReason | 'origin-closed'; detail: string } {
    return { reason: this.#lostReason, detail: this.#lostDetail };
  }

  /** Starts a request; `streamClosed` must follow when its stream is gone. */
  request(headers: readonly string[], options: ClientSessionRequestOptions): ClientHttp2Stream {
    this.#streams += 1;
    this.#idleSinceMs = undefined;
    return this.#session.request(headers, options);
  }

  streamClosed(): void {
    this.#streams -= 1;
    if (this.#streams === 0 && this.#isRetired) this.#session.close();
  }

  /** Calls `ready` once it is known whether the origin takes extended CONNECT (RFC 8441). */
  whenSettingsKnown(ready: (takesExtendedConnect: boolean) => void): void {
    if (this.#hasSettings) ready(this.#session.remoteSettings.enableConnectProtocol === true);
    else this.#session.once('remoteSettings', (settings) => ready(settings.enableConnectProtocol === true));
  }

  /** Takes no new requests and closes with its last stream. */
  retire(): void {
    if (this.#isRetired) return;
    this.#leave();
    if (this.#streams === 0) this.#session.close();
  }

  sweep(nowMs: number): void {
    if (this.#streams > 0) return;
    this.#idleSinceMs ??= nowMs;
    if (nowMs - this.#idleSinceMs > this.#options.idleMs) this.retire();
  }

  #leave(): void {
    if (this.#isRetired) return;
    this.#isRetired = true;
    this.#options.closed();
  }

  #noteLoss(error: Error): void {
    this.#hasLost = true;
    this.#lostDetail = error.message;
    if (error instanceof StreamResetError) this.#lostReason = error.reason;
    this.#leave();
  }
}

/** The HTTP/2 error code that promises that nothing was processed (RFC 9113 section 8.7). */
export const refusedStream: number = constants.NGHTTP2_REFUSED_STREAM;
