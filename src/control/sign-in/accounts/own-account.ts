// Who may change how he signs in: a user in a browser of his own, and for what opens a further door, one that has signed in
// lately. An API key that leaked, or a browser left open, must not be able to let its finder in for good.
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Session } from '#model/users/session.ts';
import type { User } from '#model/users/user.ts';
import type { ControlState } from '../../control-state.ts';
import type { CallContext } from '../../http/handler.ts';

/** How old a sign-in may be that opens a further door. */
const recentMs = 3_600_000;

/** The user and the session of a browser. @throws SallyportError 'forbidden' for API keys and local commands */
export function ownAccount(
  state: ControlState,
  { identity }: CallContext,
): { readonly user: User; readonly session: Session } {
  const user = identity.session && state.users.get(identity.session.userId);
  if (user && identity.session) return { user, session: identity.session };
  throw new SallyportError(
    'forbidden',
    'Only a user who has signed in with a browser may do this, no API key and no local command.',
  );
}

/** @throws SallyportError 'forbidden' when the sign-in is too long ago */
export function requireRecentSignIn({ createdAtMs }: Session, clock: Clock): void {
  if (clock.wallMs() - createdAtMs <= recentMs) return;
  throw new SallyportError(
    'forbidden',
    'This opens a way into your account and takes a sign-in of the last hour; sign out, sign in, and repeat it.',
  );
}
