// All streams of one session: ids, frames that concern a stream, and who may send next.
//
// The edge opens odd ids in ascending order and never reuses one. A frame for an id that was used before concerns a
// stream that has just ended and is skipped; one for an id that was never used is a protocol error.
//
// Streams that have bytes and credit but found the output full stand in a ring and send one turn (32 KiB) each, so a
// bulk transfer takes its share and no more, and a stream without credit takes no place at all.
import { BufferPool } from '#base/io/buffer-pool.ts';
import { SallyportError } from '#base/errors.ts';
import { frameError, frameName, frameTypes } from '#wire/tunnel-frame.ts';
import {
  decodeCodeAndText,
  decodeCredit,
  decodeOpen,
  encodeCodeAndText,
  encodeOpen,
} from '#wire/tunnel-message.ts';
import { needExactly } from '#wire/tunnel-payload.ts';
import type { Output } from './output.ts';
import { reasonOfResetCode } from '../reset-code.ts';
import { SessionStream, type StreamHost } from './session-stream.ts';
import { type OpenRequest, resetCodes } from '../stream.ts';
import { WindowBudget } from './window.ts';

/** DATA is appended only while less than this waits for the transport; what control frames need is far less. */
export const highWaterBytes = 262_144;

/** As much as a socket reads at once. */
const waitingBufferBytes = 65_536;

export const defaultStreamLimit = 4096;

/** The highest id an edge may use. */
export const highestStreamId = 0xffff_ffff;

export interface StreamTableOptions {
  readonly output: Output;
  readonly streamLimit: number;
  /** The highest id to use; lower than the protocol's own only in tests. */
  readonly lastStreamId: number;
  /** A stream was opened by the peer; undefined where the peer may not open any (edge). */
  readonly onOpen: ((stream: SessionStream, request: OpenRequest) => void) | undefined;
  /** The last open stream has ended. */
  readonly onIdle: () => void;
  readonly reportFault: (error: unknown) => void;
  /** Shared with other connections; absent: one of its own. */
  readonly budget?: WindowBudget | undefined;
}

export class StreamTable implements StreamHost {
  readonly output: Output;
  readonly budget: WindowBudget;
  readonly pool = new BufferPool(waitingBufferBytes);
  readonly #options: StreamTableOptions;
  readonly #streams = new Map<number, SessionStream>();
  /** The highest id used so far, -1 before the first. */
  #highestId = -1;
  /** The ring of streams that wait for the output, and the list of those that owe credit. */
  #firstTurn: SessionStream | undefined;
  #lastTurn: SessionStream | undefined;
  #firstCredit: SessionStream | undefined;
  #isPumping = false;

  constructor(options: StreamTableOptions) {
    this.budget = options.budget ?? new WindowBudget();
    this.output = options.output;
    this.#options = options;
  }

  get count(): number {
    return this.#streams.size;
  }

  /** True when so few ids are left (one in sixteen) that the connection should be replaced while it still works. */
  get isRunningOut(): boolean {
    return this.#highestId > this.#options.lastStreamId * (15 / 16);
  }

  get canSendNow(): boolean {
    return this.#firstTurn === undefined && !this.#isPumping && this.output.waitingBytes < highWaterBytes;
  }

  /** Opens a stream (edge side): OPEN, and at once the credit that a response of usual size needs. */
  open(request: OpenRequest): SessionStream {
    if (this.#streams.size >= this.#options.streamLimit) {
      throw new SallyportError(
        'limit-exceeded',
        `The tunnel connection already carries ${this.#options.streamLimit} streams, its limit.`,
      );
    }
    const id = this.#highestId + 2;
    if (id > this.#options.lastStreamId) {
      throw new SallyportError('limit-exceeded', 'The tunnel connection has used up its stream ids.');
    }
    const payload = encodeOpen(request);
    const stream = this.#add(id);
    this.output.append(frameTypes.OPEN, id, payload, 0, payload.length);
    const credit = stream.window.openingCredit();
    if (credit > 0) this.output.appendUint32(frameTypes.CREDIT, id, credit);
    return stream;
  }

  /** Bytes of a DATA frame. */
  receiveData(streamId: number, bytes: Buffer): void {
    const stream = this.#find(frameTypes.DATA, streamId);
    if (stream) refuseIf(stream.receiveData(bytes));
  }

