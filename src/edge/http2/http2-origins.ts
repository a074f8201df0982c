// HTTP/2 to origins (`h2c://` services and http2Origin): which session a request takes. One client session per tunnel
// stream, kept and shared by all requests for the same rule over the same tunnel connection.
import type { TunnelStream } from '#tunnel/stream.ts';
import { Http2OriginSession } from './http2-origin-session.ts';
import { Http2Upstream } from './http2-upstream.ts';
import type { OriginExchange } from './http2-upstream.ts';
import type { OriginPool } from '../origins/origin-pool.ts';
import type { TunnelTarget } from '../tunnels/tunnel-registry.ts';

/** The sessions of one rule (and host or client, where the rule keeps those apart) over one tunnel connection. */
interface SessionList {
  readonly generation: number;
  readonly sessions: Http2OriginSession[];
}

type ListsByKey = Map<string, SessionList>;

/** All HTTP/2 sessions to origins. */
export class Http2Origins {
  /** Keyed by the tunnel connection's pool, whose generation says when rules changed. */
  readonly #lists = new Map<OriginPool, ListsByKey>();

  /**
   * Starts `exchange` on a session for `target`, opening one if need be; `open` answers the exchange itself when it
   * cannot open a stream.
   */
  start(exchange: OriginExchange, target: TunnelTarget, open: () => TunnelStream | undefined): void {
    const key = poolKey(exchange, target);
    const session = this.#take(target, key) ?? this.#connect(exchange, target, key, open);
    if (!session) return;
    const upstream = new Http2Upstream(session, exchange, target.rule);
    exchange.attach(upstream);
    upstream.begin();
  }

  /**
   * Closes sessions that have been idle for longer than their rule allows, and those whose rules have changed or whose
   * connection drains: an idle one would hold the connector's stop up to its deadline. To be called every second or so.
   */
  sweep(nowMs: number): void {
    for (const [pool, lists] of this.#lists) {
      for (const [key, list] of lists) {
        const isStale = list.generation !== pool.generation;
        for (const session of list.sessions.slice()) {
          if (isStale) session.retire();
          else session.sweep(nowMs);
        }
        if (list.sessions.length === 0) lists.delete(key);
      }
      if (lists.size === 0) this.#lists.delete(pool);
    }
  }

  /** Sessions that are up, for the metrics. */
  get sessionCount(): number {
    let count = 0;
    for (const lists of this.#lists.values())
      for (const list of lists.values()) count += list.sessions.length;
    return count;
  }

  /** The first session with room: filling one before the next keeps few connections to the origin. */
  #take(target: TunnelTarget, key: string): Http2OriginSession | undefined {
    const { pool } = target.slot;
    const list = this.#lists.get(pool)?.get(key);
    if (!list) return undefined;
    if (list.generation !== pool.generation) {
      for (const session of list.sessions) session.retire();
      this.#lists.get(pool)!.delete(key);
      return undefined;
    }
    return list.sessions.find((session) => session.hasRoom);
  }

  #connect(
    exchange: OriginExchange,
    target: TunnelTarget,
    key: string,
    open: () => TunnelStream | undefined,
  ): Http2OriginSession | undefined {
    const stream = open();
    if (!stream) return undefined;
    const list = this.#listFor(target, key);
    const session = new Http2OriginSession(stream, {
      idleMs: target.rule.keepAliveTimeoutMs,
      opened: () => exchange.originOpened(),
      closed: () => {
        const index = list.sessions.indexOf(session);
        if (index >= 0) list.sessions.splice(index, 1);
      },
    });
    list.sessions.push(session);
    return session;
  }

  #listFor(target: TunnelTarget, key: string): SessionList {
    const { pool } = target.slot;
    let lists = this.#lists.get(pool);
    if (!lists) this.#lists.set(pool, (lists = new Map()));
    let list = lists.get(key);
    if (!list) lists.set(key, (list = { generation: pool.generation, sessions: [] }));
    return list;
  }
}

function poolKey(exchange: OriginExchange, target: TunnelTarget): string {
  let key = String(target.ruleIndex);
  if (target.rule.followsHost) key += ` ${exchange.request.host}`;
  if (target.rule.isPerClient) key += ` ${exchange.clientAddress}`;
  return key;
}
