// What an exchange has around it: the proxy that it belongs to, and a step of the route that may stand by it.
import type { ExchangeFailure } from '#http/exchange.ts';
import type { Exchange } from './exchange.ts';
import type { TunnelSlot } from './tunnels/tunnel-registry.ts';

/** A step of the route that stands between an exchange and its client, as long as it waits for the answer's head. */
export interface ExchangeCompanion {
  /** The exchange has failed before there was an answer; true: it has been answered in another way. */
  rescue(cause: ExchangeFailure): boolean;
  /** The exchange is over. */
  finished(): void;
}

/** What an exchange asks of the proxy it belongs to. */
export interface ExchangeOwner {
  now(): number;
  /** Finds where the request goes and starts it there; `except` is where it has just failed. */
  dispatch(exchange: Exchange, except: TunnelSlot | undefined): void;
  /** The connector's rules are newer than those that `slot` was chosen with: starts the exchange with the new ones. */
  redispatch(exchange: Exchange, slot: TunnelSlot): void;
  /** Whether another replica of the tunnel could serve instead of `slot`. */
  hasOtherReplica(exchange: Exchange, slot: TunnelSlot): boolean;
  /** Whether the route has a second try left for now. */
  takesRetry?(exchange: Exchange): boolean;
  finished(exchange: Exchange): void;
}