  /** A frame of one stream other than DATA. */
  receiveFrame(type: number, streamId: number, payload: Buffer): void {
    if (type === frameTypes.OPEN) return this.#receiveOpen(streamId, payload);
    const stream = this.#find(type, streamId);
    if (stream) receiveOnStream(stream, type, payload, this.#options.onOpen !== undefined);
  }

  /** Gives waiting streams their turns while the output has room. */
  pump(): void {
    this.#isPumping = true;
    while (this.output.waitingBytes < highWaterBytes) {
      const stream = this.#firstTurn;
      if (!stream) break;
      this.#firstTurn = stream.nextTurn;
      if (this.#firstTurn === undefined) this.#lastTurn = undefined;
      stream.nextTurn = undefined;
      stream.isTurnQueued = false;
      stream.takeTurn();
    }
    this.#isPumping = false;
  }

  /** True when streams wait for the output. */
  get hasTurns(): boolean {
    return this.#firstTurn !== undefined;
  }

  /** Writes the CREDIT frames that have become due. */
  sendCredits(nowMs: number, pathRttMs: number): void {
    let stream = this.#firstCredit;
    this.#firstCredit = undefined;
    while (stream) {
      const next: SessionStream | undefined = stream.nextCredit;
      stream.nextCredit = undefined;
      stream.isCreditQueued = false;
      if (stream.isOpen && !stream.isRemoteEnded) {
        const credit = stream.window.takeCredit(nowMs, pathRttMs);
        if (credit > 0) this.output.appendUint32(frameTypes.CREDIT, stream.id, credit);
      }
      stream = next;
    }
  }

  /** The connection is gone: every stream is told. */
  closeAll(detail: string): void {
    for (const stream of this.#streams.values()) stream.receiveReset('connection-lost', detail);
  }

  queueTurn(stream: SessionStream): void {
    if (stream.isTurnQueued) return;
    stream.isTurnQueued = true;
    if (this.#lastTurn) this.#lastTurn.nextTurn = stream;
    else this.#firstTurn = stream;
    this.#lastTurn = stream;
    // Above the high-water mark the transport's next `done` asks for the flush instead.
    if (this.output.waitingBytes < highWaterBytes) this.output.want();
  }

  queueCredit(stream: SessionStream): void {
    if (stream.isCreditQueued) return;
    stream.isCreditQueued = true;
    stream.nextCredit = this.#firstCredit;
    this.#firstCredit = stream;
    this.output.want();
  }

  forget(stream: SessionStream): void {
    this.#streams.delete(stream.id);
    if (this.#streams.size === 0) this.#options.onIdle();
  }

  reportFault(error: unknown): void {
    this.#options.reportFault(error);
  }

  #add(id: number): SessionStream {
    const stream = new SessionStream(id, this);
    this.#highestId = id;
    this.#streams.set(id, stream);
    return stream;
  }

  #find(type: number, streamId: number): SessionStream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined && (streamId > this.#highestId || streamId % 2 === 0)) {
      throw frameError(`${frameName(type)} on stream ${streamId}, which was never opened`);
    }
    return stream;
  }

  #receiveOpen(streamId: number, payload: Buffer): void {
    const { onOpen, streamLimit } = this.#options;
    if (!onOpen) throw frameError('OPEN from a connector');
    if (streamId % 2 === 0 || streamId <= this.#highestId) {
      throw frameError(`OPEN with stream id ${streamId} after ${this.#highestId}`);
    }
    const request = decodeOpen(payload);
    if (this.#streams.size >= streamLimit) return this.#refuse(streamId, streamLimit);
    const stream = this.#add(streamId);
    try {
      onOpen(stream, request);
    } catch (error) {
      this.reportFault(error);
      stream.reset('internal-error');
    }
  }

  #refuse(streamId: number, streamLimit: number): void {
    this.#highestId = streamId;
    const text = `this connection already carries ${streamLimit} streams`;
    const payload = encodeCodeAndText(resetCodes['stream-limit'], text);
    this.output.append(frameTypes.RESET, streamId, payload, 0, payload.length);
  }
}

/** Frames of an open stream; `isConnector` tells which end we are. */
function receiveOnStream(stream: SessionStream, type: number, payload: Buffer, isConnector: boolean): void {
  switch (type) {
    case frameTypes.CREDIT:
      return refuseIf(stream.receiveCredit(decodeCredit(payload)));
    case frameTypes.FIN:
      needExactly('FIN', payload, 0);
      return refuseIf(stream.receiveFin());
    case frameTypes.RESET: {
      const { code, text } = decodeCodeAndText('RESET', payload);
      return stream.receiveReset(reasonOfResetCode(code), text);
    }
    case frameTypes.OPENED:
      needExactly('OPENED', payload, 0);
      if (isConnector) throw frameError('OPENED from an edge');
      return refuseIf(stream.receiveOpened());
    default:
      throw frameError(`${frameName(type)} where no such frame is expected`);
  }
}

function refuseIf(why: string): void {
  if (why !== '') throw frameError(why);
}
