// Handlers of the ways in: what there is, password (with a code), one-time link, and out again.
import { SallyportError } from '#base/errors.ts';
import type { SignInMethod } from '#model/users/session.ts';
import type { User } from '#model/users/user.ts';
import { hasWayIn } from '../commands/account.ts';
import type { ControlState } from '../control-state.ts';
import type { CallContext, Handlers } from '../http/handler.ts';
import { userView } from './accounts/account-view.ts';
import { failSignIn, finishSignIn, type ProvenSignIn } from './finish-sign-in.ts';
import { canHavePasskeys } from './proofs/passkey-ceremony.ts';
import { useCode } from './proofs/second-factor.ts';
import type { SignInParts } from './sign-in-parts.ts';

type Ids = 'getSignInMethods' | 'signInWithPassword' | 'signInWithLink' | 'signOut';

const wrongPassword = 'The name or the password is not right.';

/** Makes them. */
export function signInHandlersOf(parts: SignInParts): Handlers<Ids> {
  const { control, limits, links, place, oidc } = parts;
  const passkey = (): SignInMethod[] => (canHavePasskeys(place()) ? ['passkey'] : []);
  return {
    getSignInMethods() {
      const issuers = (oidc?.issuers() ?? []).map(({ id, name }) => ({ id, name }));
      const methods: SignInMethod[] = [
        'password',
        ...passkey(),
        'link',
        ...(issuers.length > 0 ? ['oidc' as const] : []),
      ];
      const { title, colour, logo } = control.state.settings;
      return { title, colour, logo, methods, issuers, isNew: isNew(control.state) };
    },
    signInWithPassword: ({ body }, context) => signInWithPassword(parts, body, context),
    async signInWithLink({ body }, context) {
      const receipt = limits.begin({ address: context.request.address });
      const userId = await links.redeem(body.token);
      const user = userId === undefined ? undefined : control.state.users.get(userId);
      if (!user || user.isDisabled) {
        return await failSignIn(
          parts,
          {
            user,
            method: 'link',
            reason: user ? 'the user is disabled' : 'the link is used up, has run out, or never was',
            answer: 'This link has been used or has run out; ask for a new one.',
          },
          context,
        );
      }
      receipt.takeBack();
      return await signedIn(parts, { user, method: 'link' }, context);
    },
    async signOut(_input, { identity, caller, addHeader }) {
      const { session, user } = identity;
      if (!session) {
        throw new SallyportError('usage', 'There is no session to end; an API key is ended by revoking it.');
      }
      await control.store.endSession(session.id);
      addHeader('Set-Cookie', parts.sessions.clearingCookie);
      const event = { action: 'signed out', noun: 'session', objectId: session.id } as const;
      await control.note({ ...event, objectName: user?.name ?? '', before: null, after: null }, caller);
      return undefined;
    },
  };
}

/** Finishes, and says so to the browser. */
export async function signedIn(parts: SignInParts, proven: ProvenSignIn, context: CallContext) {
  const user = await finishSignIn(parts, proven, context);
  return { state: 'signed-in' as const, user: userView(user, new Map([[user.id, parts.clock.wallMs()]])) };
}

interface GivenPassword {
  readonly name: string;
  readonly password: string;
  readonly totp?: string | undefined;
}

/**
 * The same work and the same answer whether the name is unknown, the user disabled or without a password, or the password
 * wrong. Only who has the right password learns that a code is wanted.
 */
async function signInWithPassword(parts: SignInParts, given: GivenPassword, context: CallContext) {
  const { control, limits, passwords, seal, clock } = parts;
  const user = control.state.findUser(given.name);
  // By what was typed, not by whose it is: else a wait after the name would tell that a mail address belongs to it.
  const receipt = limits.begin({ address: context.request.address, account: given.name });
  const check = await passwords.check(given.password, user?.passwordHash);
  if (!user || !check.isRight || user.isDisabled) {
    const reason = check.isRight ? 'the user is disabled' : 'the password is wrong';
    return await failSignIn(parts, { user, method: 'password', reason, answer: wrongPassword }, context);
  }
  if (user.totpSecret !== null && given.totp === undefined) {
    receipt.takeBack();
    return { state: 'totp' as const, user: null };
  }
  const rehashed = check.isOutdated ? { passwordHash: await passwords.hash(given.password) } : {};
  const code = { code: given.totp ?? '', nowMs: clock.wallMs() };
  const hasUse = user.totpSecret !== null || check.isOutdated;
  const use = {
    action: user.totpSecret === null ? 'rehashed password' : 'used a code',
    change: (present: User) => {
      requireSamePassword(present, user);
      return { ...rehashed, ...useCode(present, seal, code) };
    },
  };
  try {
    const result = await signedIn(parts, { user, method: 'password', ...(hasUse ? { use } : {}) }, context);
    receipt.succeeded();
    return result;
  } catch (error) {
    if (!(error instanceof SallyportError) || error.code !== 'unauthenticated') throw error;
    const failed = { user, method: 'code', reason: error.message, answer: error.message };
    return await failSignIn(parts, failed, context);
  }
}

function requireSamePassword(present: User, seen: User): void {
  if (present.passwordHash === seen.passwordHash) return;
  throw new SallyportError('unauthenticated', wrongPassword);
}

/** Nobody can get in yet but with the link that the edge has printed. */
function isNew({ users }: ControlState): boolean {
  return ![...users.values()].some((user) => user.role === 'owner' && !user.isDisabled && hasWayIn(user));
}
