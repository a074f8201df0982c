// A URL followed through the edge: route, access, connector, rule, and the answer of the origin to a real request. Each step
// says what was found and, where the way stops, why and what to do. Nothing here decides anything: the request goes the way
// that every request goes, and the steps say what stood at its sides.
import { closestName } from '#base/closest-name.ts';
import type { RouteEntry, TunnelEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep, ExplainStepName } from '#model/explain.ts';
import { type FailureCode, failureCodes } from '#http/exchange.ts';
import { decodedPath } from '#http/request-target.ts';
import type { LoggedRequest } from '#model/logged-request.ts';
import type { ConnectorLive, Disconnect } from '#model/live.ts';
import { hostMatches } from '#model/ingress-match.ts';
import type { PublishedRule } from '#model/published-rules.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { findRedirect } from '#model/redirect-rule.ts';
import { routeName } from '#model/route.ts';
import type { MemberLive } from '#model/balance-policy.ts';
import type { ConnectorList } from '../connector-list.ts';
import { cacheStep, isFromCache } from './cache-step.ts';
import { pageStep } from './page-step.ts';
import { type ShapingFacts, stepsAfterAccess, stepsBeforeAccess } from './shaping-told.ts';
import type { InnerAnswer, InnerRequest } from '../inner-request.ts';
import { innerTargetOf } from '../inner-request.ts';
import type { RouteMatch, Router } from '../router.ts';
import { canonicalLocation } from '../shaping/canonical-host-step.ts';
import type { TunnelRegistry, TunnelSlot } from '../tunnel-registry.ts';

export interface ExplainTools {
  readonly router: Router;
  readonly registry: TunnelRegistry;
  readonly routes: readonly RouteEntry[];
  readonly tunnels: readonly TunnelEntry[];
  readonly connectors: Pick<ConnectorList, 'all' | 'of' | 'disconnects'>;
  readonly nowMs: () => number;
  /** What a stranger meets there, as a step. */
  readonly access: (match: RouteMatch) => ExplainStep;
  readonly send: () => Promise<InnerAnswer>;
  /** Another page of the edge, or what one loads. */
  readonly fetch: (url: string) => Promise<InnerAnswer>;
  readonly findLine: (requestId: string) => LoggedRequest | undefined;
  readonly wallMs: () => number;
  /** Services behind a balanced route as they are now. */
  readonly membersOf: (route: RouteEntry) => readonly MemberLive[];
  readonly banCount: () => number;
  /** The edge traces every request. */
  readonly isTraced: boolean;
}

/** The steps that the edge knows. @throws SallyportError 'invalid' for a URL that no client could ask for */
export async function explainRequest(request: InnerRequest, tools: ExplainTools): Promise<ExplainStep[]> {
  const { host, path } = innerTargetOf(request.url);
  const match = tools.router.match(host, path);
  if (match.kind !== 'found') {
    return [noRoute(tools, host, path), ...skipped(['access', 'connector', 'rule', 'origin'])];
  }
  const { route } = match;
  const redirect = redirectOf(request.url, route);
  if (redirect) return redirected(routeStep(route, tools), redirect);
  const tunnelIds = new Set(route.balance?.members.map(({ tunnelId }) => tunnelId) ?? [route.tunnelId]);
  const slots = [...tools.registry.slots].filter(({ connection }) => tunnelIds.has(connection.tunnelId));
  const [first] = slots;
  if (!first) {
    return [
      routeStep(route, tools),
      tools.access(match),
      noConnector(route, tools),
      ...skipped(['rule', 'origin']),
    ];
  }
  const index = first.matcher.match(ruleHostOf(route, first) ?? host, decodedPath(path));
  const rule = first.rules.rules[index];
  const found: ShapingFacts = {
    path: decodedPath(path),
    members: tools.membersOf(route),
    banCount: tools.banCount(),
    isTraced: tools.isTraced,
  };
  const before = stepsBeforeAccess(route, found);
  const { beforeCache, afterCache } = stepsAfterAccess(route, found);
  const steps = [
    routeStep(route, tools),
    ...before,
    accessStep(rule, tools.access(match)),
    ...beforeCache,
    ...afterCache,
    connectorStep(slots, route, tools),
    ruleStep(rule, index, tools.connectors.of(route.tunnelId)),
  ];
  if (!rule || steps.some(({ status }) => status === 'failed')) return [...steps, ...skipped(['origin'])];
  if (streamProtocols.has(rule.protocol)) return [...steps, streamStep(rule)];
  const started = tools.nowMs();
  if (isGuarded(tools.access(match))) return [...steps, unasked(rule)];
  const answer = await tools.send();
  const ms = tools.nowMs() - started;
  const cache = cacheStep(request, answer, route.cache, tools.wallMs());
  // The cache comes before the connector on the way, though it is known only after the answer.
  const beforeCount = 2 + before.length + beforeCache.length;
  const last = isFromCache(answer)
    ? notAsked(answer, ms)
    : originStep(answer, tools, { service: rule.service, ms });
  const page = await pageStep(request.url, route, tools.fetch);
  return [...steps.slice(0, beforeCount), cache, ...steps.slice(beforeCount), last, ...(page ? [page] : [])];
}

