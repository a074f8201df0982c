// Who or where a rule of an access policy means, as one word of text: `group:family`, `ip:192.168.0.0/16`, `anyone`. The
// text is what people write and what is kept; the edge works with what it is parsed into.
import { isPrefix } from '#base/net/ip.ts';
import { roles, type Role } from '../users/role.ts';

/** A subject, parsed. */
export type AccessSubject =
  /** Everybody, known or not. */
  | { readonly kind: 'anyone' }
  /** Every user who has signed in. */
  | { readonly kind: 'signed-in' }
  /** By name or mail address, lower-case. */
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'group'; readonly name: string }
  | { readonly kind: 'role'; readonly role: Role }
  /** A service token by its name, lower-case; `*` is any. */
  | { readonly kind: 'token'; readonly name: string }
  /** A page password (or PIN) by its name, lower-case. */
  | { readonly kind: 'password'; readonly name: string }
  /** Whoever holds a share link that was made for the route. */
  | { readonly kind: 'link' }
  /** A client certificate by a name that certificateNames gives it, lower-case; `*` is any of a known authority. */
  | { readonly kind: 'certificate'; readonly name: string }
  /** A node of the mesh: any (''), or by its name, its tag (`tag:x`) or its user (`user:x`), lower-case. */
  | { readonly kind: 'mesh'; readonly name: string }
  /** Whoever comes from an address where such a user has signed in within the last day. */
  | { readonly kind: 'address-of'; readonly whom: PersonSubject }
  /** An address or prefix. */
  | { readonly kind: 'ip'; readonly prefix: string }
  /** ISO 3166 code in upper case. */
  | { readonly kind: 'country'; readonly code: string };

/** A subject that a user is or is not. */
export type PersonSubject = Extract<
  AccessSubject,
  { readonly kind: 'signed-in' | 'user' | 'group' | 'role' }
>;

/** What a message says that a subject may be. */
export const subjectForms =
  'anyone, signed-in, user:NAME, group:NAME, role:ROLE, address-of:USERS, token:NAME, certificate:AUTHORITY, country:CODE, ip:PREFIX, mesh, link or password:NAME';

/** Whether a sign-in can make a difference to a subject: it is about users, or about where they have signed in. */
export function isPersonSubject(kind: AccessSubject['kind'] | undefined): boolean {
  return kind === 'address-of' || isUserKind(kind);
}

function isUserKind(kind: AccessSubject['kind'] | undefined): kind is PersonSubject['kind'] {
  return kind === 'signed-in' || kind === 'user' || kind === 'group' || kind === 'role';
}

/** Users, tokens and page passwords have names of one word; mail addresses name users too. */
const word = /^[a-z0-9][a-z0-9._@+-]{0,253}$/;
/** An authority's name, and what else a certificate of it must say: `home`, `home/cn=laptop`, `home/sha256=HEX`. */
const certificateName =
  /^[a-z0-9][a-z0-9._-]{0,63}(\/(cn|dns|email|uri)=[^\s,](?:[^,\r\n\0]{0,198}[^\s,])?|\/sha256=[0-9a-f]{64})?$/i;
/** Issuers call groups as they like, with slashes and spaces; what would break a header line is left out. */
const groupName = /^[^\s,][^,\r\n\0]{0,253}$/;

/** Reads a subject; undefined when the text is none. */
export function parseSubject(text: string): AccessSubject | undefined {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const rest = colon < 0 ? '' : text.slice(colon + 1);
  if (colon >= 0 && rest === '') return undefined;
  switch (kind) {
    case 'anyone':
    case 'signed-in':
    case 'link':
      return rest === '' ? { kind } : undefined;
    case 'user':
      return wordOf(rest, false, (name) => ({ kind, name }));
    case 'group':
      return groupName.test(rest) && rest.trim() === rest ? { kind, name: rest } : undefined;
    case 'role':
      return (roles as readonly string[]).includes(rest) ? { kind, role: rest as Role } : undefined;
    case 'token':
      return wordOf(rest, true, (name) => ({ kind, name }));
    case 'certificate':
      return rest === '*' || certificateName.test(rest) ? { kind, name: rest.toLowerCase() } : undefined;
    case 'address-of':
      return addressOf(parseSubject(rest));
    case 'password':
      return wordOf(rest, false, (name) => ({ kind, name }));
    case 'mesh':
      return rest === '' || /^[a-z0-9][a-z0-9._@:+-]{0,253}$/i.test(rest)
        ? { kind, name: rest.toLowerCase() }
        : undefined;
    case 'ip':
      return isPrefix(rest) ? { kind, prefix: rest } : undefined;
    case 'country':
      return isCountry(rest) ? { kind, code: rest.toUpperCase() } : undefined;
    default:
      return undefined;
  }
}

/** Whether the text looks like an ISO 3166-1 code; which codes there are, databases say differently. */
export function isCountry(text: string): boolean {
  return /^[a-z]{2}$/i.test(text);
}

function addressOf(whom: AccessSubject | undefined): AccessSubject | undefined {
  return whom !== undefined && isUserKind(whom.kind)
    ? { kind: 'address-of', whom: whom as PersonSubject }
    : undefined;
}

function wordOf(
  text: string,
  takesAll: boolean,
  make: (name: string) => AccessSubject,
): AccessSubject | undefined {
  const name = text.toLowerCase();
  return word.test(name) || (takesAll && name === '*') ? make(name) : undefined;
}
