// Cuts a stream of received bytes into frames. HOT: it sees every byte that is proxied.
//
// DATA is passed on as it comes, as views into the received chunk, also when only a part of the frame has arrived; so
// nothing is copied and nothing waits. All other frames are short and passed on whole: in place when they lie within
// one chunk, else gathered (at most one frame of 64 KiB).
import { Buffer } from 'node:buffer';
import { checkFrameHeader, frameHeaderBytes, frameTypes } from './tunnel-frame.ts';

/** Receives what was read. A sink that throws leaves the reader unusable, as a protocol error does. */
export interface FrameSink {
  /** A whole frame other than DATA. The payload is valid during the call only. */
  onControl(type: number, streamId: number, payload: Buffer): void;
  /** The next bytes of a DATA frame, never empty. The view is valid during the call only. */
  onData(streamId: number, bytes: Buffer): void;
  /** False stops the reader in the middle of a chunk (the connection was closed by a callback). */
  readonly isReading: boolean;
}

const empty: Buffer = Buffer.alloc(0);

/** The state between two chunks: a partial header, or a partial payload. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = Buffer.alloc(frameHeaderBytes);
  #headerFill = 0;
  #type = 0;
  #streamId = 0;
  /** Payload bytes of the current frame that have not come yet. */
  #missing = 0;
  /** The payload of a control frame that came in more than one chunk, and how much of it is there. */
  #gathered: Buffer = empty;
  #gatheredFill = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Reads a whole chunk. Throws only `frameError`s and what the sink throws. */
  read(chunk: Buffer): void {
    const end = chunk.length;
    let at = 0;
    if (this.#missing > 0) at = this.#continuePayload(chunk);
    while (at < end && this.#sink.isReading) {
      if (this.#headerFill > 0 || end - at < frameHeaderBytes) {
        at = this.#fillHeader(chunk, at);
        if (this.#headerFill < frameHeaderBytes) return;
        this.#headerFill = 0;
        this.#startFrame(this.#header, 0);
      } else {
        this.#startFrame(chunk, at);
        at += frameHeaderBytes;
      }
      at = this.#readPayload(chunk, at);
    }
  }

  #fillHeader(chunk: Buffer, at: number): number {
    const stop = Math.min(chunk.length, at + frameHeaderBytes - this.#headerFill);
    let from = at;
    while (from < stop) this.#header[this.#headerFill++] = chunk[from++]!;
    return stop;
  }

  #startFrame(bytes: Buffer, at: number): void {
    const payloadBytes = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    const type = bytes[at + 3]!;
    const streamId =
      ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0;
    checkFrameHeader(type, streamId, payloadBytes);
    this.#type = type;
    this.#streamId = streamId;
    this.#missing = payloadBytes;
  }

  /** Passes on the payload that begins at `at`, or begins to gather it. Returns where the next frame begins. */
  #readPayload(chunk: Buffer, at: number): number {
    const here = Math.min(chunk.length - at, this.#missing);
    if (this.#type === frameTypes.DATA) return this.#passData(chunk, at, here);
    if (here === this.#missing) {
      this.#missing = 0;
      this.#sink.onControl(this.#type, this.#streamId, here === 0 ? empty : chunk.subarray(at, at + here));
      return at + here;
    }
    this.#gathered = Buffer.allocUnsafe(this.#missing);
    this.#gatheredFill = 0;
    return this.#gather(chunk, at, here);
  }

  #continuePayload(chunk: Buffer): number {
    const here = Math.min(chunk.length, this.#missing);
    return this.#type === frameTypes.DATA ? this.#passData(chunk, 0, here) : this.#gather(chunk, 0, here);
  }

  #passData(chunk: Buffer, at: number, here: number): number {
    this.#missing -= here;
    if (here > 0) this.#sink.onData(this.#streamId, chunk.subarray(at, at + here));
    return at + here;
  }

  #gather(chunk: Buffer, at: number, here: number): number {
    chunk.copy(this.#gathered, this.#gatheredFill, at, at + here);
    this.#gatheredFill += here;
    this.#missing -= here;
    if (this.#missing === 0) {
      const payload = this.#gathered;
      this.#gathered = empty;
      this.#sink.onControl(this.#type, this.#streamId, payload);
    }
    return at + here;
  }
}
