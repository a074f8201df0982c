// Whether a visit may pass: a pure function of a compiled policy and what is known of the visit. It starts from deny; the
// first rule that matches decides. What is not known opens nothing: a rule that lets through needs to know, a rule that
// turns away does so when it cannot rule itself out.
import type { PersonSubject } from '#model/access/access-subject.ts';
import type { CompiledPolicy, CompiledRule, CompiledSubject, Known } from './compiled-policy.ts';
import { isSurelyBelow, mayBeBelow, readingsOf, type PathReadings } from './path-readings.ts';

/** A user, as far as rules ask. */
export interface VisitingUser {
  /** Name and vouched mail address, lower-case. */
  readonly names: readonly string[];
  readonly groups: readonly string[];
  readonly role: string;
}

/** What is known of a request when it is decided. */
export interface Visit {
  readonly method: string;
  /** Canonical (http/request-target.ts). */
  readonly path: string;
  /** As client-address.ts has it; what is no address is not known. */
  readonly address: string;
  /** Wall clock in milliseconds. */
  readonly wallMs: number;
  /** Who has signed in. */
  readonly user: VisitingUser | undefined;
  /** Lower-case name of the service token it has proved to hold. */
  readonly token: string | undefined;
  /** Lower-case names of the page passwords it has given. */
  readonly passwords: readonly string[];
  /** Holds a share link that is good for this route. */
  readonly hasLink: boolean;
  /** What its client certificate may be called (model/client-certificate.ts); none while it has shown none. */
  readonly certificates: readonly string[];
  /** ISO 3166 in upper case; undefined while nobody knows. */
  readonly country: string | undefined;
  /** What the mesh calls the node that it comes from: none for no node, undefined while nobody knows. */
  readonly mesh: readonly string[] | undefined;
  /** Users who have signed in from its address within the last day; undefined for what is no address. */
  readonly neighbours: readonly VisitingUser[] | undefined;
}

/** A visit of which nothing is known. */
export const unknownVisit: Visit = {
  ...{ method: 'GET', path: '/', address: '', wallMs: 0, user: undefined, token: undefined },
  ...{ passwords: [], hasLink: false, certificates: [], country: undefined },
  ...{ mesh: undefined, neighbours: undefined },
};

/** What was decided, by which rule, and why. */
export interface AccessDecision {
  /** `sign-in`: not as it is, but a user might, so that it is worth asking who this is. */
  readonly verdict: 'allow' | 'deny' | 'sign-in';
  /** Number of the rule in its policy, from 1; 0 when none decided. */
  readonly rule: number;
  /** The subject that matched, as it is written: `group:family`; '' when none did. */
  readonly by: string;
  readonly reason: AccessReason;
}

/** Why, from a fixed list, for logs and messages. */
export const accessReasons = {
  allowed: 'a rule lets it through',
  denied: 'a rule turns it away',
  unknown: 'a rule turns it away, since it is not known whether it is meant',
  'no-rule': 'no rule lets it through',
  'sign-in': 'no rule lets it through without a sign-in',
} as const;

export type AccessReason = keyof typeof accessReasons;

/** Decides. HOT: no call, no clock, no random. */
export function decideAccess(policy: CompiledPolicy, visit: Visit): AccessDecision {
  const paths = policy.asksPath ? readingsOf(visit.path) : noReadings;
  let couldSignIn = false;
  for (const rule of policy.rules) {
    if (!isAbout(rule, visit, paths)) continue;
    for (const subject of rule.subjects) {
      const known = matches(subject, visit);
      if (rule.allows) {
        if (known === 'yes') return decided('allow', rule, subject, 'allowed');
        if (subject.isPerson && visit.user === undefined) couldSignIn = true;
      } else if (known === 'yes') {
        return decided('deny', rule, subject, 'denied');
      } else if (known === 'unknown') {
        const isAsked = subject.isPerson && visit.user === undefined;
        return decided(isAsked ? 'sign-in' : 'deny', rule, subject, isAsked ? 'sign-in' : 'unknown');
      }
    }
  }
  return couldSignIn ? signIn : noRule;
}

const noReadings: PathReadings = { strict: '', loose: '', isSlippery: false, mayEndEarly: false };
const noRule: AccessDecision = { verdict: 'deny', rule: 0, by: '', reason: 'no-rule' };
const signIn: AccessDecision = { verdict: 'sign-in', rule: 0, by: '', reason: 'sign-in' };

function decided(
  verdict: AccessDecision['verdict'],
  rule: CompiledRule,
  subject: CompiledSubject,
  reason: AccessReason,
): AccessDecision {
  return { verdict, rule: rule.number, by: subject.text, reason };
}

/** Whether the rule's conditions hold; those of a rule that turns away also when nobody knows. */
function isAbout(rule: CompiledRule, visit: Visit, paths: PathReadings): boolean {
  const { allows, methods, from, countries, hours } = rule;
  const enough = (known: Known): boolean => known === 'yes' || (known === 'unknown' && !allows);
  if (rule.paths) {
    const isThere = allows ? isSurelyBelow : mayBeBelow;
    if (!rule.paths.some((pattern) => isThere(paths, pattern))) return false;
  }
  if (methods && !methods.has(visit.method)) return false;
  if (from && !enough(from(visit.address))) return false;
  if (countries && !enough(isOneOf(countries, visit.country))) return false;
  if (hours && !hours.some((isWithin) => isWithin(visit.wallMs))) return false;
  return true;
}

function isOneOf(set: ReadonlySet<string>, value: string | undefined): Known {
  return value === undefined ? 'unknown' : set.has(value) ? 'yes' : 'no';
}

function matches(compiled: CompiledSubject, visit: Visit): Known {
  const { subject } = compiled;
  const { user } = visit;
  switch (subject.kind) {
    case 'anyone':
      return 'yes';
    case 'signed-in':
      // A guest was let in for some sites, which name him; "every user" does not mean him, and does not spare him either.
      if (user?.role === 'guest') return 'unknown';
      return user ? 'yes' : 'unknown';
    case 'user':
    case 'group':
    case 'role':
      return user ? yesIf(isWho(user, subject)) : 'unknown';
    case 'address-of': {
      const { neighbours } = visit;
      return neighbours ? yesIf(neighbours.some((each) => isWho(each, subject.whom))) : 'unknown';
    }
    case 'token':
      return yesIf(visit.token !== undefined && (subject.name === '*' || visit.token === subject.name));
    case 'password':
      return yesIf(visit.passwords.includes(subject.name));
    case 'link':
      return yesIf(visit.hasLink);
    case 'certificate':
      return yesIf(
        subject.name === '*' ? visit.certificates.length > 0 : visit.certificates.includes(subject.name),
      );
    case 'mesh':
      if (visit.mesh === undefined) return 'unknown';
      return yesIf(subject.name === '' ? visit.mesh.length > 0 : visit.mesh.includes(subject.name));
    case 'ip':
      return compiled.addresses!(visit.address);
    case 'country':
      return visit.country === undefined ? 'unknown' : yesIf(visit.country === subject.code);
  }
}

/** Whether a user is one that a rule means. */
export function isWho(user: VisitingUser, whom: PersonSubject): boolean {
  switch (whom.kind) {
    case 'signed-in':
      return user.role !== 'guest';
    case 'user':
      return user.names.includes(whom.name);
    case 'group':
      return user.groups.includes(whom.name);
    case 'role':
      return user.role === whom.role;
  }
}

function yesIf(is: boolean): Known {
  return is ? 'yes' : 'no';
}
