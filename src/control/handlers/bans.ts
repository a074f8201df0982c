// Handlers of the operations on bans. Lifting one is written down: who let whom in, and when.
import type { banOperations } from '#api/bans.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import type { Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function banHandlers({ control, edge }: Sources): Handlers<keyof typeof banOperations> {
  return {
    async listBans({ query }) {
      return pageOfList({
        items: await edge.listBans(),
        ...query,
        order: 'desc',
        search: query.search,
        cursor: query.cursor,
        texts: ({ client, why }) => [client, why],
        key: ({ sinceMs, client }) => `${String(sinceMs).padStart(16, '0')} ${client}`,
      });
    },
    async liftBans({ body }, { caller }) {
      const lifted = await edge.liftBans(body.clients);
      for (const client of lifted) {
        await control.note(
          { action: 'deleted', noun: 'ban', objectId: client, objectName: client, before: null, after: null },
          caller,
        );
      }
      return { lifted: [...lifted] };
    },
  };
}