/** The rule that a member of a balanced route names, if it names one. */
function ruleHostOf({ balance }: RouteEntry, { connection }: TunnelSlot): string | undefined {
  return balance?.members.find(({ tunnelId }) => tunnelId === connection.tunnelId)?.rule;
}

/** Where the route sends the visitor of a URL, before anything else. */
function redirectOf(url: string, route: RouteEntry): ReturnType<typeof findRedirect> {
  const target = innerTargetOf(url);
  const { canonicalHost } = route.shaping ?? {};
  const location = canonicalHost && canonicalLocation(target, canonicalHost);
  return location === undefined
    ? findRedirect(route.redirects ?? [], target.path, target.query)
    : { location, status: 308 };
}

/** The edge answers itself. */
function redirected(
  routed: ExplainStep,
  { location, status }: { readonly location: string; readonly status: number },
): ExplainStep[] {
  const detail = `A redirect of the route sends visitors to ${location} (${status}).`;
  const others = skipped(['access', 'cache', 'connector', 'rule', 'origin']);
  return [
    { ...routed, detail },
    ...others.map((each) => ({ ...each, title: 'Not asked', detail: 'The edge answers with the redirect.' })),
  ];
}

/** Services that are bytes, not HTTP: visitors reach them by WebSocket only. */
const streamProtocols: ReadonlySet<PublishedRule['protocol']> = new Set(['tcp', 'bastion', 'socks']);

/** Hostnames that are compared with one that has no route; the many more of a large edge would hold its traffic up. */
const maxCompared = 2_000;

type StepData = Omit<ExplainStep, 'step' | 'facts' | 'ms' | 'cure'> &
  Partial<Pick<ExplainStep, 'facts' | 'ms' | 'cure'>>;

function step(name: ExplainStepName, data: StepData): ExplainStep {
  return { step: name, cure: '', ms: null, facts: {}, ...data };
}

function skipped(names: readonly ExplainStepName[]): ExplainStep[] {
  return names.map((name) =>
    step(name, { status: 'skipped', title: 'Not reached', detail: 'The way stops before it.' }),
  );
}

function noRoute(tools: ExplainTools, host: string, path: string): ExplainStep {
  const { router, routes } = tools;
  const unclaimed = unclaimedBy(tools, host);
  if (unclaimed) return unclaimed;
  if (router.hasHost(host)) {
    const paths = routes.filter(({ hostname }) => hostname === host).map((route) => route.path);
    return step('route', {
      status: 'failed',
      title: `No route for the path ${path}`,
      detail: `${host} is routed for ${paths.join(', ')} only.`,
      cure: `Add a route for this path, or one for the whole of ${host}.`,
    });
  }
  const near = closestName(
    host,
    routes
      .map(({ hostname }) => hostname)
      .filter(({ length }) => Math.abs(length - host.length) <= host.length / 3)
      .slice(0, maxCompared),
  );
  return step('route', {
    status: 'failed',
    title: `No route for ${host}`,
    detail:
      near === undefined
        ? 'No route has a hostname like it.'
        : `The nearest hostname with a route is ${near}.`,
    cure: `Add one with "sallyport route add ${host} --tunnel NAME", or let a tunnel claim it.`,
  });
}

/** A connector has a rule for the hostname, and its tunnel may not claim it: nobody would guess that. */
function unclaimedBy({ connectors, tunnels, router }: ExplainTools, host: string): ExplainStep | undefined {
  if (router.hasHost(host)) return undefined;
  for (const [tunnelId, list] of connectors.all()) {
    if (!list.some(({ rules }) => rules.some(({ hostname }) => isNamed(hostname, host)))) continue;
    const entry = tunnels.find(({ id }) => id === tunnelId);
    const name = entry?.name ?? tunnelId;
    return step('route', {
      status: 'failed',
      title: `The tunnel ${name} may not claim ${host}`,
      detail: `A connector of it has an ingress rule for the hostname; the tunnel may claim ${entry?.hostnames.join(', ') || 'none'}.`,
      cure: `Allow the tunnel ${name} the hostname, or add a route for it.`,
      facts: { tunnel: name, tunnelId },
    });
  }
  return undefined;
}

