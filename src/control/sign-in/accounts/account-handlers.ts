// Handlers of what a user does with his own account: who am I, name, password, sessions.
import { version } from '#base/version.ts';
import { SallyportError } from '#base/errors.ts';
import type { User } from '#model/users/user.ts';
import { changeAccount, hasWayIn } from '../../commands/account.ts';
import { required } from '../../control-state.ts';
import type { CallContext, Handlers } from '../../http/handler.ts';
import { sessionView, userView } from './account-view.ts';
import { ownAccount, requireRecentSignIn } from './own-account.ts';
import { requireUncommonPassword } from '../proofs/password-rule.ts';
import type { SignInParts } from '../sign-in-parts.ts';

type Ids = 'getMe' | 'updateMe' | 'setPassword' | 'removePassword' | 'listMySessions' | 'endMySession';

/** Makes them. */
export function accountHandlers(parts: SignInParts): Handlers<Ids> {
  const { control, sessions, clock, lastUses, edgeName } = parts;
  const view = async (user: User) => userView(user, await lastUses.read());
  return {
    async getMe(_input, { identity: { user, actor, scopes } }) {
      return {
        user: user ? await view(user) : null,
        actor: { kind: actor.kind, id: actor.id, name: actor.name },
        scopes: [...scopes],
        edge: { name: edgeName(), title: control.state.settings.title, version },
      };
    },
    async updateMe({ body }, context) {
      const { user } = ownAccount(control.state, context);
      const mayVouch = context.identity.scopes.has('users:write');
      const change = (present: User): Partial<User> => {
        const email = body.email === undefined ? present.email : body.email;
        const isSame = email === present.email;
        return {
          displayName: body.displayName ?? present.displayName,
          email,
          isEmailVouched: isSame ? present.isEmailVouched : mayVouch && email !== null,
        };
      };
      return await view(
        await control.run(changeAccount(user.id, { action: 'changed', change }), context.caller),
      );
    },
    setPassword: ({ body }, context) => setPassword(parts, body, context),
    async removePassword(_input, context) {
      const { user, session } = ownAccount(control.state, context);
      requireRecentSignIn(session, clock);
      const change = (present: User): Partial<User> => {
        // The codes stay, for the day there is a password again: else this would be the way around them.
        if (hasWayIn({ ...present, passwordHash: null })) return { passwordHash: null };
        throw new SallyportError('conflict', 'The password is your only way in; add a passkey first.');
      };
      const command = changeAccount(user.id, { action: 'removed password', change });
      return await view(await control.run(command, context.caller));
    },
    async listMySessions(_input, context) {
      const { user, session } = ownAccount(control.state, context);
      return { items: (await sessions.list(user.id)).map((each) => sessionView(each, session)) };
    },
    async endMySession({ params }, context) {
      const { user, session } = ownAccount(control.state, context);
      if (params.session === 'others') {
        await control.store.endSessionsOf(user.id, session.hash);
      } else {
        const mine = (await sessions.list(user.id)).find(({ id }) => id === params.session);
        await control.store.endSession(required(mine, 'session of yours', params.session).id);
        if (mine?.id === session.id) context.addHeader('Set-Cookie', sessions.clearingCookie);
      }
      const event = { action: 'ended', noun: 'session', objectId: params.session } as const;
      await control.note({ ...event, objectName: user.name, before: null, after: null }, context.caller);
      return undefined;
    },
  };
}

interface NewPassword {
  readonly current?: string | undefined;
  readonly password: string;
}

/** All sessions end, whoever may hold them; the browser that asked gets a new one. */
async function setPassword(parts: SignInParts, given: NewPassword, context: CallContext) {
  const { control, passwords, sessions, lastUses, clock } = parts;
  const { user, session } = ownAccount(control.state, context);
  if (user.passwordHash === null) requireRecentSignIn(session, clock);
  else await requireCurrent(parts, { user, given: given.current }, context);
  requireUncommonPassword(given.password, user);
  const passwordHash = await passwords.hash(given.password);
  const change = (present: User): Partial<User> => {
    if (present.passwordHash === user.passwordHash) return { passwordHash };
    throw new SallyportError('conflict', 'The password was changed at this moment; try again.');
  };
  const command = changeAccount(user.id, { action: 'set password', change, endsSessions: true });
  const changed = await control.run(command, context.caller);
  const { setCookie } = await sessions.start(user.id, session.method, context.request);
  context.addHeader('Set-Cookie', setCookie);
  return userView(changed, await lastUses.read());
}

/** Guesses at the present password count as attempts to sign in. @throws SallyportError 'forbidden' */
async function requireCurrent(
  { passwords, limits, failures }: SignInParts,
  { user, given }: { readonly user: User; readonly given: string | undefined },
  { request, caller }: CallContext,
): Promise<void> {
  const receipt = limits.begin({ address: request.address, account: user.name });
  const { isRight } = await passwords.check(given ?? '', user.passwordHash);
  if (isRight) return receipt.takeBack();
  await failures.note({ user, method: 'password', reason: 'the present password is wrong' }, caller);
  throw new SallyportError('forbidden', 'The present password is not right; nothing was changed.', {
    facts: { faults: [{ path: 'current', message: 'is not right' }] },
  });
}
