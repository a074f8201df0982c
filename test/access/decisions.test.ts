// The table of decisions: policy, what is known of a request, and what is expected, as data that was written without the code
// in view (decisions.jsonl, one case a line); and properties that must hold for every policy.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type AccessDecision,
  decideAccess,
  unknownVisit,
  type Visit,
  type VisitingUser,
} from '#http/access/access-decision.ts';
import { compilePolicy } from '#http/access/compiled-policy.ts';
import { canonicalPath } from '#http/request-target.ts';
import { type AccessPolicy, accessPolicySchema, type AccessRule } from '#model/access/access-policy.ts';

interface Row {
  readonly policy: AccessPolicy;
  readonly visit: Partial<Omit<Visit, 'user' | 'neighbours'>> & {
    readonly user?: string;
    readonly at?: string;
    /** Users who have signed in at the address. */
    readonly neighbours?: readonly string[];
  };
  readonly verdict: AccessDecision['verdict'];
  readonly rule: number;
  readonly reason: AccessDecision['reason'];
}

const users: Readonly<Record<string, VisitingUser>> = {
  ada: { names: ['ada', 'ada@example.com'], groups: ['family', 'Lab Admins'], role: 'owner' },
  bob: { names: ['bob'], groups: ['family'], role: 'viewer' },
  gus: { names: ['gus', 'gus@example.com'], groups: ['friends'], role: 'guest' },
  eve: { names: ['eve', 'eve@example.com'], groups: [], role: 'viewer' },
};

const stranger: Visit = {
  ...unknownVisit,
  ...{ address: '198.51.100.7', wallMs: Date.parse('2026-01-01T12:00:00Z') },
};

const rows = readFileSync(new URL('decisions.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Row);

const visitOf = ({ user, at, neighbours, ...known }: Row['visit']): Visit => ({
  ...stranger,
  ...known,
  user: user === undefined ? undefined : users[user],
  neighbours: neighbours?.map((name) => users[name]!),
  wallMs: at === undefined ? stranger.wallMs : Date.parse(at),
});

describe('the table of decisions', () => {
  test('has at least 400 rows, all different, whose policies the schema takes', () => {
    assert.equal(new Set(rows.map((row) => JSON.stringify(row))).size, rows.length);
    assert.ok(rows.length >= 400, String(rows.length));
    for (const { policy } of rows)
      assert.ok(accessPolicySchema.safeParse(policy).success, JSON.stringify(policy));
  });

  test('has rows for every subject and every condition that a rule may have', () => {
    const text = JSON.stringify(rows.map(({ policy }) => policy));
    for (const word of [
      ...[
        'anyone',
        'signed-in',
        'user:',
        'group:',
        'role:',
        'token:',
        'ip:',
        'country:',
        'mesh',
        'mesh:tag:',
      ],
      ...['link', 'password:', 'certificate:', 'certificate:*', 'address-of:', 'public', 'private'],
    ])
      assert.ok(text.includes(`"${word}`), word);
    for (const key of ['paths', 'methods', 'from', 'countries', 'hours', 'allow', 'deny'])
      assert.ok(text.includes(`"${key}":`), key);
  });

  test('every row is decided as it says', () => {
    for (const [i, row] of rows.entries()) {
      const { verdict, rule, reason } = decideAccess(compilePolicy(row.policy), visitOf(row.visit));
      const wanted = [row.verdict, row.rule, row.reason];
      assert.deepEqual([verdict, rule, reason], wanted, `line ${i + 1}: ${JSON.stringify(row)}`);
    }
  });
});

const subject = fc.constantFrom(
  ...['anyone', 'signed-in', 'user:ada', 'user:bob', 'group:family', 'role:viewer', 'token:ci', 'token:*'],
  ...[
    'ip:192.168.0.0/16',
    'ip:2001:db8::/32',
    'country:DE',
    'mesh',
    'link',
    'password:door',
    'certificate:home',
    'certificate:home/cn=laptop',
    'certificate:*',
    'mesh:laptop',
    'mesh:tag:ci',
    'address-of:signed-in',
    'address-of:group:family',
    'address-of:user:bob',
  ],
);
const subjects = fc.array(subject, { minLength: 1, maxLength: 3 });
const conditions = fc.record(
  {
    paths: fc.subarray(['/admin', '/share', '=/health', '/*.git/info', '/a/*/c'], { minLength: 1 }),
    methods: fc.subarray(['GET', 'POST', 'DELETE'], { minLength: 1 }),
    from: fc.constantFrom('192.168.0.0/16', '0.0.0.0/0', '2001:db8::/32'),
    countries: fc.constantFrom('DE', 'FR'),
    hours: fc.constantFrom('08:00-18:00', 'Sat,Sun 00:00-00:00', '22:00-06:00 Europe/Berlin'),
  },
  { requiredKeys: [] },
);
const allowRule = fc.tuple(subjects, conditions).map(([allow, rest]): AccessRule => ({ allow, ...rest }));
const denyRule = fc.tuple(subjects, conditions).map(([deny, rest]): AccessRule => ({ deny, ...rest }));
const policies = fc.array(fc.oneof(allowRule, denyRule), { minLength: 1, maxLength: 6 });
const paths = fc.constantFrom(
  ...[
    '/',
    '/admin',
    '/ADMIN/x',
    '/share/a',
    '/share/..%2Fadmin',
    '/health',
    '/b.git/info',
    '/a/b/c',
    '/admin;x',
  ],
  ...['/%2561dmin', '/share%2F..%2Fadmin', '/x//admin'],
);
const visits = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS'),
  path: paths,
  address: fc.constantFrom('192.168.1.4', '::ffff:192.168.1.4', '203.0.113.9', '2001:db8::1', '', 'unknown'),
  wallMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  user: fc.constantFrom(undefined, ...Object.values(users)),
  token: fc.constantFrom(undefined, 'ci', 'other'),
  passwords: fc.subarray(['door']),
  hasLink: fc.boolean(),
  certificates: fc.subarray(['home', 'home/cn=laptop', 'work']),
  country: fc.constantFrom(undefined, 'DE', 'FR'),
  mesh: fc.option(fc.subarray(['laptop', 'tag:ci']), { nil: undefined }),
  neighbours: fc.option(fc.subarray(Object.values(users)), { nil: undefined }),
});
const decide = (policy: readonly AccessRule[], visit: Visit): AccessDecision =>
  decideAccess(compilePolicy([...policy]), visit);
