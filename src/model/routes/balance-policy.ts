// Several services behind one route: which there are, how requests are shared among them, how the edge finds out which of
// them are well, and how much trouble it makes for one that is not. One schema for edge.yml, the API, the lab file and the
// dashboard.
import { z } from 'zod';
import { hostnamePatternSchema } from '../names.ts';

const mostMembers = 50;
const seconds = (least: number, most: number) => z.number().min(least).max(most);

const memberSchema = z.strictObject({
  tunnel: z.string().min(1).max(100).meta({ description: 'Id or name of the tunnel to it.' }),
  rule: hostnamePatternSchema.optional().meta({
    description:
      "The ingress rule's hostname, where it is not the route's own: tells services of one connector apart.",
  }),
  weight: z.int().min(1).max(1_000).default(1).meta({ description: 'Share of the requests.' }),
  isBackup: z.boolean().default(false).meta({ description: 'Used only while no other member can be.' }),
});

const checkSchema = z.strictObject({
  kind: z.enum(['http', 'tcp']).default('http').meta({ description: 'Ask a path, or only connect.' }),
  path: z
    .string()
    .max(1_000)
    .regex(/^\/[\x21-\x7e]*$/, { error: 'must be a path that starts with "/"' })
    .default('/')
    .meta({ description: 'Asked by GET; 200 to 399 is well.' }),
  everySeconds: seconds(0.1, 3_600).default(10),
  timeoutSeconds: seconds(0.1, 300).default(3),
  rise: z
    .int()
    .min(1)
    .max(100)
    .default(2)
    .meta({ description: 'Good checks in a row that bring a member back.' }),
  fall: z
    .int()
    .min(1)
    .max(100)
    .default(3)
    .meta({ description: 'Bad checks in a row that take a member out.' }),
});

const ejectSchema = z.strictObject({
  failures: z.int().min(1).max(1_000).default(5).meta({ description: 'Failed requests in a row.' }),
  seconds: seconds(0.1, 3_600)
    .default(30)
    .meta({ description: 'The first time; twice as long each further one.' }),
  slowStartSeconds: seconds(0, 3_600)
    .default(30)
    .meta({ description: 'How long the share of a member that is back grows to its whole.' }),
});

export const balanceSchema = z
  .strictObject({
    members: z.array(memberSchema).max(mostMembers).default([]).meta({
      description: "Services that share the route's requests; none: the route's own tunnel.",
    }),
    policy: z.enum(['least', 'weighted']).default('least').meta({
      description: '`least`: the fewest requests under way for its weight; `weighted`: in turn by weight.',
    }),
    sticky: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: 'must be the name of a cookie' })
      .optional()
      .meta({ description: 'Cookie by which a visitor stays with a member as long as that can be used.' }),
    check: checkSchema.optional().meta({ description: 'Active checks.' }),
    eject: ejectSchema
      .optional()
      .meta({ description: 'Takes out members whose requests fail, for a while.' }),
    maxRequests: z.int().min(1).max(1_000_000).optional().meta({
      description: 'Circuit breaker: requests under way at one member; what comes beyond is answered 503.',
    }),
    retryPercent: z
      .number()
      .min(0)
      .max(100)
      .default(20)
      .meta({ description: 'Retry budget: second tries, as a share of the requests.' }),
    statusPath: z
      .string()
      .max(200)
      .regex(/^\/[\x21-\x7e]+$/, { error: 'must be a path below "/"' })
      .optional()
      .meta({ description: 'A page for visitors that says how many services are well.' }),
  })
  .superRefine(({ members }, context) => {
    const names = members.map(memberName);
    if (new Set(names).size < names.length)
      context.addIssue({ code: 'custom', path: ['members'], message: 'has a member twice' });
    if (members.length > 0 && members.every(({ isBackup }) => isBackup))
      context.addIssue({ code: 'custom', path: ['members'], message: 'has only backups' });
  })
  .meta({ description: 'Several services behind the route, checks on them, and limits to trouble.' });

export type BalanceSettings = z.output<typeof balanceSchema>;
export type BalanceMember = BalanceSettings['members'][number];

/** What a member is called: its tunnel, and the rule where one is named. */
export function memberName({ tunnel, rule }: Pick<BalanceMember, 'tunnel' | 'rule'>): string {
  return rule === undefined ? tunnel : `${tunnel}/${rule}`;
}

/** The settings as people would have written them: without what is the default anyway. */
export function shortBalance(balance: BalanceSettings): object {
  const defaults: Readonly<Record<string, unknown>> = {
    ...balanceSchema.parse({ check: {}, eject: {} }),
    members: [],
  };
  const member: Readonly<Record<string, unknown>> = { weight: 1, isBackup: false };
  return without(
    {
      ...balance,
      members: balance.members.map((each) => without(each, member)),
      check: balance.check && without(balance.check, defaults['check'] as Readonly<Record<string, unknown>>),
      eject: balance.eject && without(balance.eject, defaults['eject'] as Readonly<Record<string, unknown>>),
    },
    { ...defaults, check: undefined, eject: undefined },
  );
}

function without(value: object, defaults: Readonly<Record<string, unknown>>): object {
  const differing = Object.entries(value).filter(
    ([key, each]) => each !== undefined && JSON.stringify(each) !== JSON.stringify(defaults[key]),
  );
  return Object.fromEntries(differing);
}

/** For the snapshot: tunnels by id. */
export interface BalanceEntry extends Omit<BalanceSettings, 'members'> {
  readonly members: readonly (Omit<BalanceMember, 'tunnel'> & {
    readonly name: string;
    readonly tunnelId: string;
  })[];
}

/** The entry of settings; `idOf` finds a tunnel's id by what the owner calls it. */
export function balanceEntryOf(
  { members, ...rest }: BalanceSettings,
  ownTunnelId: string,
  idOf: (tunnel: string) => string,
): BalanceEntry {
  const own = [{ tunnel: ownTunnelId, weight: 1, isBackup: false }];
  return {
    ...rest,
    members: (members.length > 0 ? members : own).map(({ tunnel, ...member }) => ({
      ...member,
      name: members.length > 0 ? memberName({ tunnel, ...member }) : 'service',
      tunnelId: idOf(tunnel),
    })),
  };
}

/** How members do right now. */
export const memberLiveSchema = z.object({
  name: z.string(),
  /** `down`: by checks; `ejected`: by failed requests; `trial`: one request may show that it is back. */
  state: z.enum(['up', 'starting', 'down', 'ejected', 'trial', 'offline']),
  isBackup: z.boolean(),
  weight: z.int(),
  active: z.int().min(0),
  requests: z.int().min(0),
  failures: z.int().min(0),
  /** Why the last check or request failed; '' when it went well. */
  trouble: z.string(),
});

export type MemberLive = z.infer<typeof memberLiveSchema>;
