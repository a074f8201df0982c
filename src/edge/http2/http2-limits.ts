// Every limit of the HTTP/2 front in one place, with where its number comes from (facts: edge.md section 6.4), and the
// token budget that turns a flood into a closed connection without hurting those who merely hurry.

/** Numbers that bound what one client connection may cost. Times in milliseconds, sizes in bytes. */
export interface Http2Limits {
  /** The client's first SETTINGS frame must be here by then; Node waits for ever. */
  readonly settingsDeadlineMs: number;
  /** A PING sent because bytes came in that made no whole frame must be answered by then: half a header block. */
  readonly headerBlockMs: number;
  /** Without an open stream the connection is closed after this; PINGs do not count as use. */
  readonly idleMs: number;
  /** A stream makes no progress in the direction that is due. */
  readonly stallMs: number;
  /** A connection that serves streams is pinged this often, and is dead when no answer comes for `stallMs`. */
  readonly pingIntervalMs: number;
  /** After this a connection is asked to move on, so that no client is pinned to one edge process for ever. */
  readonly maxAgeMs: number;
  /** How long a client that is to leave may go on without a moment between two streams. */
  readonly leaveMs: number;
  /** How long one that is to leave is watched for the moment in which it waits for as many answers as it ever does. */
  readonly patientMs: number;
  /** A client that is to leave and has asked for nothing for so long will hardly ask in the very moment in which it is told. */
  readonly quietMs: number;
  /** What a client may still upload after the response has ended. */
  readonly lingerMs: number;
  /** Receive window of one stream: 1 MiB fills 200 Mbit/s at 40 ms. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Upload bytes of all paused streams of a connection; above this the fullest stream is cut. */
  readonly bufferedUploadBytes: number;
  /** nghttp2's own memory for one connection, in megabytes. */
  readonly sessionMemoryMb: number;
  /** Streams that ended in a reset: rapid reset (CVE-2023-44487) and resets provoked from us (CVE-2025-8671). */
  readonly resets: BudgetSize;
  /** The same for all connections of one address together: an attacker opens a hundred, a household few. */
  readonly addressResets: BudgetSize;
  /** PING frames; every response chunk we send earns some back, for clients that measure bandwidth with them. */
  readonly pings: BudgetSize;
  readonly settings: BudgetSize;
}

/** A burst that is always allowed and what flows back each second. */
export interface BudgetSize {
  readonly burst: number;
  readonly perSecond: number;
}

export const defaultHttp2Limits: Http2Limits = {
  settingsDeadlineMs: 5_000,
  headerBlockMs: 10_000,
  idleMs: 180_000,
  stallMs: 60_000,
  pingIntervalMs: 30_000,
  maxAgeMs: 3_600_000,
  leaveMs: 10_000,
  patientMs: 3_000,
  quietMs: 1_000,
  lingerMs: 2_000,
  streamWindowBytes: 1_048_576,
  connectionWindowBytes: 16_777_216,
  bufferedUploadBytes: 33_554_432,
  sessionMemoryMb: 10,
  // A browser that leaves a page of 100 images cancels 100 streams at once; five such pages in a row are honest.
  resets: { burst: 500, perSecond: 20 },
  addressResets: { burst: 2_000, perSecond: 80 },
  pings: { burst: 200, perSecond: 10 },
  settings: { burst: 20, perSecond: 1 },
};

/** A token bucket on the caller's clock. */
export class Budget {
  readonly #size: BudgetSize;
  #tokens: number;
  #filledMs: number;

  constructor(size: BudgetSize, nowMs: number) {
    this.#size = size;
    this.#tokens = size.burst;
    this.#filledMs = nowMs;
  }

  /** Takes one token; false when there is none. */
  take(nowMs: number): boolean {
    const earned = ((nowMs - this.#filledMs) / 1000) * this.#size.perSecond;
    this.#filledMs = nowMs;
    this.#tokens = Math.min(this.#size.burst, this.#tokens + earned);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Gives tokens back beyond what time brings, never above the burst. */
  earn(tokens: number): void {
    this.#tokens = Math.min(this.#size.burst, this.#tokens + tokens);
  }
}

/** So long the most streams at once are remembered, twice at most. */
const rememberMs = 5_000;

/** The most of something lately: in this stretch of time and the one before. */
export class RecentMost {
  #sinceMs: number;
  #before = 0;
  #now = 0;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  get value(): number {
    return Math.max(this.#before, this.#now);
  }

  note(count: number, nowMs: number): void {
    if (nowMs - this.#sinceMs >= rememberMs) {
      this.#before = this.#now;
      this.#now = 0;
      this.#sinceMs = nowMs;
    }
    if (count > this.#now) this.#now = count;
  }
}
