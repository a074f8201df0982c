// Handlers of the operations on users, by those who may see or change them.
import type { userOperations, VisitorSessionView } from '#api/users.ts';
import { SallyportError } from '#base/errors.ts';
import type { User } from '#model/users/user.ts';
import { createUser, deleteUser, touchable, updateUser } from '../../commands/users.ts';
import type { Command } from '../../command.ts';
import { required } from '../../control-state.ts';
import type { CallContext, Handlers } from '../../http/handler.ts';
import { pageOfList } from '../../views/listing.ts';
import { trustKey } from '#model/access/trusted-address.ts';
import { accessDirectory } from '../sessions/access-directory.ts';
import { sessionView, userView } from './account-view.ts';
import { requireMailable, sendInvitation } from '../links/invitation-mail.ts';
import type { linkLifetimesMs, OneTimeLink } from '../links/one-time-links.ts';
import type { SignInParts } from '../sign-in-parts.ts';

type Ids = Exclude<keyof typeof userOperations, 'listApiKeys' | 'createApiKey' | 'deleteApiKey'>;

/** Makes them. */
export function userHandlers(parts: SignInParts): Handlers<Ids> {
  const { control, sessions, lastUses } = parts;
  const find = (idOrName: string): User => required(control.state.findUser(idOrName), 'user', idOrName);
  const view = async (user: User) => userView(user, await lastUses.read());
  return {
    async listUsers({ query }) {
      const times = await lastUses.read();
      return pageOfList({
        items: [...control.state.users.values()].map((user) => userView(user, times)),
        limit: query.limit,
        cursor: query.cursor,
        search: query.search,
        texts: ({ name, email, displayName, role }) => [name, email ?? '', displayName, role],
        key: ({ name }) => name,
      });
    },
    async createUser({ body }, context) {
      const { mail, ...input } = body;
      if (mail) requireMailable(parts, input);
      const user = await control.run(createUser(input, context.identity.scopes), context.caller);
      const link = await makeLink(parts, { user, kind: 'invitation' }, context);
      const inviter = context.identity.user?.displayName || context.identity.user?.name || 'The owner';
      const isMailed = mail && sendInvitation(parts, { user, link, inviter });
      return { user: await view(user), link, isMailed };
    },
    getUser: ({ params }) => view(find(params.user)),
    async updateUser({ params, body, ifMatch }, { identity, caller }) {
      const guard = { rights: identity.scopes, ifMatch };
      return await view(await control.run(updateUser(params.user, body, guard), caller));
    },
    async deleteUser({ params, ifMatch }, { identity, caller }) {
      const keys = [...control.state.apiKeys.values()];
      const guard = { rights: identity.scopes, ifMatch };
      const user = await control.run(deleteUser(params.user, guard), caller);
      const gone = [user.id, ...keys.filter(({ userId }) => userId === user.id).map(({ id }) => id)];
      for (const id of gone) await lastUses.forget(id);
      return undefined;
    },
    async createUserLink({ params }, context) {
      const touch: Command<User> = (draft) => touchable(draft, params.user, context.identity.scopes);
      const user = control.preview(touch, context.caller).result;
      if (user.isDisabled) {
        throw new SallyportError('conflict', `${user.name} is disabled; enable the user first.`);
      }
      return await makeLink(parts, { user, kind: 'help' }, context);
    },
    async removeUserTotp({ params }, { identity, caller }) {
      const command: Command<User> = (draft) => {
        const user = touchable(draft, params.user, identity.scopes);
        const next = { ...user, totpSecret: null, recoveryCodes: [], version: user.version + 1 };
        draft.put('user', next, 'removed codes');
        return next;
      };
      return await view(await control.run(command, caller));
    },
    async listUserSessions({ params }, { identity }) {
      const items = await sessions.list(find(params.user).id);
      return { items: items.map((session) => sessionView(session, identity.session)) };
    },
    async listSessions({ query }, { identity }) {
      const names = new Map([...control.state.users.values()].map(({ id, name }) => [id, name]));
      const items = (await sessions.listAll()).flatMap(({ session }) => {
        const userName = names.get(session.userId);
        return userName === undefined ? [] : [{ ...sessionView(session, identity.session), userName }];
      });
      return pageOfList({
        ...{ items, limit: query.limit, cursor: query.cursor, search: query.search, order: query.order },
        texts: ({ userName, address, userAgent, method }) => [userName, address, userAgent, method],
        key: (session) => sessionKey(session, query.sort),
      });
    },
    async endSession({ params }, { identity, caller }) {
      const found = (await sessions.listAll()).find(({ session }) => session.id === params.session);
      const { session } = required(found, 'session', params.session);
      const touch: Command<User> = (draft) => touchable(draft, session.userId, identity.scopes);
      const user = control.preview(touch, caller).result;
      await control.store.endSession(session.id);
      const event = {
        action: 'ended',
        noun: 'session',
        objectId: session.id,
        objectName: user.name,
      } as const;
      await control.note({ ...event, before: null, after: null }, caller);
      return undefined;
    },
    async listTrustedAddresses({ query }) {
      const { users, sessions: alive } = await accessDirectory(parts);
      const names = new Map(users.map(({ id, name }) => [id, name]));
      return pageOfList({
        items: alive.flatMap(({ id, userId, trusted }) =>
          trusted === undefined || trustKey(trusted.address) === undefined
            ? []
            : [{ ...trusted, sessionId: id, userName: names.get(userId) ?? '' }],
        ),
        ...{ limit: query.limit, cursor: query.cursor, search: query.search },
        texts: ({ address, userName }) => [address, userName],
        key: ({ userName, sessionId }) => `${userName} ${sessionId}`,
      });
    },
    async endUserSessions({ params }, { identity, caller }) {
      const command: Command<void> = (draft) => {
        const { id, name } = touchable(draft, params.user, identity.scopes);
        draft.endSessionsOf.push(id);
        const event = { action: 'ended all', noun: 'session', objectId: id, objectName: name } as const;
        draft.audit.push({ ...event, before: null, after: null });
      };
      await control.run(command, caller);
      return undefined;
    },
  };
}

function sessionKey(
  { userName, address, createdAtMs, lastSeenAtMs }: VisitorSessionView,
  sort: 'user' | 'address' | 'since' | 'lastSeen',
): string | number {
  switch (sort) {
    case 'user':
      return `${userName} ${createdAtMs}`;
    case 'address':
      return address;
    case 'since':
      return createdAtMs;
    case 'lastSeen':
      return lastSeenAtMs;
  }
}

async function makeLink(
  { links, control }: SignInParts,
  { user, kind }: { readonly user: User; readonly kind: keyof typeof linkLifetimesMs },
  { caller }: CallContext,
): Promise<OneTimeLink> {
  const link = await links.create(user.id, kind);
  await control.note(
    {
      action: 'made a sign-in link',
      noun: 'user',
      objectId: user.id,
      objectName: user.name,
      before: null,
      after: { kind, expiresAtMs: link.expiresAtMs },
    },
    caller,
  );
  return link;
}
