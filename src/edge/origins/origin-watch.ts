// How each origin is, from the requests that went to it: the edge sees every answer and every failure with its code. While one
// is not well it is dialled again through its tunnel every few seconds, so that it is found well without a visitor's help.
//
//   Proxy.finished -> OriginWatch -> OriginHealth          sweep -> checkStream -> OriginHealth
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import { troubleOf } from '../balance/balances.ts';
import type { Exchange } from '../exchange.ts';
import type { TunnelRegistry, TunnelSlot } from '../tunnels/tunnel-registry.ts';
import { checkStream } from './check-stream.ts';
import { OriginHealth } from './origin-health.ts';

export interface OriginWatchOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: TunnelRegistry;
}

/** Between two dials of an origin that is not well, moved by up to a fifth. */
const dialEveryMs = 15_000;
const jitter = 0.2;
const dialWithinSeconds = 5;
/** Dials at the same moment. */
const maxDials = 16;
/** Origins that are remembered; an edge of this size has fewer. */
const maxOrigins = 10_000;

interface Origin {
  readonly tunnelId: string;
  readonly service: string;
  readonly health: OriginHealth;
  nextDialMs: number;
  stop: (() => void) | undefined;
}

export class OriginWatch {
  readonly #options: OriginWatchOptions;
  readonly #origins = new Map<string, Origin>();
  readonly #byRule = new WeakMap<PublishedRule, Origin>();
  #doubtful = new Set<Origin>();

  constructor(options: OriginWatchOptions) {
    this.#options = options;
  }

  /** A request has ended. HOT: one look into a map while all is well. */
  finished(exchange: Exchange): void {
    const { target } = exchange;
    if (target === undefined) return;
    const origin =
      this.#byRule.get(target.rule) ?? this.#originOf(target.slot.connection.tunnelId, target.rule);
    if (origin === undefined) return;
    const trouble = troubleOf(exchange);
    if (trouble === '') return origin.health.answered();
    const code = exchange.failure?.code;
    // What became of the connector is the tunnel's matter.
    if (trouble === undefined || code === 'connector-lost') return;
    const nowMs = this.#options.clock.nowMs();
    origin.health.failed(trouble, code, nowMs);
    if (this.#doubtful.has(origin)) return;
    this.#doubtful.add(origin);
    origin.nextDialMs = nowMs + this.#waitMs();
  }

  /** Every origin that is published now, once for each tunnel. */
  live(): OriginLive[] {
    const seen = new Map<string, OriginLive>();
    for (const { connection, rules } of this.#oneOfEach()) {
      for (const rule of rules.rules) {
        const origin = this.#originOf(connection.tunnelId, rule);
        if (!origin) continue;
        const { tunnelId, service, health } = origin;
        seen.set(keyOf(tunnelId, service), {
          ...{ tunnelId, service, state: health.state, sentence: health.sentence },
        });
      }
    }
    return [...seen.values()];
  }

  /** Dials what is due; called about once a second. */
  sweep(nowMs: number): void {
    let under = [...this.#doubtful].filter(({ stop }) => stop).length;
    for (const origin of this.#doubtful) {
      if (!origin.health.isInDoubt) {
        origin.stop?.();
        this.#doubtful.delete(origin);
        continue;
      }
      if (origin.stop || nowMs < origin.nextDialMs || under >= maxDials) continue;
      under += 1;
      this.#dial(origin);
    }
  }

  /** Ends the dials. */
  close(): void {
    for (const { stop } of this.#doubtful) stop?.();
    this.#doubtful.clear();
  }

  #dial(origin: Origin): void {
    const { clock } = this.#options;
    const found = this.#placeOf(origin);
    origin.nextDialMs = clock.nowMs() + this.#waitMs();
    if (!found) {
      // No connector publishes it any more.
      this.#doubtful.delete(origin);
      this.#origins.delete(keyOf(origin.tunnelId, origin.service));
      return;
    }
    origin.stop = checkStream(clock, { ...found, timeoutSeconds: dialWithinSeconds }, (trouble) => {
      origin.stop = undefined;
      if (trouble !== undefined) origin.health.dialled(trouble, clock.nowMs());
    });
  }

  #placeOf({ tunnelId, service }: Origin): { slot: TunnelSlot; ruleIndex: number; host: string } | undefined {
    const slot = this.#options.registry.pick(tunnelId, undefined);
    const ruleIndex = slot?.rules.rules.findIndex((rule) => rule.service === service) ?? -1;
    if (!slot || ruleIndex < 0) return undefined;
    const { hostname } = slot.rules.rules[ruleIndex]!;
    return { slot, ruleIndex, host: hostname.replace(/^\*\./, 'x.') || 'x' };
  }

  #originOf(tunnelId: string, rule: PublishedRule): Origin | undefined {
    const known = this.#byRule.get(rule);
    if (known) return known;
    if (!isOrigin(rule) || isLocalTunnelId(tunnelId)) return undefined;
    const key = keyOf(tunnelId, rule.service);
    let origin = this.#origins.get(key);
    if (!origin) {
      if (this.#origins.size >= maxOrigins) return undefined;
      const { service } = rule;
      origin = { tunnelId, service, health: new OriginHealth(), nextDialMs: 0, stop: undefined };
      this.#origins.set(key, origin);
    }
    this.#byRule.set(rule, origin);
    return origin;
  }

  /** One connection of each connector: all of them publish the same rules. */
  #oneOfEach(): Iterable<TunnelSlot> {
    const byInstance = new Map<string, TunnelSlot>();
    for (const slot of this.#options.registry.slots) byInstance.set(slot.connection.instanceId, slot);
    return byInstance.values();
  }

  #waitMs(): number {
    return dialEveryMs * (1 + jitter * (2 * this.#options.random.fraction() - 1));
  }
}

/** What the connector answers itself, and where each request names its own destination, is no origin. */
function isOrigin({ service, protocol }: PublishedRule): boolean {
  if (protocol === 'bastion' || protocol === 'socks') return false;
  return !service.startsWith('http_status:') && service !== 'hello_world';
}

function keyOf(tunnelId: string, service: string): string {
  return `${tunnelId} ${service}`;
}