function isNamed(pattern: string, host: string): boolean {
  return pattern !== '' && pattern !== '*' && hostMatches(pattern, host);
}

function nameOf({ tunnels }: ExplainTools, tunnelId: string): string {
  return tunnels.find(({ id }) => id === tunnelId)?.name ?? tunnelId;
}

function routeStep(route: RouteEntry, tools: ExplainTools): ExplainStep {
  const tunnel = nameOf(tools, route.tunnelId);
  return step('route', {
    status: 'ok',
    title: `${routeName(route)} leads to ${isLocalTunnelId(route.tunnelId) ? 'this edge itself' : `the tunnel ${tunnel}`}`,
    detail: '',
    facts: { route: routeName(route), tunnel, tunnelId: route.tunnelId },
  });
}

function accessStep(rule: PublishedRule | undefined, byRoute: ExplainStep): ExplainStep {
  if (rule?.requiresAccess && byRoute.facts['asksPerson'] !== 'true') {
    return step('access', {
      status: 'failed',
      title: 'The rule asks for a sign-in, and the route for none',
      detail: 'Its ingress rule has access.required, so every request is answered 403.',
      cure: 'Give the route an access policy that asks who it is, or take access.required out of the rule.',
    });
  }
  return byRoute;
}

function noConnector(route: RouteEntry, tools: ExplainTools): ExplainStep {
  const tunnel = nameOf(tools, route.tunnelId);
  const [last] = tools.connectors.disconnects(route.tunnelId);
  const isLeaving = tools.connectors.of(route.tunnelId).length > 0;
  return step('connector', {
    status: 'failed',
    title: isLeaving
      ? `The connector of ${tunnel} takes no new requests`
      : `No connector of ${tunnel} is connected`,
    detail: `Visitors see "No connector is online for this site" (530).${last ? ` ${lastWords(last)}` : ''}`,
    facts: last ? { lastSeen: new Date(last.atMs).toISOString(), lastReason: last.reason } : {},
    cure: `Start the connector at home, or look at its log; "sallyport tunnel info ${tunnel}" says why it left.`,
  });
}

function lastWords({ reason, detail, address, connectedForMs }: Disconnect): string {
  const what = connectedForMs > 0 ? 'The last one left' : 'The last that tried was refused';
  return `${what} (${address}): ${reason}${detail === '' ? '' : `, ${detail}`}.`;
}

function connectorStep(slots: readonly TunnelSlot[], route: RouteEntry, tools: ExplainTools): ExplainStep {
  const replicas = new Set(slots.map(({ connection }) => connection.instanceId));
  const rtts = slots.map(({ connection }) => connection.rttMs).filter((rtt) => rtt > 0);
  return step('connector', {
    status: slots.length > 1 || isLocalTunnelId(route.tunnelId) ? 'ok' : 'warning',
    title: `${replicas.size === 1 ? 'One connector' : `${replicas.size} connectors`} of ${nameOf(tools, route.tunnelId)}, ${slots.length === 1 ? 'one connection' : `${slots.length} connections`}`,
    detail: rtts.length === 0 ? '' : `A round trip takes ${Math.min(...rtts).toFixed(1)} ms.`,
    cure:
      slots.length > 1 || isLocalTunnelId(route.tunnelId)
        ? ''
        : 'One connection is one flow that may be lost; a connector keeps four unless it is told otherwise.',
    facts: { addresses: [...new Set(slots.map(({ connection }) => connection.remoteAddress))].join(', ') },
  });
}

function ruleStep(
  rule: PublishedRule | undefined,
  index: number,
  connectors: readonly ConnectorLive[],
): ExplainStep {
  if (!rule) {
    return step('rule', {
      status: 'failed',
      title: 'The connector has no ingress rules',
      detail: 'It is connected, but has published no rule that could take the request.',
      cure: 'Add an ingress rule to its config.yml, or to the tunnel in the dashboard.',
    });
  }
  const where = `${rule.hostname || '*'}${rule.path === '' ? '' : ` with path ${rule.path}`}`;
  const isCatchAll = (rule.hostname === '' || rule.hostname === '*') && rule.path === '';
  const isRefusal = isCatchAll && /^http_status:[45]/.test(rule.service);
  const refused = connectors.find(({ config }) => config.state === 'refused');
  const note = refused ? ` A connector refused the rules that the edge keeps: ${refused.config.detail}` : '';
  return step('rule', {
    status: isRefusal ? 'failed' : refused ? 'warning' : 'ok',
    title: `Rule ${index}, ${where}, leads to ${rule.service}`,
    detail:
      `${isRefusal ? 'Only the last rule takes the request, the one for everything that no other wants.' : ''}${note}`.trim(),
    cure: refused
      ? "Mend the tunnel's rules; until then the last good ones serve."
      : isRefusal
        ? 'Add an ingress rule for this hostname and path to the rules of the tunnel.'
        : '',
    facts: { rule: String(index), service: rule.service, protocol: rule.protocol },
  });
}

