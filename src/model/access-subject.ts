// Who or where a rule of an access policy means, as one word of text: `group:family`, `ip:192.168.0.0/16`, `anyone`. The
// text is what people write and what is kept; the edge works with what it is parsed into.
import { isPrefix } from '#base/ip.ts';
import { roles, type Role } from './role.ts';

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
  /** A client certificate of this authority, by its name in edge.yml; `*` is any of them. */
  | { readonly kind: 'certificate'; readonly name: string }
  /** A node of the mesh: any, or by its name, its tag (`tag:x`) or its user. */
  | { readonly kind: 'mesh'; readonly name: string }
  /** An address or prefix. */
  | { readonly kind: 'ip'; readonly prefix: string }
  /** ISO 3166 code in upper case. */
  | { readonly kind: 'country'; readonly code: string };

/** What a message says that a subject may be. */
export const subjectForms =
  'anyone, signed-in, user:NAME, group:NAME, role:ROLE, token:NAME, ip:PREFIX, link or password:NAME';

/**
 * Subjects that have their word and their place in a decision, and that nothing at the edge finds out yet. They are refused
 * where policies are written: a rule that can never match would look like a lock and be none.
 */
const unanswered: ReadonlySet<AccessSubject['kind']> = new Set(['certificate', 'mesh', 'country']);

/** Whether the edge can tell who or what the subject means. */
export function isAnswered({ kind }: AccessSubject): boolean {
  return !unanswered.has(kind);
}

/** Whether a subject is answered by who has signed in. */
export function isPersonSubject(kind: AccessSubject['kind'] | undefined): boolean {
  return kind === 'signed-in' || kind === 'user' || kind === 'group' || kind === 'role';
}

/** Users, tokens and page passwords have names of one word; mail addresses name users too. */
const word = /^[a-z0-9][a-z0-9._@+-]{0,253}$/;
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
    case 'certificate':
      return wordOf(rest, true, (name) => ({ kind, name }));
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

function wordOf(
  text: string,
  takesAll: boolean,
  make: (name: string) => AccessSubject,
): AccessSubject | undefined {
  const name = text.toLowerCase();
  return word.test(name) || (takesAll && name === '*') ? make(name) : undefined;
}
