// Users, sessions and API keys as the API shows them: without a hash, a secret or a key.
import type { SessionView, UserView } from '#api/account.ts';
import type { ApiKeyView } from '#api/users.ts';
import type { ApiKey } from '#model/users/api-key.ts';
import type { Session } from '#model/users/session.ts';
import type { User } from '#model/users/user.ts';

/** Times of last uses by id (last-uses.ts). */
export type LastUseTimes = ReadonlyMap<string, number>;

/** A user. */
export function userView(user: User, lastUses: LastUseTimes): UserView {
  const { id, name, email, displayName, role, groups, isDisabled, createdAtMs, version } = user;
  return {
    ...{ id, name, email, displayName, role, groups, isDisabled },
    hasPassword: user.passwordHash !== null,
    hasTotp: user.totpSecret !== null,
    recoveryCodesLeft: user.recoveryCodes.length,
    passkeys: user.passkeys.length,
    identities: user.identities.map(({ issuer, subject }) => ({ issuer, subject })),
    lastSeenAtMs: lastUses.get(id) ?? null,
    ...{ createdAtMs, version },
  };
}

/** A session; `current` is the one that asks. */
export function sessionView(session: Session, current: Session | undefined): SessionView {
  const { hash: _hash, ...shown } = session;
  return { ...shown, isCurrent: session.id === current?.id };
}

/** An API key with the name of its user. */
export function apiKeyView(key: ApiKey, userName: string, lastUses: LastUseTimes): ApiKeyView {
  const { hash: _hash, ...shown } = key;
  return { ...shown, userName, lastUsedAtMs: lastUses.get(key.id) ?? null };
}
