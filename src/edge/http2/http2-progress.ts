// Whether an HTTP/2 stream still moves. The hot path only adds to two counters; the session's sweep, once a second,
// compares them with what it saw before.

/** Limits the sweep applies, in milliseconds. */
export interface ExchangeDeadlines {
  readonly stallMs: number;
  readonly lingerMs: number;
}

/** Byte counts of one stream and when they last changed. */
export class StreamProgress {
  /** Response bytes handed to the stream, sent or not. */
  written = 0;
  /** Request bytes taken from the stream. */
  received = 0;
  #sentSeen = 0;
  #sentSeenMs: number;
  #receivedSeen = 0;
  #receivedSeenMs: number;
  #lingerSinceMs: number | undefined;

  constructor(nowMs: number) {
    this.#sentSeenMs = nowMs;
    this.#receivedSeenMs = nowMs;
  }

  /** Grows while bytes move; `waitingBytes` are written but not sent. */
  total(waitingBytes: number): number {
    return this.written - waitingBytes + this.received;
  }

  /** Bytes wait for a client that has taken none for `stallMs`. */
  hasWriteStalled(waitingBytes: number, nowMs: number, stallMs: number): boolean {
    const sent = this.written - waitingBytes;
    if (waitingBytes === 0 || sent !== this.#sentSeen) {
      this.#sentSeen = sent;
      this.#sentSeenMs = nowMs;
      return false;
    }
    return nowMs - this.#sentSeenMs > stallMs;
  }

  /** Request bytes are due and none has come for `stallMs`. */
  hasReadStalled(isDue: boolean, nowMs: number, stallMs: number): boolean {
    if (!isDue || this.received !== this.#receivedSeen) {
      this.#receivedSeen = this.received;
      this.#receivedSeenMs = nowMs;
      return false;
    }
    return nowMs - this.#receivedSeenMs > stallMs;
  }

  /** After an early response: a body that is read may come as long as it moves, one that is not read only for a moment. */
  isLingerOver(isRead: boolean, nowMs: number, deadlines: ExchangeDeadlines): boolean {
    const hasStalled = this.hasReadStalled(this.#lingerSinceMs !== undefined, nowMs, deadlines.stallMs);
    this.#lingerSinceMs ??= nowMs;
    return isRead ? hasStalled : nowMs - this.#lingerSinceMs > deadlines.lingerMs;
  }
}
