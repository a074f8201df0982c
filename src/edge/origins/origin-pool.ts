// Idle streams to origins, kept per rule so that a keep-alive request costs no round trip to open one. Last in, first
// out: the warmest stream serves next and the others age out.
import type { Http1Upstream } from '../http1/http1-upstream.ts';

/** Requests that are not idempotent must not hit a stream the origin is just closing; they take only young ones. */
const youngMs = 2000;

interface IdleList {
  readonly streams: Http1Upstream[];
}

/** The idle streams of one tunnel connection. */
export class OriginPool {
  #lists = new Map<string | number, IdleList>();
  #generation = 0;

  /** Grows when the rules change; a stream of an earlier generation is not taken back. */
  get generation(): number {
    return this.#generation;
  }

  /** The warmest idle stream for `key`, or undefined. */
  take(key: string | number, isIdempotent: boolean, nowMs: number): Http1Upstream | undefined {
    const list = this.#lists.get(key);
    if (!list) return undefined;
    const last = list.streams.at(-1);
    if (!last || (!isIdempotent && nowMs - last.idleSinceMs > youngMs)) return undefined;
    return list.streams.pop();
  }

  /** Keeps `upstream` for later, or closes it when there are enough. */
  put(upstream: Http1Upstream, maxIdle: number): void {
    const key = upstream.poolKey;
    let list = this.#lists.get(key);
    if (!list) {
      list = { streams: [] };
      this.#lists.set(key, list);
    }
    if (upstream.generation !== this.#generation || list.streams.length >= maxIdle) upstream.close();
    else list.streams.push(upstream);
  }

  /** An idle stream was closed by the other side. */
  discard(upstream: Http1Upstream): void {
    const streams = this.#lists.get(upstream.poolKey)?.streams;
    const index = streams?.lastIndexOf(upstream) ?? -1;
    if (index >= 0) streams!.splice(index, 1);
  }

  /** Closes what has been idle for longer than its rule allows. */
  sweep(nowMs: number): void {
    for (const [key, list] of this.#lists) {
      while (
        list.streams.length > 0 &&
        nowMs - list.streams[0]!.idleSinceMs > list.streams[0]!.idleTimeoutMs
      ) {
        list.streams.shift()!.close();
      }
      if (list.streams.length === 0) this.#lists.delete(key);
    }
  }

  /** The rules have changed or the connection drains: nothing idle is kept. */
  retire(): void {
    this.#generation += 1;
    const lists = this.#lists;
    this.#lists = new Map();
    for (const list of lists.values()) for (const upstream of list.streams) upstream.close();
  }

  get idleCount(): number {
    let count = 0;
    for (const list of this.#lists.values()) count += list.streams.length;
    return count;
  }
}
