// Commands on users, by those who may change users. Two rules hold whatever is asked: the last owner who can sign in stays
// one, and nobody touches a user who may more than himself, nor makes one, so that a key for users alone opens nothing else.
import { SallyportError } from '#base/errors.ts';
import { type Role, type Scope, scopesOf } from '#model/users/role.ts';
import type { User } from '#model/users/user.ts';
import type { Command } from '../command.ts';
import { required } from '../control-state.ts';
import type { Draft } from '../draft.ts';
import { requireVersion } from './version-guard.ts';

/** What whoever asks may do. */
export type Rights = ReadonlySet<Scope>;

export interface NewUser {
  readonly name: string;
  readonly email: string | null;
  readonly displayName: string;
  readonly role: Role;
  readonly groups?: readonly string[] | undefined;
}

/** Users in all: a limit on what a key that leaked can do. */
const maxUsers = 1_000;

/** Adds a user without any way to sign in; a link opens the door. */
export function createUser(input: NewUser, rights: Rights): Command<User> {
  return (draft, context) => {
    requireRightsOf(rights, input.role);
    requireFreeName(draft, input, undefined);
    if (draft.list('user').length >= maxUsers) {
      throw new SallyportError(
        'conflict',
        `There are ${maxUsers} users, which is as many as can be; remove some.`,
      );
    }
    const user: User = {
      id: context.newId(),
      name: input.name,
      email: input.email,
      isEmailVouched: input.email !== null,
      displayName: input.displayName,
      role: input.role,
      groups: [...new Set(input.groups ?? [])],
      isDisabled: false,
      passwordHash: null,
      passkeys: [],
      totpSecret: null,
      totpLastStep: 0,
      recoveryCodes: [],
      identities: [],
      createdAtMs: context.nowMs,
      version: 1,
    };
    draft.put('user', user, 'created');
    return user;
  };
}

export interface UserChange {
  readonly name?: string | undefined;
  readonly email?: string | null | undefined;
  readonly displayName?: string | undefined;
  readonly role?: Role | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly isDisabled?: boolean | undefined;
}

/** What the commands below need to know besides the user. */
export interface UserGuard {
  readonly rights: Rights;
  readonly ifMatch?: number | undefined;
}

/** Changes what is given. Another role, or being disabled, ends the user's sessions. */
export function updateUser(
  idOrName: string,
  change: UserChange,
  { rights, ifMatch }: UserGuard,
): Command<User> {
  return (draft) => {
    const user = touchable(draft, idOrName, rights);
    requireVersion(user, ifMatch);
    const next: User = {
      ...user,
      name: change.name ?? user.name,
      email: change.email === undefined ? user.email : change.email,
      isEmailVouched: change.email === undefined ? user.isEmailVouched : change.email !== null,
      displayName: change.displayName ?? user.displayName,
      role: change.role ?? user.role,
      groups: change.groups ? [...new Set(change.groups)] : user.groups,
      isDisabled: change.isDisabled ?? user.isDisabled,
      version: user.version + 1,
    };
    requireRightsOf(rights, next.role);
    requireFreeName(draft, next, user.id);
    draft.put('user', next, 'changed');
    requireOwnerLeft(draft);
    if (next.role !== user.role || next.isDisabled) draft.endSessionsOf.push(user.id);
    return next;
  };
}

/** Removes a user with his sessions and API keys. */
export function deleteUser(idOrName: string, { rights, ifMatch }: UserGuard): Command<User> {
  return (draft) => {
    const user = touchable(draft, idOrName, rights);
    requireVersion(user, ifMatch);
    for (const key of draft.list('apiKey')) if (key.userId === user.id) draft.remove('apiKey', key.id);
    draft.remove('user', user.id);
    requireOwnerLeft(draft);
    draft.endSessionsOf.push(user.id);
    return user;
  };
}

/** The user, whom holders of these rights may change. @throws SallyportError 'not-found' or 'forbidden' */
export function touchable(draft: Draft, idOrName: string, rights: Rights): User {
  const user = required(findUser(draft, idOrName), 'user', idOrName);
  requireRightsOf(rights, user.role);
  return user;
}

/** @throws SallyportError 'conflict' when nobody could administer the edge any more */
export function requireOwnerLeft(draft: Draft): void {
  const owners = (users: Iterable<User>): number =>
    [...users].filter(({ role, isDisabled }) => role === 'owner' && !isDisabled).length;
  if (owners(draft.list('user')) > 0 || owners(draft.base.users.values()) === 0) return;
  throw new SallyportError(
    'conflict',
    'This is the last owner who can sign in; make another user an owner first.',
  );
}

/** Names and mail addresses lead to one user each. @throws SallyportError 'conflict' */
export function requireFreeName(
  draft: Draft,
  wanted: { readonly name: string; readonly email: string | null },
  ownId: string | undefined,
): void {
  for (const text of [wanted.name, wanted.email]) {
    const found = text === null ? undefined : findUser(draft, text);
    if (found === undefined || found.id === ownId) continue;
    throw new SallyportError(
      'conflict',
      `There is a user "${text}" already; names and mail addresses are unique.`,
    );
  }
}

/** A user by id, name or mail address, whatever the case. */
function findUser(draft: Draft, wanted: string): User | undefined {
  const email = wanted.toLowerCase();
  return draft.findUser(wanted) ?? draft.list('user').find((user) => user.email?.toLowerCase() === email);
}

/** @throws SallyportError 'forbidden' */
function requireRightsOf(rights: Rights, role: Role): void {
  if (scopesOf(role).every((scope) => rights.has(scope))) return;
  throw new SallyportError(
    'forbidden',
    `This concerns ${a(role)}, who may more than you; an owner can do it.`,
  );
}

function a(role: Role): string {
  return role === 'viewer' || role === 'guest' ? `a ${role}` : `an ${role}`;
}
