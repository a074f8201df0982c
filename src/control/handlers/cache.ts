// Handlers of the operations on the cache. Purges are written down: who took what out, and when.
import type { cacheOperations } from '#api/cache.ts';
import type { CachePurge } from '#model/live/cached.ts';
import { placeOfCursor } from '../views/listing.ts';
import type { Handlers } from '../http/handler.ts';
import type { Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function cacheHandlers({ control, edge }: Sources): Handlers<keyof typeof cacheOperations> {
  return {
    getCacheStatus: () => edge.cacheStatus(),
    async listCached({ query: { limit, cursor, host, search, sort } }) {
      const offset = placeOfCursor(cursor);
      const { items, total } = await edge.listCached({ offset, limit, host, search, sort });
      const end = offset + limit;
      return { items: [...items], total, nextCursor: end < total ? `at-${end}` : null };
    },
    async purgeCache({ body }, { caller }) {
      const purges: CachePurge[] = body.everything
        ? [{ kind: 'all' }]
        : [
            ...body.urls.map((url) => ({ kind: 'url', url }) as const),
            ...body.prefixes.map((url) => ({ kind: 'prefix', url }) as const),
            ...body.hosts.map((host) => ({ kind: 'host', host }) as const),
            ...body.tags.map((tag) => ({ kind: 'tag', tag }) as const),
          ];
      const purged: string[] = [];
      for (const purge of purges) {
        await edge.purgeCache(purge);
        const name = wordsOf(purge);
        purged.push(name);
        await control.note(
          {
            action: 'purged',
            noun: 'cache',
            objectId: purge.kind,
            objectName: name.slice(0, 1_300),
            before: null,
            after: null,
          },
          caller,
        );
      }
      return { purged };
    },
  };
}

function wordsOf(purge: CachePurge): string {
  switch (purge.kind) {
    case 'all':
      return 'everything';
    case 'host':
      return `everything of ${purge.host}`;
    case 'tag':
      return `everything tagged ${purge.tag}`;
    case 'prefix':
      return `${purge.url} and everything below`;
    case 'url':
      return purge.url;
  }
}
