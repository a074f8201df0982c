// Tunnels that will be back in a moment: an edge that has taken its listeners over from another has been told which were
// online there, and their connectors have been asked to come. A request for one waits for it instead of failing.
import type { Clock } from '#base/clock.ts';
import type { Upstream } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import type { TunnelRegistry } from './tunnel-registry.ts';

/** Ids of tunnels whose connectors are on their way. */
export interface Expectation {
  readonly tunnelIds: readonly string[];
  /** From the edge's start; then a tunnel that has not come is as absent as any. */
  readonly withinMs: number;
}

/** Requests that wait at once; more are told that there is no connector. Each holds one connection or stream of a client. */
const maxWaiting = 10_000;

/** Nobody waits for this but a further upgrade. */
const lookEveryMs = 100;

export class ExpectedTunnels {
  readonly #clock: Clock;
  readonly #registry: TunnelRegistry;
  readonly #tunnelIds: Set<string>;
  readonly #untilMs: number;
  #waiting = 0;

  constructor(clock: Clock, registry: TunnelRegistry, { tunnelIds, withinMs }: Expectation) {
    this.#clock = clock;
    this.#registry = registry;
    this.#tunnelIds = new Set(tunnelIds);
    this.#untilMs = clock.nowMs() + withinMs;
  }

  /** Those that have not come, while they are waited for. */
  get missing(): readonly string[] {
    if (this.#clock.nowMs() >= this.#untilMs) return [];
    return [...this.#tunnelIds].filter((id) => !this.#registry.isOnline(id));
  }

  /** Resolves when all have come, or are waited for no longer, or at the signal. */
  async arrived(signal: AbortSignal): Promise<void> {
    while (this.missing.length > 0 && !signal.aborted)
      await new Promise<void>((resolve) => this.#clock.after(lookEveryMs, resolve));
  }

  /** Keeps a request for a tunnel that is on its way until `again` may be called; false: it is not to be waited for. */
  keep(exchange: Exchange, tunnelId: string, again: () => void): boolean {
    if (exchange.attempts > 1) return false;
    const leave = this.wait(tunnelId, () => {
      if (!exchange.isFinished) again();
    });
    if (!leave) return false;
    exchange.keepBody();
    exchange.attach(waitingUpstream(leave));
    return true;
  }

  /**
   * Calls `again` once, when a tunnel that is on its way has come or will not come any more, unless the returned function was
   * called before; undefined: it is not to be waited for.
   */
  wait(tunnelId: string, again: () => void): (() => void) | undefined {
    const leftMs = this.#untilMs - this.#clock.nowMs();
    if (leftMs <= 0 || this.#waiting >= maxWaiting || !this.#tunnelIds.has(tunnelId)) return undefined;
    this.#waiting += 1;
    const over = (): void => {
      timer.cancel();
      leave();
      this.#waiting -= 1;
    };
    const proceed = (): void => {
      over();
      again();
    };
    const leave = this.#registry.whenOnline(tunnelId, proceed);
    const timer = this.#clock.after(leftMs, proceed);
    return over;
  }
}

/** Stands where the origin's half will be: the exchange keeps what of the body comes, and the client is asked to hold on. */
function waitingUpstream(onAbort: () => void): Upstream {
  return { writeBody: () => false, endBody() {}, downstreamDrained() {}, abort: onAbort };
}