const runs = { numRuns: 300 };

describe('every policy', () => {
  test('opens nothing more when a rule that turns away is added, wherever it stands', () => {
    fc.assert(
      fc.property(policies, denyRule, fc.nat(6), visits, (policy, deny, at, visit) => {
        const more = policy.toSpliced(Math.min(at, policy.length), 0, deny);
        if (decide(policy, visit).verdict !== 'allow') assert.notEqual(decide(more, visit).verdict, 'allow');
      }),
      runs,
    );
  });

  test('opens nothing more when less is known', () => {
    const unknown: readonly Partial<Visit>[] = [
      ...[{ address: '' }, { address: 'unknown' }, { country: undefined }, { user: undefined }],
      ...[{ mesh: undefined }, { neighbours: undefined }],
      { user: undefined, token: undefined, passwords: [], hasLink: false, certificates: [] },
    ];
    const proofs: ReadonlySet<string> = new Set([
      'token:ci',
      'token:*',
      'link',
      'password:door',
      'certificate:home',
      'certificate:home/cn=laptop',
      'certificate:*',
    ]);
    const hasProofDeny = (policy: readonly AccessRule[]): boolean =>
      policy.some(({ deny }) => [deny ?? []].flat().some((each) => proofs.has(each)));
    fc.assert(
      fc.property(policies, visits, fc.constantFrom(...unknown), (policy, visit, less) => {
        // Whoever may leave a proof at home cannot be turned away by it; policies that try are of no interest here.
        if ('token' in less && hasProofDeny(policy)) return;
        if (decide(policy, visit).verdict !== 'allow')
          assert.notEqual(decide(policy, { ...visit, ...less }).verdict, 'allow');
      }),
      runs,
    );
  });

  test('is decided by its first rule that matches: what follows it changes nothing, and without it others decide', () => {
    fc.assert(
      fc.property(policies, policies, visits, (policy, other, visit) => {
        const decision = decide(policy, visit);
        if (decision.rule === 0) return;
        const head = policy.slice(0, decision.rule);
        assert.deepEqual(decide([...head, ...other], visit), decision);
        assert.equal(decide(head.slice(0, -1), visit).rule, 0);
      }),
      runs,
    );
  });

  test('decides alike for spellings of one canonical path', () => {
    const spellings = fc.constantFrom(
      ...([
        ['/admin', '/%61dmin', '/x/../admin', '/./admin', '//admin'],
        ['/share/a', '/share/%61', '/share/./a', '/share/b/../a', '/%73hare/a'],
        ['/a/b/c', '/a/%62/c', '/a/b/./c'],
      ] as const),
    );
    fc.assert(
      fc.property(policies, visits, spellings, (policy, visit, group) => {
        const all = group.map((path) => decide(policy, { ...visit, path: canonicalPath(path) }));
        for (const each of all) assert.deepEqual(each, all[0]);
      }),
      runs,
    );
  });

  test('opens to no unknown country, mesh node, certificate or neighbour, whatever else is known', () => {
    const kinds = fc.constantFrom<[string, Partial<Visit>]>(
      ['country:DE', { country: undefined }],
      ['mesh', { mesh: undefined }],
      ['mesh:tag:ci', { mesh: undefined }],
      ['certificate:*', { certificates: [] }],
      ['certificate:home/cn=laptop', { certificates: [] }],
      ['address-of:signed-in', { neighbours: undefined }],
      ['address-of:user:bob', { neighbours: [] }],
    );
    fc.assert(
      fc.property(kinds, conditions, visits, ([word, unknown], rest, visit) => {
        const visitor = { ...visit, ...unknown };
        assert.notEqual(decide([{ allow: word, ...rest }], visitor).verdict, 'allow');
        const { verdict } = decide([{ allow: 'anyone', countries: ['DE', 'FR'] }], {
          ...visitor,
          country: undefined,
        });
        assert.equal(verdict, 'deny');
      }),
      runs,
    );
  });

  test('lets nobody through when it has no rule that lets through', () => {
    fc.assert(
      fc.property(fc.array(denyRule, { minLength: 1, maxLength: 4 }), visits, (policy, visit) => {
        assert.notEqual(decide(policy, visit).verdict, 'allow');
      }),
      runs,
    );
  });
});
