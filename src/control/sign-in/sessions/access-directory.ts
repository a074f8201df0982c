// Whom the edge may let pass protected routes: users, API keys that may visit sites, and browsers that have signed in. Made
// here, where all of it is known, and handed to the edge before anybody asks (roles/control/access-feed.ts).
import { type AccessDirectory, type DirectorySession, trustMs } from '#model/access/access-state.ts';
import { scopesOf } from '#model/users/role.ts';
import { lookOf } from '#model/setting.ts';
import type { Session } from '#model/users/session.ts';
import type { User } from '#model/users/user.ts';
import type { SignInParts } from '../sign-in-parts.ts';

/** As of now. */
export async function accessDirectory({ control, sessions, clock }: SignInParts): Promise<AccessDirectory> {
  const { state } = control;
  const users = [...state.users.values()].filter(({ isDisabled }) => !isDisabled);
  const byId = new Map(users.map((user) => [user.id, user]));
  const alive = await sessions.listAll();
  return {
    look: lookOf(state.settings),
    users: users.map(({ id, name, email, isEmailVouched, role, groups }) => ({
      ...{ id, name, role, groups },
      email: isEmailVouched ? (email ?? '') : '',
    })),
    tokens: [...state.apiKeys.values()]
      .filter(({ userId, scopes }) => scopes.includes('sites:visit') && mayVisit(byId.get(userId)))
      .map(({ id, name, prefix, hash, expiresAtMs }) => ({ id, name, clientId: prefix, hash, expiresAtMs })),
    passwords: [...state.pagePasswords.values()].map(({ id, name, hash, version }) => ({
      id,
      name,
      hash,
      version,
    })),
    links: [...state.shareLinks.values()].map(({ id, hostname, path, expiresAtMs, maxUses }) => ({
      ...{ id, hostname, path, expiresAtMs },
      isCounted: maxUses !== null,
    })),
    sessions: alive
      .filter(({ session }) => byId.has(session.userId))
      .map(({ session, untilMs }) => ({
        ...{ id: session.id, userId: session.userId, untilMs },
        ...trustedBy(session, clock.wallMs()),
      })),
  };
}

/** Where a session's sign-in was, for a day; told only so long, so that the edge ends then what came from there. */
export function trustedBy(
  { address, createdAtMs }: Session,
  wallMs: number,
): Pick<DirectorySession, 'trusted'> {
  const untilMs = createdAtMs + trustMs;
  return address !== '' && wallMs < untilMs ? { trusted: { address, untilMs } } : {};
}

/** A key never may more than its user. */
function mayVisit(user: User | undefined): boolean {
  return user !== undefined && scopesOf(user.role).includes('sites:visit');
}
