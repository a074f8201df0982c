// A policy made ready when a snapshot is: subjects parsed, prefixes as bytes, paths as segments, hours as minutes. What a
// request costs then is a walk over a few small objects.
import { cidrSet, isAddress } from '#base/net/ip.ts';
import {
  isWithinHours,
  momentOf,
  parseHours,
  zoneFormat,
  type AccessHours,
} from '#model/access/access-hours.ts';
import {
  type AccessPolicy,
  type AccessRule,
  isOpenWord,
  wholePolicy,
  type WholePolicy,
} from '#model/access/access-policy.ts';
import { type AccessSubject, isPersonSubject, parseSubject } from '#model/access/access-subject.ts';
import { compilePath, type PathPattern } from './path-readings.ts';

/** What can be said of a condition; what is not known opens nothing. */
export type Known = 'yes' | 'no' | 'unknown';

/** A subject, ready to be asked. */
export interface CompiledSubject {
  /** As it is written. */
  readonly text: string;
  readonly subject: AccessSubject;
  /** Answered by who has signed in. */
  readonly isPerson: boolean;
  /** For `ip:` only. */
  readonly addresses?: (address: string) => Known;
}

/** A rule, ready to be asked. */
export interface CompiledRule {
  /** Its place in the policy, from 1. */
  readonly number: number;
  /** False: it turns away. */
  readonly allows: boolean;
  readonly subjects: readonly CompiledSubject[];
  readonly paths: readonly PathPattern[] | undefined;
  readonly methods: ReadonlySet<string> | undefined;
  readonly from: ((address: string) => Known) | undefined;
  readonly countries: ReadonlySet<string> | undefined;
  readonly hours: readonly ((wallMs: number) => boolean)[] | undefined;
}

/** A policy, ready to be asked. */
export interface CompiledPolicy extends Omit<WholePolicy, 'rules'> {
  readonly rules: readonly CompiledRule[];
  /** Some rule has paths. */
  readonly asksPath: boolean;
  /** Some rule is about people: signing in can open it. */
  readonly asksPerson: boolean;
  /** Service tokens that rules name, lower-case; `*` for any. */
  readonly tokens: readonly string[];
  /** Some rule is about share links. */
  readonly asksLink: boolean;
  /** Page passwords that rules name, lower-case. */
  readonly passwords: readonly string[];
  /** What rules name certificates, lower-case; `*` for any. */
  readonly certificates: readonly string[];
  /** Some rule asks what country it is. */
  readonly asksCountry: boolean;
  /** Some rule is about nodes of the mesh. */
  readonly asksMesh: boolean;
  /** Some rule is about where users have signed in. */
  readonly asksNeighbours: boolean;
}

/** Compiles; a text that the schema would not have let in opens nothing. */
export function compilePolicy(policy: AccessPolicy): CompiledPolicy {
  const { rules, ...rest } = wholePolicy(policy);
  const compiled = rules.map((rule, i) => compileRule(rule, i + 1));
  const asks = (kind: AccessSubject['kind']): boolean =>
    compiled.some(({ subjects }) => subjects.some(({ subject }) => subject.kind === kind));
  return {
    ...rest,
    rules: compiled,
    asksPath: compiled.some(({ paths }) => paths !== undefined),
    asksPerson: compiled.some(({ subjects }) => subjects.some(({ isPerson }) => isPerson)),
    tokens: namesOf(compiled, 'token'),
    passwords: namesOf(compiled, 'password'),
    certificates: namesOf(compiled, 'certificate'),
    asksLink: asks('link'),
    asksCountry: asks('country') || compiled.some(({ countries }) => countries !== undefined),
    asksMesh: asks('mesh'),
    asksNeighbours: asks('address-of'),
  };
}

/** What rules name of one kind. */
function namesOf(rules: readonly CompiledRule[], kind: 'certificate' | 'password' | 'token'): string[] {
  const subjects = rules.flatMap((rule) => rule.subjects.map(({ subject }) => subject));
  return [...new Set(subjects.flatMap((subject) => (subject.kind === kind ? [subject.name] : [])))];
}

/** Whether everybody may always, so that nothing needs to be asked at a request. */
export function isPublic(policy: AccessPolicy | undefined): boolean {
  return policy === undefined || isOpenWord(policy);
}

function compileRule(rule: AccessRule, number: number): CompiledRule {
  const texts = listOf(rule.allow ?? rule.deny) ?? [];
  const { preset } = rule;
  return {
    number,
    allows: rule.deny === undefined,
    subjects:
      preset !== undefined
        ? [{ text: `preset:${preset}`, ...everybody }]
        : texts.flatMap((text) => {
            // Whom nobody can name, a rule lets nobody through for, and turns everybody away.
            const subject = parseSubject(text) ?? (rule.deny === undefined ? undefined : { kind: 'anyone' });
            return subject ? [compileSubject(text, subject)] : [];
          }),
    paths: listOf(rule.paths)?.map(compilePath),
    methods: setOf(listOf(rule.methods)),
    from: prefixTest(listOf(rule.from)),
    countries: setOf(listOf(rule.countries)?.map((code) => code.toUpperCase())),
    hours: listOf(rule.hours)?.map((text) => hoursTest(parseHours(text))),
  };
}

/** For whom a preset opens; not by the word `anyone`, since what it opens is not kept in the shared cache. */
const everybody = { subject: { kind: 'anyone' }, isPerson: false } as const;

function compileSubject(text: string, subject: AccessSubject): CompiledSubject {
  const isPerson = isPersonSubject(subject.kind);
  if (subject.kind !== 'ip') return { text, subject, isPerson };
  return { text, subject, isPerson, addresses: prefixTest([subject.prefix])! };
}

/** An address that cannot be read is not known to be outside (CVE-2024-47070). */
function prefixTest(prefixes: readonly string[] | undefined): ((address: string) => Known) | undefined {
  if (prefixes === undefined) return undefined;
  const set = cidrSet(prefixes);
  return (address) => (set.has(address) ? 'yes' : isAddress(address) ? 'no' : 'unknown');
}

const minuteMs = 60_000;

/** Calendars are slow to ask: the answer is kept for its minute. */
function hoursTest(hours: AccessHours | undefined): (wallMs: number) => boolean {
  if (!hours) return () => false;
  const format = zoneFormat(hours.zone);
  let minute = Number.NaN;
  let answer = false;
  return (wallMs) => {
    const now = Math.floor(wallMs / minuteMs);
    if (now !== minute) {
      minute = now;
      answer = isWithinHours(hours, ...momentOf(format, wallMs));
    }
    return answer;
  };
}

function listOf<T>(value: T | T[] | undefined): T[] | undefined {
  return value === undefined ? undefined : Array.isArray(value) ? value : [value];
}

function setOf(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values && new Set(values);
}
