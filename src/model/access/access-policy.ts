// Who may pass a route: everybody (`public`, or `public-on-purpose` for what warns otherwise), every user of the edge (`private`), or whom a list of rules lets through. The
// first rule that matches decides; where none does, nobody passes. Kept as its owner wrote it, in as few words as he liked:
//
//   access: private
//   access: [group:family, 'ip:192.168.0.0/16']
//   access:
//     - deny: ip:203.0.113.0/24
//     - allow: anyone
//       paths: [/share]
//       methods: [GET]
//     - allow: [user:ada, token:backup]
//       hours: Mon-Fri 08:00-18:00 Europe/Berlin
//   access: { rules: [group:family], preset: jellyfin }
import { z } from 'zod';
import { isPrefix } from '#base/net/ip.ts';
import { parseHours } from './access-hours.ts';
import { isCountry, isPersonSubject, parseSubject, subjectForms } from './access-subject.ts';
import { accessPresets, type PresetName, presetNames } from '../presets/access-preset.ts';

/** Rules of one policy; a list that is walked at each request must end. */
export const maxRules = 200;
const maxInList = 200;

const text = (expects: string, isValid: (text: string) => boolean) =>
  z
    .string()
    .max(300)
    .refine(isValid, { error: ({ input }) => `must be ${expects}, not "${String(input)}"` });

/** One value or a list of them; most rules have one. */
function oneOrMore<S extends z.ZodType>(schema: S) {
  return z.union([schema, z.array(schema).min(1).max(maxInList)]);
}

