// What opens protected routes in the world in memory: share links and page passwords.
import type { PagePasswordView, ShareLinkView } from '#api/access.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import { page } from './fake-routes.ts';
import type { FakeWorld } from './fake-world.ts';

type AccessIds =
  | 'listShareLinks'
  | 'createShareLink'
  | 'deleteShareLink'
  | 'listPagePasswords'
  | 'setPagePassword'
  | 'deletePagePassword';

const day = 86_400_000;

/** Makes them. */
export function accessHandlers(world: FakeWorld): Pick<Handlers, AccessIds> {
  let links: ShareLinkView[] = [];
  let passwords: PagePasswordView[] = [];
  return {
    listPagePasswords: ({ query }) => page(passwords, query),
    setPagePassword({ params }) {
      const before = passwords.find(({ name }) => name === params.password);
      const version = (before?.version ?? 0) + 1;
      const view = { name: params.password, createdAtMs: Date.now(), version, routes: [] };
      passwords = [...passwords.filter((each) => each !== before), view];
      return view;
    },
    deletePagePassword({ params }) {
      passwords = passwords.filter(({ name }) => name !== params.password);
      return undefined;
    },
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
