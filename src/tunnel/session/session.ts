// One end of a tunnel connection, without I/O: received bytes go in with `receive`, time with `tick`, bytes to send
// come out of `output` after `flush`. The driver (driver.ts) joins it to a transport and timers; tests join two
// of them under virtual time. edge-session.ts and connector-session.ts add what the two ends do differently.
//
//     handshaking --(WELCOME)--> open --(close, CLOSE, failure)--> closed
import { errorText, isSallyportError } from '#base/errors.ts';
import { frameError, frameName, frameTypes, isStreamType } from '#wire/tunnel-frame.ts';
import { FrameReader, type FrameSink } from '#wire/tunnel-frame-reader.ts';
import { decodeCodeAndText, encodeCodeAndText } from '#wire/tunnel-message.ts';
import { needExactly } from '#wire/tunnel-payload.ts';
import { closeCodes, reasonOfCloseCode } from '../close-code.ts';
import type { DisconnectReason } from '../connection.ts';
import { Drain } from './drain.ts';
import { handshakeLimitMs } from './handshake.ts';
import { Keepalive } from './keepalive.ts';
import { Output, type OutputChunk } from './output.ts';
import type { SessionStream } from './session-stream.ts';
import type { OpenRequest } from '../stream.ts';
import type { WindowBudget } from './window.ts';
import { defaultStreamLimit, highestStreamId, highWaterBytes, StreamTable } from './stream-table.ts';

/** More than this waiting for the transport can only be answers to a peer that floods and does not read. */
const outputLimitBytes = 16 * 1024 * 1024;

export interface SessionOptions {
  /** Keying material of this very transport session. */
  readonly exporter: Uint8Array;
  readonly transportKind: string;
  readonly remoteAddress: string;
  readonly nowMs: number;
  readonly wallMs: () => number;
  /** Most streams open at once; default 4096. */
  readonly streamLimit?: number;
  /** The highest stream id to use; default: the protocol's. */
  readonly lastStreamId?: number;
  /** What windows may grow into, shared with other connections; default: a budget of its own. */
  readonly windowBudget?: WindowBudget | undefined;
  /** A stream's user broke its contract by throwing; the stream was reset. */
  readonly onFault?: (error: unknown) => void;
  /** There is something to flush. Called once until the next `flush`. */
  readonly onFlushWanted: () => void;
  /** The session is over; what is in `output` may still be sent, then the transport is to be closed. */
  readonly onEnded: (reason: DisconnectReason) => void;
}

type State = 'handshaking' | 'open' | 'closed';

export abstract class Session implements FrameSink {
  readonly transportKind: string;
  readonly remoteAddress: string;
  readonly output: Output;
  protected readonly options: SessionOptions;
  protected readonly streams: StreamTable;
  protected readonly drainState = new Drain();
  readonly #reader = new FrameReader(this);
  readonly #keepalive: Keepalive;
  readonly #handshakeDeadlineMs: number;
  readonly #pingPayload = Buffer.alloc(8);
  /** Pieces of long texts that wait for their turn, in order. */
  readonly #pieces: { readonly type: number; readonly payload: Uint8Array }[] = [];
  #state: State = 'handshaking';
  /** The time of the call that is being handled. */
  #nowMs: number;

