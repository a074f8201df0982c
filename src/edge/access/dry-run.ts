// What access would decide, without a request: for `access test`, and for the step of `explain`. It asks the very policies
// that requests are asked by.
import { SallyportError } from '#base/errors.ts';
import {
  type AccessDecision,
  accessReasons,
  decideAccess,
  unknownVisit,
  type Visit,
} from '#http/access/access-decision.ts';
import { isPublic } from '#http/access/compiled-policy.ts';
import { type AccessPolicy, describePolicy, presetLines } from '#model/access/access-policy.ts';
import type { EdgeSnapshot } from '#model/edge-snapshot.ts';
import { forwardPaths } from '#model/access/forward-auth.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import type { AccessTest, AccessTestResult } from '#model/access/access-test.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { routeName } from '#model/routes/route.ts';
import { innerTargetOf } from '../own-requests/inner-request.ts';
import type { RouteMatch, Router } from '../routes/router.ts';
import type { AccessDesk } from './visitors/access-desk.ts';
import { ForwardAuthHandler } from './forward-auth/forward-auth.ts';
import { visitingUser } from './visitors/visitor.ts';

/** What a dry run is made with. */
export interface DryRunParts {
  readonly router: Router;
  /** Sites of other proxies, who ask this edge; absent: there are none. */
  readonly sites?: Router | undefined;
  /** What the edge knows of addresses; absent where it guards nothing. */
  readonly desk: AccessDesk | undefined;
  readonly wallMs: number;
}

/** Decides. @throws SallyportError 'invalid' for no web address, 'not-found' where nothing is served */
export function testAccess(test: AccessTest, parts: DryRunParts): AccessTestResult {
  const { router, sites, desk, wallMs } = parts;
  const { host, path } = innerTargetOf(test.url);
  const own = router.match(host, path);
  const match = own.kind === 'no-such-host' && sites ? sites.match(host, path) : own;
  if (match.kind !== 'found') {
    throw new SallyportError('not-found', `No route serves ${host}${path}, so that nobody gets there.`);
  }
  const policy = match.route.access ?? 'public';
  const country = test.country ?? desk?.countries.countryOf(test.address);
  const decision = decisionOf(match, {
    ...unknownVisit,
    ...{ method: test.method, path, address: test.address, country },
    neighbours: desk?.neighboursAt(test.address),
    mesh: test.mesh === undefined ? (desk?.options.mesh ? [] : undefined) : [test.mesh.toLowerCase()],
    certificates: test.certificate === undefined ? [] : namesOfTested(test.certificate.toLowerCase()),
    wallMs: test.atMs ?? wallMs,
    user: test.user && visitingUser({ ...test.user, id: '' }),
    token: test.token?.toLowerCase(),
    hasLink: test.link,
    passwords: test.password === undefined ? [] : [test.password.toLowerCase()],
  });
  const who = test.user?.name ?? (test.token === undefined ? 'somebody unknown' : `the token ${test.token}`);
  const where = country === undefined ? test.address : `${test.address} (${country})`.trim();
  const from = where === '' ? '' : ` from ${where}`;
  const { verdict, rule, by, reason } = decision;
  return {
    ...{ verdict, rule, by, reason, path },
    takes: takesOf(match),
    route: routeName(match.route),
    policy: describePolicy(policy),
    lacks: lacksOf(match, desk),
    opens: presetLines(policy),
    sentence: `${who}${from} ${verbs[verdict]} ${host}${path}: ${whyOf(decision)}.`,
  };
}

/** The sites that other proxies ask about; undefined where none may ask. */
export function forwardSitesIn(
  router: Router,
  { routes, forwardAuth }: Pick<EdgeSnapshot, 'routes' | 'forwardAuth'>,
): Router | undefined {
  const dashboard = routes.find(({ tunnelId }) => tunnelId === dashboardTunnelId);
  if (!dashboard || !forwardAuth) return undefined;
  const match = router.match(dashboard.hostname, forwardPaths.forwardAuth);
  const handler = match.kind === 'found' ? match.handler : undefined;
  return handler instanceof ForwardAuthHandler ? handler.sites : undefined;
}

/** The reason in words, with the rule where one decided. */
function whyOf({ rule, by, reason }: AccessDecision): string {
  return rule === 0 ? accessReasons[reason] : `${accessReasons[reason]}: rule ${rule}, ${by}`;
}

/** The same as a sentence. */
function reasonOf(decision: AccessDecision): string {
  const why = whyOf(decision);
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
}

/** A certificate that is called `home/cn=laptop` is one of the authority `home`. */
function namesOfTested(name: string): string[] {
  const [authority = name] = name.split('/');
  return authority === name ? [name] : [authority, name];
}

/** What its rules ask that the edge cannot tell. */
function lacksOf(
  { handler }: RouteMatch & { readonly kind: 'found' },
  desk: AccessDesk | undefined,
): string[] {
  return handler?.policy && desk ? desk.lacks(handler.policy) : [];
}

/** What some rule lets through, by the first word of its subject. */
function takesOf({ route, handler }: RouteMatch & { readonly kind: 'found' }): string[] {
  const policy = handler?.policy;
  if (!policy) return route.access === undefined ? ['anyone'] : [];
  const letting = policy.rules.filter(({ allows }) => allows);
  return [...new Set(letting.flatMap(({ subjects }) => subjects.map(({ subject }) => subject.kind)))];
}

const verbs = { allow: 'gets', deny: 'does not get', 'sign-in': 'is asked to sign in for' } as const;

/** The step of `explain`: what a stranger meets. */
export function explainAccess(
  match: RouteMatch,
  { url, method }: { readonly url: string; readonly method: string },
  { desk, wallMs }: Omit<DryRunParts, 'router'>,
): ExplainStep {
  const policy: AccessPolicy = (match.kind === 'found' ? match.route.access : undefined) ?? 'public';
  const base = { step: 'access' as const, status: 'ok' as const, cure: '', ms: null };
  if (match.kind !== 'found' || isPublic(policy)) {
    return {
      ...base,
      title: 'Anybody may',
      detail: 'The edge asks nobody to sign in; the origin may.',
      facts: {},
    };
  }
  const decision = decisionOf(match, { ...unknownVisit, method, path: innerTargetOf(url).path, wallMs });
  const asksPerson = match.handler?.policy?.asksPerson === true;
  const lacks = lacksOf(match, desk);
  return {
    ...base,
    ...(lacks.length === 0 ? {} : { status: 'warning' as const, cure: lacks.join(' ') }),
    title: `Who may: ${describePolicy(policy)}`,
    detail: [
      `${words[decision.verdict]} ${reasonOf(decision)}`,
      ...presetLines(policy).map((line) => `${line}.`),
    ].join(' '),
    facts: {
      verdict: decision.verdict,
      ...{ rule: String(decision.rule), by: decision.by, reason: decision.reason },
      ...{ policy: describePolicy(policy), asksPerson: String(asksPerson) },
    },
  };
}

const words = {
  allow: 'A stranger may, too, at this path.',
  deny: 'A stranger is turned away; "sallyport access test" tells who is not.',
  'sign-in': 'A stranger is asked to sign in.',
} as const;

function decisionOf(match: RouteMatch & { readonly kind: 'found' }, visit: Visit): AccessDecision {
  const { handler, route } = match;
  if (handler?.policy) return decideAccess(handler.policy, visit);
  const isOpen = isPublic(route.access);
  return {
    verdict: isOpen ? 'allow' : 'deny',
    rule: isOpen ? 1 : 0,
    by: isOpen ? 'anyone' : '',
    reason: isOpen ? 'allowed' : 'no-rule',
  };
}
