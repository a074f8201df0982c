// Handlers of the operations on page passwords. The password itself is hashed before it is kept, and shown nowhere.
import type { PagePasswordView, pagePasswordOperations } from '#api/access.ts';
import { hashPassword } from '#base/secrets/password-hash.ts';
import type { Random } from '#base/random.ts';
import type { PagePassword } from '#model/access/page-password.ts';
import { routeName } from '#model/routes/route.ts';
import { deletePagePassword, setPagePassword } from '../commands/page-passwords.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import type { Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function pagePasswordHandlers(
  sources: Sources & { readonly random: Random },
): Handlers<keyof typeof pagePasswordOperations> {
  const { control, random } = sources;
  const view = ({ name, createdAtMs, version }: PagePassword): PagePasswordView => ({
    ...{ name, createdAtMs, version },
    routes: routesNaming(sources, name),
  });
  return {
    listPagePasswords({ query }) {
      return pageOfList({
        items: [...control.state.pagePasswords.values()].map(view),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ name, routes }) => [name, ...routes],
        key: ({ name }) => name,
      });
    },
    async setPagePassword({ params, body }, { caller }) {
      const hash = await hashPassword(body.password, random);
      return view(await control.run(setPagePassword(params.password, hash), caller));
    },
    async deletePagePassword({ params }, { caller }) {
      await control.run(deletePagePassword(params.password), caller);
      return undefined;
    },
  };
}

/** Stored and declared routes whose policy names it. */
function routesNaming({ control }: Sources, name: string): string[] {
  const { state, declared } = control;
  const word = new RegExp(`\\bpassword:${name.replaceAll(/[.+]/g, '\\$&')}(?![a-z0-9._@+-])`, 'i');
  return [...state.routes.values(), ...declared.routes]
    .filter(({ access }) => access !== undefined && word.test(JSON.stringify(access)))
    .map(routeName);
}
