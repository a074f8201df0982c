// What opens protected routes in the world in memory: share links.
import type { ShareLinkView } from '#api/access.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import { page } from './fake-routes.ts';
import type { FakeWorld } from './fake-world.ts';

type AccessIds = 'listShareLinks' | 'createShareLink' | 'deleteShareLink';

const day = 86_400_000;

/** Makes them. */
export function accessHandlers(world: FakeWorld): Pick<Handlers, AccessIds> {
  let links: ShareLinkView[] = [];
  return {
    listShareLinks: ({ query }) => page(links, query),
    createShareLink({ body }) {
      const { hostname, pathname } = new URL(body.url.includes('://') ? body.url : `https://${body.url}`);
      const link: ShareLinkView = {
        ...{ id: world.uuid(), hostname, path: pathname, note: body.note, maxUses: body.uses, uses: 0 },
        ...{ createdAtMs: Date.now(), expiresAtMs: Date.now() + body.days * day },
        ...{ madeBy: 'ada', version: 1, state: 'good' },
      };
      links = [link, ...links];
      return { link, url: `https://${hostname}/.well-known/sallyport/share?token=fake` };
    },
    deleteShareLink({ params }) {
      if (!links.some(({ id }) => id === params.link))
        throw new Refusal('not-found', `There is no share link ${params.link}.`);
      links = links.filter(({ id }) => id !== params.link);
      return undefined;
    },
  };
}