  constructor(
    options: SessionOptions,
    onOpen: ((stream: SessionStream, request: OpenRequest) => void) | undefined,
  ) {
    this.options = options;
    this.transportKind = options.transportKind;
    this.remoteAddress = options.remoteAddress;
    this.#nowMs = options.nowMs;
    this.#keepalive = new Keepalive(options.nowMs);
    this.#handshakeDeadlineMs = options.nowMs + handshakeLimitMs;
    this.output = new Output({ onWanted: options.onFlushWanted, onDone: () => this.#onChunkDone() });
    this.streams = new StreamTable({
      output: this.output,
      streamLimit: options.streamLimit ?? defaultStreamLimit,
      lastStreamId: options.lastStreamId ?? highestStreamId,
      onOpen,
      onIdle: () => this.#onIdle(),
      reportFault: (error) => options.onFault?.(error),
      budget: options.windowBudget,
    });
  }

  get isDraining(): boolean {
    return this.#state !== 'open' || this.drainState.isBegun;
  }

  get openStreams(): number {
    return this.streams.count;
  }

  /** What windows hold above their initial size, for all streams that share this end's budget. */
  get grownWindowBytes(): number {
    return this.streams.budget.takenBytes;
  }

  get rttMs(): number {
    return this.#keepalive.rttMs;
  }

  get isQuiet(): boolean {
    return this.#keepalive.isQuiet;
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** FrameSink: frames that follow the end of the session in the same chunk are not read. */
  get isReading(): boolean {
    return this.#state !== 'closed';
  }

  /** When `tick` must be called at the latest, on the scale of `nowMs`. Moves later without notice. */
  get nextDeadlineMs(): number {
    if (this.#state === 'closed') return Infinity;
    if (this.#state === 'handshaking') return this.#handshakeDeadlineMs;
    return Math.min(this.#keepalive.nextDeadlineMs, this.drainState.deadlineMs);
  }

  /** Bytes came from the transport; their memory is read during the call only. */
  receive(chunk: Buffer, nowMs: number): void {
    if (this.#state === 'closed') return;
    this.#nowMs = nowMs;
    this.#keepalive.received(nowMs);
    try {
      this.#reader.read(chunk);
    } catch (error) {
      this.#onReadFault(error);
    }
    if (this.output.waitingBytes > outputLimitBytes) {
      this.close('write-stalled', 'the peer makes us answer without reading the answers');
    }
  }

  /** Does what is due: pings, deadlines. */
  tick(nowMs: number): void {
    if (this.#state === 'closed') return;
    this.#nowMs = nowMs;
    if (this.#state === 'handshaking') {
      if (nowMs >= this.#handshakeDeadlineMs) {
        this.close('handshake-timeout', `no handshake within ${handshakeLimitMs / 1000} s`);
      }
      return;
    }
    const verdict = this.#keepalive.verdict(nowMs);
    if (verdict) return this.close(verdict.reason, verdict.detail);
    if (nowMs >= this.drainState.deadlineMs) {
      return this.close('drain-deadline', `${this.streams.count} streams were still open at the deadline`);
    }
    if (this.#keepalive.takePing(nowMs)) this.#sendPing(nowMs);
  }

  /** Completes the output: credits that are due, turns of waiting streams. Then `output.take()` until it is empty. */
  flush(nowMs: number): void {
    this.#nowMs = nowMs;
    this.output.beginFlush();
    if (this.#state === 'open') {
      this.streams.sendCredits(nowMs, this.#keepalive.pathRttMs);
      if (this.#pieces.length > 0) this.#sendPiece();
      this.streams.pump();
      if (this.drainState.closesWhenIdle && this.streams.count === 0) this.close('drained');
    }
  }

  /** The next chunk for the transport, whose `done` must be called in the end. */
  takeChunk(): OutputChunk | undefined {
    const chunk = this.output.take();
    if (chunk) this.#keepalive.waiting(this.#nowMs);
    return chunk;
  }

  /** The transport ended or failed; without an error the peer simply left. */
  transportEnded(error: Error | undefined): void {
    if (this.#state === 'handshaking' && !error) {
      return this.#end('handshake-failed', 'the peer closed the connection during the handshake');
    }
    if (error) this.#end('transport-error', error.message);
    else this.#end('peer-closed', '');
  }

  close(reason: DisconnectReason, detail = ''): void {
    if (this.#state === 'closed') return;
    const payload = encodeCodeAndText(closeCodes[reason], detail);
    this.output.append(frameTypes.CLOSE, 0, payload, 0, payload.length);
    this.#end(reason, detail);
  }

  /**
   * Begins a drain. Resolves once the peer has acknowledged that no stream will follow (or the connection ended).
   * The connection then closes itself when its last stream ends (`drained`), or after `graceMs` (`drain-deadline`).
   */
  drain(graceMs = Infinity): Promise<void> {
    if (this.#state !== 'open') return Promise.resolve();
    if (this.drainState.begin(this.#nowMs + graceMs)) {
      this.output.appendHeader(frameTypes.DRAIN, 0, 0);
    }
    // A nearer deadline must reach the driver's timer, which looks again at the next flush.
    this.output.want();
    return this.drainState.acknowledged();
  }

  /** Asks the peer to make a successor elsewhere; this connection goes on as before until `drain` or `close`. */
  askToMove(): void {
    if (this.#state !== 'open' || !this.drainState.ask()) return;
    this.output.appendHeader(frameTypes.DRAIN, 0, 0);
    this.output.want();
  }

  onData(streamId: number, bytes: Buffer): void {
    if (this.#state !== 'open') throw frameError('DATA during the handshake');
    this.streams.receiveData(streamId, bytes);
  }

  onControl(type: number, streamId: number, payload: Buffer): void {
    if (isStreamType(type)) {
      if (this.#state !== 'open') throw frameError(`${frameName(type)} during the handshake`);
      return this.streams.receiveFrame(type, streamId, payload);
    }
    if (type === frameTypes.CLOSE) return this.#onClose(payload);
    if (this.#state === 'handshaking') return this.onHandshakeFrame(type, payload);
    this.#onConnectionFrame(type, payload);
  }

  /** HELLO, AUTH or WELCOME, whichever this end awaits. */
  protected abstract onHandshakeFrame(type: number, payload: Buffer): void;
  /** RULES and RULES_ACK. */
  protected abstract onRulesFrame(type: number, payload: Buffer): void;
  /** CONFIG and CONFIG_ACK. */
  protected abstract onConfigFrame(type: number, payload: Buffer): void;
  /** PROBE and PROBE_RESULT. */
  protected abstract onProbeFrame(type: number, payload: Buffer): void;
  /** The peer began to drain; the acknowledgement goes out when this returns. */
  protected abstract onPeerDraining(): void;
  /** The session is over; the streams are told after this. */
  protected abstract onSessionClosed(reason: DisconnectReason, detail: string): void;

  /** The current time as the driver told it last. */
  protected get nowMs(): number {
    return this.#nowMs;
  }

  /** The handshake is done: pings begin, streams may come. */
  protected becomeOpen(): void {
    this.#state = 'open';
    if (this.#keepalive.takePing(this.#nowMs)) this.#sendPing(this.#nowMs);
  }

  protected sendControl(type: number, payload: Uint8Array): void {
    this.output.append(type, 0, payload, 0, payload.length);
  }

  /**
   * Sends the pieces of a text: a short one at once, so that what refers to it comes after it; a long one a piece per
   * flush, so that streams beside it are not held up.
   */
  protected sendPieces(type: number, payloads: readonly Uint8Array[]): void {
    if (payloads.length === 1 && this.#pieces.length === 0) return this.sendControl(type, payloads[0]!);
    for (const payload of payloads) this.#pieces.push({ type, payload });
    this.output.want();
  }

  #sendPiece(): void {
    if (this.output.waitingBytes >= highWaterBytes) return;
    const piece = this.#pieces.shift();
    if (piece) this.sendControl(piece.type, piece.payload);
  }

  #onConnectionFrame(type: number, payload: Buffer): void {
    switch (type) {
      case frameTypes.PING:
        needExactly('PING', payload, 8);
        return this.sendControl(frameTypes.PONG, payload);
      case frameTypes.PONG:
        needExactly('PONG', payload, 8);
        return this.#keepalive.answered(payload.readDoubleBE(0), this.#nowMs);
      case frameTypes.DRAIN:
        needExactly('DRAIN', payload, 0);
        if (this.drainState.receiveDrain()) this.onPeerDraining();
        return this.output.appendHeader(frameTypes.DRAIN_ACK, 0, 0);
      case frameTypes.DRAIN_ACK:
        needExactly('DRAIN_ACK', payload, 0);
        if (!this.drainState.receiveAck()) throw frameError('DRAIN_ACK without DRAIN');
        return this.#onIdle();
      case frameTypes.RULES:
      case frameTypes.RULES_ACK:
        return this.onRulesFrame(type, payload);
      case frameTypes.CONFIG:
      case frameTypes.CONFIG_ACK:
        return this.onConfigFrame(type, payload);
      case frameTypes.PROBE:
      case frameTypes.PROBE_RESULT:
        return this.onProbeFrame(type, payload);
      case frameTypes.HELLO:
      case frameTypes.AUTH:
      case frameTypes.WELCOME:
        throw frameError(`${frameName(type)} after the handshake`);
      // What is left is 0x80 and above: an extension this end does not know.
    }
  }

  #onClose(payload: Buffer): void {
    const { code, text } = decodeCodeAndText('CLOSE', payload);
    this.#end(reasonOfCloseCode(code), text);
  }

  #onReadFault(error: unknown): void {
    if (isSallyportError(error, 'protocol-violation')) return this.close('protocol-error', error.message);
    this.options.onFault?.(error);
    this.close('internal-error', errorText(error));
  }

  #onChunkDone(): void {
    this.#keepalive.progressed(this.#nowMs, this.output.waitingBytes > 0);
    const isSending = this.streams.hasTurns || this.#pieces.length > 0;
    if (isSending && this.output.waitingBytes < highWaterBytes) this.output.want();
  }

  /** The last stream has ended: a drain that waits for it is completed by the next flush. */
  #onIdle(): void {
    if (this.drainState.closesWhenIdle && this.#state === 'open') this.output.want();
  }

  #sendPing(nowMs: number): void {
    this.#pingPayload.writeDoubleBE(nowMs, 0);
    this.sendControl(frameTypes.PING, this.#pingPayload);
  }

  #end(reason: DisconnectReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.drainState.settle();
    // The owner hears of it first, so that whoever retries a lost stream no longer finds this connection.
    try {
      this.onSessionClosed(reason, detail);
    } catch (error) {
      this.options.onFault?.(error);
    }
    this.streams.closeAll(detail === '' ? reason : `${reason}: ${detail}`);
    this.options.onEnded(reason);
  }
}
