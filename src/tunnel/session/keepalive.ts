// Is the peer still there? Pings go out every 5 s whether or not data flows, from both ends. 12 s without
// a byte from the peer are death; so is a ping that stays unanswered for a minute while bytes do arrive (a path that
// is broken one way only). Slow bulk data therefore does not kill a connection whose answers queue behind it.
import type { DisconnectReason } from '../connection.ts';

export const pingIntervalMs = 5_000;
/**
 * The third ping in a row is missing: found, told and acted upon within the 15 s that are promised, on a busy machine too. Where
 * only one direction is lost, whoever hears nothing tells the other by a reset (driver.ts).
 */
export const silentLimitMs = 12_000;
export const unansweredPingLimitMs = 60_000;
/**
 * So long after a ping without a byte from the peer, what is new goes elsewhere where it can. That costs nothing if the peer was
 * only slow, so it is far from what makes a connection dead, and beyond a blink of a satellite's line.
 */
export const quietAfterPingMs = 2_000;

/** No progress of the transport for this long, with bytes waiting, ends the connection. */
export const writeStallLimitMs = 20_000;

/** Ping schedule, liveness and round-trip time of one connection. */
export class Keepalive {
  #nextPingMs: number;
  #lastReceivedMs: number;
  /** When the oldest ping without an answer was sent; -1 when all were answered. */
  #oldestUnansweredMs = -1;
  #rttMs = 0;
  #shortestRttMs = Infinity;
  #lastCheckMs: number;
  #isQuiet = false;
  /** Since when bytes wait for the transport without progress; -1 when none wait. */
  #stalledSinceMs = -1;

  constructor(nowMs: number) {
    this.#nextPingMs = nowMs;
    this.#lastReceivedMs = nowMs;
    this.#lastCheckMs = nowMs;
  }

  /** Smoothed, 0 before the first answer. */
  get rttMs(): number {
    return this.#rttMs;
  }

  /** The shortest seen, which is the path's own without what queues on it; 0 before the first answer. */
  get pathRttMs(): number {
    return this.#shortestRttMs === Infinity ? 0 : this.#shortestRttMs;
  }

  /** Nothing has come since a ping that should have been answered by now; as of the last `verdict`. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  get nextDeadlineMs(): number {
    const silence = this.#lastReceivedMs + silentLimitMs;
    const stall = this.#stalledSinceMs < 0 ? Infinity : this.#stalledSinceMs + writeStallLimitMs;
    return Math.min(this.#nextPingMs, silence, stall, this.#quietDeadlineMs);
  }

  /** Any bytes came. */
  received(nowMs: number): void {
    this.#lastReceivedMs = nowMs;
    this.#isQuiet = false;
  }

  /** When the peer is to be called quiet; never while it is, or while it owes no answer. */
  get #quietDeadlineMs(): number {
    if (this.#isQuiet || this.#oldestUnansweredMs < 0) return Infinity;
    return Math.max(this.#oldestUnansweredMs, this.#lastReceivedMs) + quietAfterPingMs;
  }

  /** The transport took bytes; `isWaiting` tells whether more wait. */
  progressed(nowMs: number, isWaiting: boolean): void {
    this.#stalledSinceMs = isWaiting ? nowMs : -1;
  }

  /** Bytes were given to the transport. */
  waiting(nowMs: number): void {
    if (this.#stalledSinceMs < 0) this.#stalledSinceMs = nowMs;
  }

  /** The answer to the ping sent at `sentMs`. */
  answered(sentMs: number, nowMs: number): void {
    this.#oldestUnansweredMs = -1;
    const sample = Math.max(0, nowMs - sentMs);
    this.#shortestRttMs = Math.min(this.#shortestRttMs, sample);
    this.#rttMs = this.#rttMs === 0 ? sample : this.#rttMs * 0.875 + sample * 0.125;
  }

  /** Whether a ping is due now; the caller sends it with `nowMs` as its payload. */
  takePing(nowMs: number): boolean {
    if (nowMs < this.#nextPingMs) return false;
    this.#nextPingMs = nowMs + pingIntervalMs;
    if (this.#oldestUnansweredMs < 0) this.#oldestUnansweredMs = nowMs;
    return true;
  }

  /** Why the connection is dead, if it is. To be asked at every deadline, so at least every 5 s. */
  verdict(nowMs: number): { reason: DisconnectReason; detail: string } | undefined {
    if (nowMs - this.#lastCheckMs > 2 * pingIntervalMs) this.#forgiveOwnSleep(nowMs);
    this.#lastCheckMs = nowMs;
    if (nowMs >= this.#quietDeadlineMs) this.#isQuiet = true;
    const silentMs = nowMs - this.#lastReceivedMs;
    if (silentMs >= silentLimitMs) {
      return { reason: 'ping-timeout', detail: `nothing came from the peer for ${seconds(silentMs)}` };
    }
    if (this.#oldestUnansweredMs >= 0 && nowMs - this.#oldestUnansweredMs >= unansweredPingLimitMs) {
      return {
        reason: 'ping-timeout',
        detail: `pings were not answered for ${seconds(nowMs - this.#oldestUnansweredMs)} although data came`,
      };
    }
    if (this.#stalledSinceMs >= 0 && nowMs - this.#stalledSinceMs >= writeStallLimitMs) {
      return {
        reason: 'write-stalled',
        detail: `the network took no bytes for ${seconds(nowMs - this.#stalledSinceMs)}`,
      };
    }
    return undefined;
  }

  /**
   * This process did not run (suspended, stopped, starved): what the peer sent meanwhile has not been read yet, so its
   * silence means nothing. It gets one interval more.
   */
  #forgiveOwnSleep(nowMs: number): void {
    const heardMs = nowMs - (silentLimitMs - pingIntervalMs);
    this.#lastReceivedMs = Math.max(this.#lastReceivedMs, heardMs);
    if (this.#oldestUnansweredMs >= 0) this.#oldestUnansweredMs = nowMs;
    if (this.#stalledSinceMs >= 0) this.#stalledSinceMs = nowMs;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
