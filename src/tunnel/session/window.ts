// Receive windows: how many bytes a peer may have under way on a stream, and how that number grows.
//
// Each stream starts with `initialWindowBytes`, which the peer knows without being told. What is consumed is given
// back in CREDIT frames, half a window or 256 KiB at a time. A window that is consumed whole within about two round trips was
// the bottleneck, so it doubles, up to 6 MiB (40 ms x 1 Gbit/s = 5 MB). All that streams hold above the initial
// window comes out of one budget for the process (or, where none is given, for the connection), so memory has a bound:
// budget + streams x initial window. Half of it is for streams that have shown that they are read quickly: hundreds of
// clients that read slowly, on purpose or not, cannot take everything.

/** What each direction of a new stream may carry before any CREDIT; part of the protocol. */
export const initialWindowBytes = 65_536;

/** Where a window jumps to with its first grant when the budget allows. */
export const startWindowBytes = 262_144;

/** No window grows beyond this. */
export const maxWindowBytes = 6 * 1024 * 1024;

/** What all streams of a connection may hold above their initial windows, where it has a budget of its own. */
export const windowBudgetBytes = 64 * 1024 * 1024;

/** What all connections of a process share: four of the largest windows, and a fifth of what an edge may hold in all. */
export const processWindowBytes = 24 * 1024 * 1024;

/** The same for a process that may have so much memory in all: where that is little, a sixteenth of it. */
export function windowBytesWithin(memoryBytes: number): number {
  return Math.min(processWindowBytes, Math.floor(memoryBytes / 16));
}

/** Credit is given back at half a window, or at this much when windows are large, so that the pipe stays full. */
const maxCreditStepBytes = 262_144;

/** Below this a round-trip time says more about the event loop than about the path. */
const shortestRttMs = 5;

/** The part of memory that windows may grow into. */
export class WindowBudget {
  #freeBytes: number;
  readonly #totalBytes: number;

  constructor(totalBytes: number = windowBudgetBytes) {
    this.#totalBytes = totalBytes;
    this.#freeBytes = totalBytes;
  }

  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** What windows have taken. */
  get takenBytes(): number {
    return this.#totalBytes - this.#freeBytes;
  }

  /** True while there is some for streams that have not shown yet how quickly they are read. */
  get hasRoomForAll(): boolean {
    return this.#freeBytes > this.#totalBytes / 2;
  }

  /** True when so little is left that large windows should give back what they can. */
  get isTight(): boolean {
    return this.#freeBytes < this.#totalBytes / 8;
  }

  /** Takes up to `wantedBytes`, never more than half of what is left, so that a late stream finds some. */
  take(wantedBytes: number): number {
    const taken = Math.min(wantedBytes, this.#freeBytes >>> 1);
    this.#freeBytes -= taken;
    return taken;
  }

  giveBack(byteCount: number): void {
    this.#freeBytes += byteCount;
  }
}

/** The receiving half of one stream's flow control. */
export class ReceiveWindow {
  readonly #budget: WindowBudget;
  #sizeBytes = initialWindowBytes;
  /** What the peer may still send. */
  #availableBytes = initialWindowBytes;
  /** Consumed here and not yet given back in a CREDIT. */
  #consumedBytes = 0;
  /** Bytes consumed since `#measuredFromMs`, to see how long a whole window takes. */
  #measuredBytes = 0;
  #measuredFromMs = -1;

  constructor(budget: WindowBudget) {
    this.#budget = budget;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Received and not yet consumed. */
  get heldBytes(): number {
    return this.#sizeBytes - this.#availableBytes - this.#consumedBytes;
  }

  /** Counts received bytes; false when the peer sent more than it was allowed to. */
  receive(byteCount: number): boolean {
    if (byteCount > this.#availableBytes) return false;
    this.#availableBytes -= byteCount;
    return true;
  }

  /** Counts consumed bytes; true when a CREDIT is due. Consuming more than was received counts only what was. */
  consume(byteCount: number): boolean {
    const counted = Math.min(byteCount, this.heldBytes);
    this.#consumedBytes += counted;
    this.#measuredBytes += counted;
    return this.#consumedBytes >= Math.min(this.#sizeBytes >>> 1, maxCreditStepBytes);
  }

  /** The grant that lifts a new stream from the initial to the start window; 0 when the budget is short. */
  openingCredit(): number {
    return this.#budget.hasRoomForAll ? this.#grow(startWindowBytes - this.#sizeBytes) : 0;
  }

  /**
   * How many bytes to grant now: what was consumed, more if the window grows, less if it shrinks. `pathRttMs` is the
   * path's shortest round trip: measured against the current one, a slow path's own queue would make windows grow.
   */
  takeCredit(nowMs: number, pathRttMs: number): number {
    let credit = this.#consumedBytes;
    this.#consumedBytes = 0;
    this.#availableBytes += credit;
    if (this.#measuredFromMs < 0) this.#startMeasuring(nowMs);
    if (this.#sizeBytes < startWindowBytes) credit += this.openingCredit();
    else if (this.#budget.isTight) credit -= this.#shrink(credit >>> 1);
    if (this.#measuredBytes >= this.#sizeBytes) {
      // Credit comes in steps, so more than a window may have been measured: the rate counts.
      const windows = this.#measuredBytes / this.#sizeBytes;
      const tookMs = nowMs - this.#measuredFromMs;
      if (tookMs <= windows * 2 * Math.max(pathRttMs, shortestRttMs)) {
        credit += this.#grow(Math.min(this.#sizeBytes, maxWindowBytes - this.#sizeBytes));
      }
      this.#startMeasuring(nowMs);
    }
    return credit;
  }

  /** To be called once when the stream is gone. */
  release(): void {
    this.#budget.giveBack(this.#sizeBytes - initialWindowBytes);
    this.#sizeBytes = initialWindowBytes;
  }

  #startMeasuring(nowMs: number): void {
    this.#measuredBytes = 0;
    this.#measuredFromMs = nowMs;
  }

  #grow(wantedBytes: number): number {
    const taken = wantedBytes > 0 ? this.#budget.take(wantedBytes) : 0;
    this.#sizeBytes += taken;
    this.#availableBytes += taken;
    return taken;
  }

  #shrink(wantedBytes: number): number {
    const byteCount = Math.min(wantedBytes, this.#sizeBytes - startWindowBytes);
    if (byteCount <= 0) return 0;
    this.#sizeBytes -= byteCount;
    this.#availableBytes -= byteCount;
    this.#budget.giveBack(byteCount);
    return byteCount;
  }
}