/** A path by whole segments, where `*` stands for anything within one: `/api`, `/*.git/info`; with `=` exactly it. */
export const pathPatternForm =
  /^=?\/([!$&'()*+,\-.0-9:=@A-Z_a-z~]|%(?!2[fF]|5[cC]|00)[0-9A-Fa-f]{2}|\/(?!\/))*$/;

const subject = () => text(`one of ${subjectForms}`, (value) => parseSubject(value) !== undefined);
const subjects = () => oneOrMore(subject());
const paths = () =>
  oneOrMore(
    text('a path such as "/api", "/*.git/info" or "=/health"', (value) => {
      const segments = value.split('/');
      return pathPatternForm.test(value) && !segments.includes('.') && !segments.includes('..');
    }),
  );
const methods = () => oneOrMore(text('a method such as "GET"', (value) => /^[A-Z-]{1,32}$/.test(value)));

export const accessRuleSchema = z
  .strictObject({
    allow: subjects().optional().meta({ description: 'Whom the rule lets through.' }),
    deny: subjects().optional().meta({ description: 'Whom the rule turns away.' }),
    paths: paths().optional().meta({ description: 'Only below these paths.' }),
    methods: methods().optional().meta({ description: 'Only for these methods.' }),
    from: oneOrMore(text('an address or a prefix such as "10.0.0.0/8"', isPrefix))
      .optional()
      .meta({ description: 'Only from these addresses.' }),
    countries: oneOrMore(text('a country code such as "DE"', isCountry))
      .optional()
      .meta({ description: 'Only from these countries (ISO 3166 codes), by the database of edge.yml.' }),
    hours: oneOrMore(
      text('hours such as "Mon-Fri 08:00-18:00 Europe/Berlin"', (value) => parseHours(value) !== undefined),
    )
      .optional()
      .meta({ description: 'Only at these hours.' }),
  })
  .refine((rule) => (rule.allow === undefined) !== (rule.deny === undefined), {
    error: 'must have either "allow" or "deny"',
  });

const ruleListSchema = z
  .array(z.union([subject(), accessRuleSchema]))
  .min(1)
  .max(maxRules);

/** Names of headers with which an origin is told who asks, beside `X-Sallyport-*`. */
export const identityForms = ['cloudflare', 'remote-user'] as const;

const policyObjectSchema = z.strictObject({
  rules: ruleListSchema
    .default(['signed-in'])
    .meta({ description: 'The first that matches decides; without any, every user of this edge may.' }),
  preset: oneOrMore(
    z.enum(presetNames as [PresetName, ...PresetName[]], {
      error: ({ input }) => `must be one of ${presetNames.join(', ')}, not "${String(input)}"`,
    }),
  )
    .optional()
    .meta({
      description:
        'Products whose applications cannot sign in here: after all rules, what docs/access-presets.md lists for them passes.',
    }),
  cache: z.enum(['off', 'shared']).default('off').meta({
    description:
      'Whether what only some may see is kept in the cache for all who may; pages for everybody are kept as always.',
  }),
  identity: z
    .array(z.enum(identityForms))
    .max(identityForms.length)
    .default([])
    .meta({ description: 'Further headers that tell the origin who asks.' }),
  audience: z
    .string()
    .max(200)
    .regex(/^[\x21-\x7e]*$/)
    .default('')
    .meta({
      description: 'The `aud` of the token that the origin gets; without one the hostname.',
    }),
});

export const accessPolicySchema = z
  .union(
    [
      z.literal('public'),
      z.literal('public-on-purpose'),
      z.literal('private'),
      ruleListSchema,
      policyObjectSchema,
    ],
    {
      error: 'must be "public", "private" or a list of rules',
    },
  )
  .meta({
    id: 'AccessPolicy',
    description: `Who may pass: \`public\`, \`public-on-purpose\` (the same, for an administration page that is meant to be open), \`private\` (users of this edge), or rules; a rule is a word (${subjectForms}), or \`allow\` or \`deny\` with conditions.`,
  });

export type AccessRule = z.infer<typeof accessRuleSchema> & {
  /** The preset that the rule comes from. */
  readonly preset?: PresetName;
  /** What passes by it, in the words of the preset. */
  readonly why?: string;
};
export type AccessPolicy = z.infer<typeof accessPolicySchema>;

/** A policy with nothing left out. */
export interface WholePolicy {
  readonly rules: readonly AccessRule[];
  readonly cache: 'off' | 'shared';
  readonly identity: readonly (typeof identityForms)[number][];
  readonly audience: string;
}

/** Every policy in the long form. */
export function wholePolicy(policy: AccessPolicy): WholePolicy {
  if (isOpenWord(policy)) return { ...defaults, rules: [{ allow: 'anyone' }] };
  if (policy === 'private') return { ...defaults, rules: [{ allow: 'signed-in' }] };
  const { rules, preset = [], ...rest } = Array.isArray(policy) ? { rules: policy } : policy;
  return {
    ...defaults,
    ...rest,
    rules: [
      ...rules.map((rule) => (typeof rule === 'string' ? { allow: rule } : rule)),
      ...[preset].flat().flatMap(rulesOfPreset),
    ],
  };
}

/** The words that let everybody through. */
export function isOpenWord(policy: unknown): policy is 'public' | 'public-on-purpose' {
  return policy === 'public' || policy === 'public-on-purpose';
}

/** Whether anybody reaches every page, and nobody has said that this is meant for whatever is there. */
export function isOpenToAll(policy: AccessPolicy): boolean {
  if (policy === 'public-on-purpose') return false;
  const [{ allow, ...conditions } = {}] = wholePolicy(policy).rules;
  const hasConditions = Object.values(conditions).some((condition) => condition !== undefined);
  return !hasConditions && [allow].flat().includes('anyone');
}

/** What a preset opens, as rules; they come last, so that whoever is turned away before stays out. */
function rulesOfPreset(preset: PresetName): AccessRule[] {
  return accessPresets[preset].opens.map(({ paths: where, methods: which, why }) => ({
    ...{ allow: 'anyone', paths: [...where], preset, why },
    ...(which === undefined ? {} : { methods: [...which] }),
  }));
}

/** The presets that a policy names. */
export function presetsOf(policy: AccessPolicy): readonly PresetName[] {
  return typeof policy === 'string' || Array.isArray(policy) ? [] : [policy.preset ?? []].flat();
}

/** What the presets of a policy open, each in a line: `jellyfin opens GET /socket: the WebSocket of apps`. */
export function presetLines(policy: AccessPolicy): string[] {
  return presetsOf(policy).flatMap((preset) =>
    accessPresets[preset].opens.map(({ paths: where, methods: which, why }) => {
      const what = which === undefined ? 'every method' : which.join(' ');
      return `${preset} opens ${what} at ${where.join(' ')}: ${why}`;
    }),
  );
}

const defaults = { cache: 'off', identity: [], audience: '' } as const;

/** Page passwords that let somebody through, by name. */
export function passwordsOf(policy: AccessPolicy): string[] {
  const subjects = wholePolicy(policy).rules.flatMap(({ allow }) => [allow ?? []].flat().map(parseSubject));
  const names = subjects.flatMap((subject) => (subject?.kind === 'password' ? [subject.name] : []));
  return [...new Set(names)];
}

/** Whether some rule is about people, so that signing in can make a difference. */
export function asksPerson(policy: AccessPolicy): boolean {
  return wholePolicy(policy).rules.some(({ allow, deny }) =>
    [allow ?? deny ?? []].flat().some((text) => isPersonSubject(parseSubject(text)?.kind)),
  );
}

/** Whether some policy tells its origin in Cloudflare's form who asks. */
export function asksCloudflare(guarded: readonly { readonly access?: AccessPolicy | undefined }[]): boolean {
  return guarded.some(
    ({ access }) => access !== undefined && wholePolicy(access).identity.includes('cloudflare'),
  );
}

/** A policy in a few words for a list: `public`, `private`, `group:family, ip:10.0.0.0/8`. */
export function describePolicy(policy: AccessPolicy): string {
  if (typeof policy === 'string') return policy;
  const own = wholePolicy(policy).rules.filter(({ preset }) => preset === undefined);
  const words = own.map(({ allow, deny, paths: where }) => {
    const who = [allow ?? deny].flat().join('|');
    return `${deny === undefined ? '' : 'not '}${who}${where === undefined ? '' : ` at ${[where].flat().join(' ')}`}`;
  });
  for (const preset of presetsOf(policy)) words.push(`preset:${preset}`);
  const shown = words.slice(0, 4).join(', ');
  return words.length > 4 ? `${shown}, and ${words.length - 4} more rules` : shown;
}

/** Reads what a person writes in one line, as on the command line: `private`, or words with commas. */
export function parsePolicyLine(line: string): AccessPolicy | undefined {
  const result = accessPolicySchema.safeParse(policyOfLine(line));
  return result.success ? result.data : undefined;
}

/** What a line would be as a policy, right or wrong: `public`, `private`, or words with commas, `preset:NAME` among them. */
export function policyOfLine(line: string): unknown {
  const words = line.split(',').map((word) => word.trim());
  const presets = words.flatMap((word) => (word.startsWith('preset:') ? [word.slice('preset:'.length)] : []));
  const rules = words.filter((word) => !word.startsWith('preset:'));
  const [first] = rules;
  const isWord = rules.length === 1 && (isOpenWord(first) || first === 'private');
  if (presets.length === 0) return isWord ? first : rules;
  const preset = presets.length === 1 ? presets[0] : presets;
  // A preset beside "public" opens nothing more; it is said rather than left out.
  if (isWord && isOpenWord(first)) return { rules: ['anyone'], preset };
  return { ...(rules.length === 0 || isWord ? {} : { rules }), preset };
}

/** The line of a policy; undefined for one that no line says. */
export function lineOfPolicy(policy: AccessPolicy): string | undefined {
  if (typeof policy === 'string') return policy;
  const { rules, preset, ...rest } = Array.isArray(policy) ? { rules: policy } : policy;
  const isPlain = JSON.stringify({ ...defaults, ...rest }) === JSON.stringify(defaults);
  const words = rules.filter((rule) => typeof rule === 'string');
  if (!isPlain || words.length !== rules.length) return undefined;
  return [...words, ...[preset ?? []].flat().map((name) => `preset:${name}`)].join(', ');
}