/** What to do, by the edge's own error code. */
const originCures: Partial<Record<FailureCode, string>> = {
  'origin-refused': 'Is the service running, and does the rule name the right port?',
  'origin-unreachable': 'Check the name and the port in the rule, and that the connector can reach them.',
  'origin-timeout': 'Is the service overloaded, or behind a firewall that swallows packets?',
  'origin-tls':
    'Check the certificate of the service, or set originServerName, caPool or noTLSVerify in the rule.',
  'origin-protocol': 'Does the port speak HTTP? A service that wants TLS needs https:// in the rule.',
  'origin-closed': "Look at the service's own log.",
  'connector-lost': 'The connector went away in the middle; try again, and look at its log.',
  loop: 'The rule leads back to this edge; name the service itself.',
};

function streamStep({ service, protocol }: PublishedRule): ExplainStep {
  return step('origin', {
    status: 'skipped',
    title: `${service} is not asked`,
    detail: `It is a ${protocol} service, which visitors reach by WebSocket ("cloudflared access" and its like), not by a web page.`,
  });
}

/** The request of `explain` is nobody's: a guard stops it where it stops every stranger. */
function isGuarded({ facts }: ExplainStep): boolean {
  return facts['verdict'] !== undefined && facts['verdict'] !== 'allow';
}

function unasked({ service }: PublishedRule): ExplainStep {
  return step('origin', {
    status: 'skipped',
    title: `${service} is not asked`,
    detail: 'The route is for those who may, and explain is nobody; open it in a browser.',
  });
}

function originStep(
  answer: InnerAnswer,
  { findLine }: ExplainTools,
  { service, ms: tookMs }: { readonly service: string; readonly ms: number },
): ExplainStep {
  const line = findLine(answer.requestId);
  const facts = {
    requestId: answer.requestId,
    status: String(answer.status),
    ...(line?.openMs == null ? {} : { openedAfterMs: String(line.openMs) }),
    ...(line?.firstByteMs == null ? {} : { firstByteAfterMs: String(line.firstByteMs) }),
    ...fieldFacts(answer),
  };
  const ms = line?.ms ?? tookMs;
  const code = answer.failure?.code ?? (answer.fields.get('x-sallyport-error') as FailureCode | undefined);
  if (code !== undefined) {
    return step('origin', {
      status: 'failed',
      title: `${service} did not answer`,
      detail: `${failureCodes[code]?.[1] ?? code}${line?.detail ? ` (${line.detail})` : ''}`,
      cure: originCures[code] ?? '',
      ms,
      facts,
    });
  }
  const isBad = answer.status >= 500;
  return step('origin', {
    status: isBad ? 'warning' : 'ok',
    title: `${service} answered ${answer.status}`,
    detail: isBad ? 'The error is its own.' : redirectDetail(answer),
    cure: isBad ? "Look at the service's own log." : '',
    ms,
    facts,
  });
}

function notAsked(answer: InnerAnswer, ms: number): ExplainStep {
  return step('origin', {
    status: 'ok',
    title: `Not asked: the cache has answered ${answer.status}`,
    detail: '',
    ms,
    facts: { requestId: answer.requestId, status: String(answer.status), ...fieldFacts(answer) },
  });
}

function fieldFacts({ fields }: InnerAnswer): Record<string, string> {
  const wanted = ['server', 'content-type', 'location', 'cache-control', 'cdn-cache-control'];
  return Object.fromEntries(
    wanted.flatMap((name) => {
      const value = fields.get(name);
      return value === undefined ? [] : [[name, value.slice(0, 300)]];
    }),
  );
}

function redirectDetail({ status, fields }: InnerAnswer): string {
  const location = fields.get('location');
  return status >= 300 && status < 400 && location !== undefined ? `It sends visitors to ${location}.` : '';
}
