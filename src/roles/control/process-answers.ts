// The control plane's questions that every process of an edge answers for its own part: what passed through it, who is connected
// to it, what it caches. With several processes roles/workers puts their answers together.
import { cacheStatusOf, purgeCache } from '#edge/cache/cache-view.ts';
import type { EdgeCache } from '#edge/cache/edge-cache.ts';
import type { Edge } from '#edge/edge-contract.ts';
import type { GuardBans } from '../guard-bans.ts';
import type { ControlOffers, EdgeOffers } from './control-contract.ts';

/** What the answers are about. */
export interface ProcessParts {
  readonly edge: Edge;
  /** Undefined: off. */
  readonly cache: EdgeCache | undefined;
  readonly bans: GuardBans;
}

/** The questions. */
export type ProcessAnswers = Pick<
  EdgeOffers,
  | 'traffic'
  | 'disconnect'
  | 'listRequests'
  | 'findRequest'
  | 'listBans'
  | 'liftBans'
  | 'cacheStatus'
  | 'listCached'
  | 'purgeCache'
  | 'watchEvents'
  | 'watchRequests'
  | 'unwatchRequests'
>;

/** Answers them; `events` takes what somebody listens to. */
export function processAnswers(
  running: () => ProcessParts,
  events: Pick<ControlOffers, 'event' | 'request'>,
): ProcessAnswers {
  const edge = (): Edge => running().edge;
  let stopEvents: (() => void) | undefined;
  const subscriptions = new Map<number, () => void>();
  return {
    traffic: (span) => Promise.resolve(edge().live().traffic(span)),
    disconnect: (target, how) => Promise.resolve(edge().disconnect(target, how)),
    listRequests: (filter, page) => Promise.resolve(edge().requests.list(filter, page)),
    findRequest: (id) => Promise.resolve(edge().requests.find(id)),
    listBans: () => Promise.resolve(running().bans.list()),
    liftBans: (clients) => Promise.resolve(running().bans.lift(clients)),
    cacheStatus: () => Promise.resolve(cacheStatusOf(running().cache)),
    listCached: (query) => Promise.resolve(running().cache?.contents(query) ?? { total: 0, items: [] }),
    async purgeCache(purge) {
      const { cache } = running();
      if (cache) await purgeCache(cache, purge, (host, path) => edge().routeOf(host, path)?.cache);
    },
    watchEvents(isWatched) {
      stopEvents?.();
      stopEvents = isWatched ? edge().onEvent((event) => events.event(event)) : undefined;
    },
    watchRequests(subscription, filter) {
      const stop = edge().requests.subscribe(filter, (request) => events.request(subscription, request));
      subscriptions.set(subscription, stop);
    },
    unwatchRequests(subscription) {
      subscriptions.get(subscription)?.();
      subscriptions.delete(subscription);
    },
  };
}
