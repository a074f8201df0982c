// Commands of a user on his own account, and what signing in changes of it. They name the user by id and read him anew, so
// that what was decided on a state of a moment ago does not undo a change made since.
import { SallyportError } from '#base/errors.ts';
import type { User } from '#model/users/user.ts';
import type { Command } from '../command.ts';
import { requireFreeName } from './users.ts';

/** Changes an account; `change` sees it as it is now, and may refuse. */
export interface AccountChange {
  readonly action: string;
  readonly change: (user: User) => Partial<User>;
  /** Sessions end, also that of whoever asks; he gets a new one. */
  readonly endsSessions?: boolean;
  /** Not seen by `If-Match`: signing in is no edit. */
  readonly keepsVersion?: boolean;
}

/** Makes a change of one's own account. @throws SallyportError 'unauthenticated' when it is gone or disabled */
export function changeAccount(userId: string, { action, change, ...options }: AccountChange): Command<User> {
  return (draft) => {
    const user = draft.get('user', userId);
    if (!user || user.isDisabled) {
      throw new SallyportError(
        'unauthenticated',
        'This account is gone or disabled; ask an owner of the edge.',
      );
    }
    const next = { ...user, ...change(user), version: user.version + (options.keepsVersion ? 0 : 1) };
    requireFreeName(draft, next, user.id);
    draft.put('user', next, action);
    if (options.endsSessions) draft.endSessionsOf.push(user.id);
    return next;
  };
}

/** Whether a user could still sign in by himself, without a link. */
export function hasWayIn({ passwordHash, passkeys, identities }: User): boolean {
  return passwordHash !== null || passkeys.length > 0 || identities.length > 0;
}
