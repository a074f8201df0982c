// What the word of an OpenID Connect issuer does to the users of the edge: finds the one who is linked, links one, or makes
// one, as edge.yml allows; and gives the role that the groups say, anew each time.
//
// A mail address alone proves little: it counts only when the issuer says that it is verified, the owner lets this issuer
// link by mail, and an owner wrote the address down here (one that a user wrote of himself might be somebody else's).
import { SallyportError } from '#base/errors.ts';
import { type OidcIssuer, roleOfGroups } from '#model/access/oidc-issuer.ts';
import type { Role } from '#model/users/role.ts';
import { groupsSchema, type Identity, type User } from '#model/users/user.ts';
import type { IssuerError } from '#api/account.ts';
import type { Command, CommandContext } from '../command.ts';
import type { Draft } from '../draft.ts';

/** What an issuer says of somebody, after its signature was checked. */
export interface IssuerClaims {
  readonly subject: string;
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  /** What it calls him, if it does. */
  readonly userName: string;
  readonly displayName: string;
  readonly groups: readonly string[];
  /** False: it says nothing of groups; an empty list says that he is in none. */
  readonly saysGroups: boolean;
}

/** Who comes in, or why not; a refusal changes nothing. */
export type Admission =
  | { readonly kind: 'admitted'; readonly user: User; readonly keptOwner: boolean }
  | { readonly kind: 'refused'; readonly error: IssuerError; readonly user: User | undefined };

/** As many as the model keeps. */
const maxIdentities = 10;

/** Lets somebody in on an issuer's word. */
export function admitIdentity(issuer: OidcIssuer, claims: IssuerClaims): Command<Admission> {
  return (draft, context) => {
    const found = findLinked(draft, issuer, claims) ?? findByMail(draft, issuer, claims);
    if (found?.isDisabled) return { kind: 'refused', error: 'disabled', user: found };
    if (!found && !issuer.allowNew) return { kind: 'refused', error: 'no-account', user: undefined };
    const role =
      Object.keys(issuer.roles).length > 0
        ? roleOfGroups(issuer, claims.groups)
        : (found?.role ?? issuer.role);
    if (role === undefined) return { kind: 'refused', error: 'no-role', user: found };
    if (!found)
      return { kind: 'admitted', user: addUser(draft, context, { issuer, claims, role }), keptOwner: false };
    const keptOwner = role !== 'owner' && isLastOwner(draft, found);
    const user = changeUser(draft, found, {
      role: keptOwner ? 'owner' : role,
      identities: withIdentity(found, identityOf(issuer, claims)),
      // One that says nothing of groups leaves those that an owner gave; where it gives roles by them, silence means none.
      groups:
        claims.saysGroups || Object.keys(issuer.roles).length > 0 ? claimedGroups(claims) : found.groups,
    });
    return { kind: 'admitted', user, keptOwner };
  };
}

/** Makes an issuer's account a way in for a user who has signed in. @throws SallyportError 'conflict' */
export function linkIdentity(userId: string, issuer: OidcIssuer, claims: IssuerClaims): Command<Admission> {
  return (draft) => {
    const linked = findLinked(draft, issuer, claims);
    const user = draft.get('user', userId);
    if (!user || user.isDisabled) return { kind: 'refused', error: 'disabled', user };
    if (linked && linked.id !== user.id) return { kind: 'refused', error: 'taken', user };
    const identities = withIdentity(user, identityOf(issuer, claims));
    return { kind: 'admitted', user: changeUser(draft, user, { identities }), keptOwner: false };
  };
}

function findLinked(draft: Draft, { issuer }: OidcIssuer, { subject }: IssuerClaims): User | undefined {
  return draft
    .list('user')
    .find(({ identities }) => identities.some((each) => each.issuer === issuer && each.subject === subject));
}

/** Not one who has an account of this issuer already: addresses are given to new people there, too. */
function findByMail(draft: Draft, issuer: OidcIssuer, claims: IssuerClaims): User | undefined {
  if (!issuer.linkByMail || claims.email === null || !claims.isEmailVerified) return undefined;
  const wanted = claims.email.toLowerCase();
  return draft
    .list('user')
    .find(
      ({ email, isEmailVouched, identities }) =>
        isEmailVouched &&
        email?.toLowerCase() === wanted &&
        !identities.some((each) => each.issuer === issuer.issuer),
    );
}

function identityOf({ issuer }: OidcIssuer, { subject }: IssuerClaims): Identity {
  return { issuer, subject };
}

function withIdentity({ name, identities }: User, added: Identity): Identity[] {
  if (identities.some(({ issuer, subject }) => issuer === added.issuer && subject === added.subject))
    return identities;
  if (identities.length >= maxIdentities) {
    throw new SallyportError(
      'conflict',
      `${name} is linked with ${maxIdentities} accounts already; remove one first.`,
    );
  }
  return [...identities, added];
}

/** Another role ends the sessions that were made with the one before. */
function changeUser(
  draft: Draft,
  user: User,
  change: Pick<User, 'identities'> & Partial<Pick<User, 'role' | 'groups'>>,
): User {
  const next: User = { ...user, ...change, version: user.version + 1 };
  const hasSameGroups = next.groups.join() === user.groups.join();
  if (next.role === user.role && next.identities === user.identities && hasSameGroups) return user;
  draft.put(
    'user',
    next,
    next.identities !== user.identities
      ? 'linked account'
      : next.role !== user.role
        ? 'changed role'
        : 'changed groups',
  );
  if (next.role !== user.role) draft.endSessionsOf.push(user.id);
  return next;
}

function isLastOwner(draft: Draft, user: User): boolean {
  const owners = draft.list('user').filter(({ role, isDisabled }) => role === 'owner' && !isDisabled);
  return owners.length === 1 && owners[0]!.id === user.id;
}

/** Groups that an access policy can name; the rest, and what is beyond reason, is nobody's. */
function claimedGroups({ groups }: IssuerClaims): string[] {
  return [...new Set(groups)].filter((group) => groupsSchema.safeParse([group]).success).slice(0, 200);
}

interface Newcomer {
  readonly issuer: OidcIssuer;
  readonly claims: IssuerClaims;
  readonly role: Role;
}

function addUser(draft: Draft, context: CommandContext, { issuer, claims, role }: Newcomer): User {
  const users = draft.list('user');
  const mails = new Set(users.map(({ email }) => email?.toLowerCase()));
  const isMailFree =
    claims.email !== null && claims.isEmailVerified && !mails.has(claims.email.toLowerCase());
  const user: User = {
    id: context.newId(),
    name: freeName(claims, new Set(users.map(({ name }) => name.toLowerCase()))),
    email: isMailFree ? claims.email : null,
    isEmailVouched: false,
    displayName: claims.displayName.slice(0, 100),
    role,
    groups: claimedGroups(claims),
    isDisabled: false,
    passwordHash: null,
    passkeys: [],
    totpSecret: null,
    totpLastStep: 0,
    recoveryCodes: [],
    identities: [identityOf(issuer, claims)],
    createdAtMs: context.nowMs,
    version: 1,
  };
  draft.put('user', user, 'created');
  return user;
}

/** What the issuer calls him, as one word that nobody has yet: `ada`, else `ada-2`. */
function freeName({ userName, email, subject }: IssuerClaims, taken: ReadonlySet<string>): string {
  const wanted = userName || (email ?? '').split('@')[0]! || subject;
  const word = wanted
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '')
    .slice(0, 58);
  const base = word === '' ? 'user' : word;
  for (let number = 1; ; number++) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(name.toLowerCase())) return name;
  }
}
