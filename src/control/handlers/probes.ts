// Handlers of hostnames seen from outside.
import type { probeOperations } from '#api/probes.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import type { Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function probeHandlers({ edge }: Pick<Sources, 'edge'>): Handlers<keyof typeof probeOperations> {
  return {
    listProbes: async ({ query }) =>
      pageOfList({
        items: await edge.listProbes(),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ hostname, from, outcome, sentence }) => [hostname, from, outcome, sentence],
        key: ({ hostname, from }) => `${hostname} ${from}`,
      }),
    probeNow: async ({ body: { hostname } }) => ({ items: await edge.probeNow(hostname.toLowerCase()) }),
  };
}
