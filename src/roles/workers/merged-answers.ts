// The control plane's questions answered for all processes of an edge: the first's own answers and those of its workers, put
// together. What there is only one of (certificates, names, a request that is sent again) the first answers alone.
import type { ThreadLink } from '#base/thread-link.ts';
import type { AccessDirectory } from '#model/access/access-state.ts';
import type { LiveEvent } from '#model/live/live.ts';
import type { RequestFilter } from '#model/live/logged-request.ts';
import type { ControlOffers, EdgeOffers } from '../control/control-contract.ts';
import { mergedCacheStatus, mergedContents } from './merged-cache.ts';
import { mergedLook } from './merged-look.ts';
import { type AskPage, mergedRequests } from './merged-requests.ts';
import { mergedTraffic } from './merged-traffic.ts';
import type { WorkerOffers } from './worker-contract.ts';

type Link = ThreadLink<WorkerOffers>;

export interface MergedAnswers {
  readonly offers: EdgeOffers;
  /** Who may pass, as it was told last. */
  readonly directory: () => AccessDirectory;
  /** A worker has begun to serve: it is told of whoever listens. */
  joined(link: Link): void;
}

/** Puts the answers of `own` and of whatever workers there are together. */
export function mergeAnswers(
  own: EdgeOffers,
  links: () => readonly Link[],
  emptyDirectory: AccessDirectory,
): MergedAnswers {
  let directory = emptyDirectory;
  let isWatched = false;
  const watches = new Map<number, RequestFilter>();
  /** One that ends meanwhile has nothing more to say. */
  const every = async <T>(ask: (link: Link) => Promise<T>): Promise<T[]> =>
    (
      await Promise.all(
        links().map((link) =>
          ask(link).then(
            (answer) => [answer],
            () => [],
          ),
        ),
      )
    ).flat(1) as T[];
  const offers: EdgeOffers = {
    ...own,
    async access(changed) {
      directory = changed;
      await own.access(changed);
      await every((link) => link.call('access', changed));
    },
    look: async () => mergedLook(await own.look(), await every((link) => link.call('look'))),
    traffic: async (span) =>
      mergedTraffic([await own.traffic(span), ...(await every((link) => link.call('traffic', span)))]),
    async disconnect(target, how) {
      const counts = await every((link) => link.call('disconnect', target, how));
      return counts.reduce((sum, count) => sum + count, await own.disconnect(target, how));
    },
    listRequests: (filter, page) =>
      mergedRequests(
        [
          (asked) => own.listRequests(filter, asked),
          ...links().map(
            (link): AskPage =>
              (asked) =>
                link.call('listRequests', filter, asked),
          ),
        ],
        page,
      ),
    async findRequest(id) {
      const found = await own.findRequest(id);
      return found ?? (await every((link) => link.call('findRequest', id))).find((one) => one !== undefined);
    },
    async liftBans(clients) {
      const lifted = [
        await own.liftBans(clients),
        ...(await every((link) => link.call('liftBans', clients))),
      ];
      return [...new Set(lifted.flat())];
    },
    cacheStatus: async () =>
      mergedCacheStatus([await own.cacheStatus(), ...(await every((link) => link.call('cacheStatus')))]),
    async listCached(query) {
      const asked = { ...query, offset: 0, limit: query.offset + query.limit };
      const lists = [await own.listCached(asked), ...(await every((link) => link.call('listCached', asked)))];
      return mergedContents(lists, query);
    },
    async purgeCache(purge) {
      await Promise.all([own.purgeCache(purge), every((link) => link.call('purgeCache', purge))]);
    },
    watchEvents(isWanted) {
      isWatched = isWanted;
      own.watchEvents(isWanted);
      void every((link) => link.call('watchEvents', isWanted));
    },
    watchRequests(subscription, filter) {
      watches.set(subscription, filter);
      own.watchRequests(subscription, filter);
      void every((link) => link.call('watchRequests', subscription, filter));
    },
    unwatchRequests(subscription) {
      watches.delete(subscription);
      own.unwatchRequests(subscription);
      void every((link) => link.call('unwatchRequests', subscription));
    },
  };
  return {
    offers,
    directory: () => directory,
    joined(link) {
      const ignore = (): void => {};
      if (isWatched) link.call('watchEvents', true).catch(ignore);
      for (const [id, filter] of watches) link.call('watchRequests', id, filter).catch(ignore);
    },
  };
}

/** Events of several processes as those of one: each tells every second what passed through it, and one sum is told on. */
export function mergedEvents(tell: ControlOffers['event']): {
  readonly own: ControlOffers['event'];
  readonly workers: ControlOffers['event'];
} {
  type Traffic = Extract<LiveEvent, { kind: 'traffic' }>;
  let waiting: Traffic[] = [];
  return {
    own(event) {
      if (event.kind !== 'traffic') return tell(event);
      const all = [event, ...waiting];
      waiting = [];
      tell(all.reduce(sumOf));
    },
    workers(event) {
      if (event.kind !== 'traffic') tell(event);
      // Bounded by what comes between two events of our own, which come every second.
      else if (waiting.length < 256) waiting.push(event);
    },
  };
}

function sumOf<E extends Extract<LiveEvent, { kind: 'traffic' }>>(a: E, b: E): E {
  const tunnels = { ...a.tunnels };
  for (const [id, count] of Object.entries(b.tunnels)) {
    const known = tunnels[id];
    tunnels[id] = known ? sumCounts(known, count) : count;
  }
  return { ...a, total: sumCounts(a.total, b.total), tunnels };
}

type Count = Extract<LiveEvent, { kind: 'traffic' }>['total'];

function sumCounts(a: Count, b: Count): Count {
  return {
    requests: a.requests + b.requests,
    errors: a.errors + b.errors,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
  };
}
