// The first way in: an edge that nobody can sign in to gets an owner and a one-time link, which `edge init` and the first
// start print. There is no password that could be left as it came.
import type { User } from '#model/users/user.ts';
import { hasWayIn } from '../../commands/account.ts';
import { createUser } from '../../commands/users.ts';
import { type Caller, systemCaller } from '../../command.ts';
import type { Control } from '../../control.ts';
import { allScopes } from '#model/users/role.ts';
import type { OneTimeLink, OneTimeLinks } from './one-time-links.ts';

/** What the owner is called, unless `edge init` was told otherwise. */
export interface FirstOwner {
  readonly name: string;
  readonly email: string | null;
}

/**
 * A link for the owner as long as no owner has a way in of his own; undefined once one has. Asking again is harmless: it
 * makes a further link, for when the first one was lost or has run out.
 */
export async function firstOwnerLink(
  { control, links }: { readonly control: Control; readonly links: OneTimeLinks },
  owner: FirstOwner,
  caller: Caller = systemCaller,
): Promise<{ readonly user: User; readonly link: OneTimeLink } | undefined> {
  const owners = [...control.state.users.values()].filter(
    ({ role, isDisabled }) => role === 'owner' && !isDisabled,
  );
  if (owners.some(hasWayIn)) return undefined;
  const user =
    owners[0] ??
    (await control.run(createUser({ ...owner, displayName: '', role: 'owner' }, new Set(allScopes)), caller));
  return { user, link: await links.create(user.id, 'invitation') };
}
