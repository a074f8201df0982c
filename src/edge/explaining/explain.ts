// A URL followed through the edge: route, the route's steps, access, connector, rule, and the answer of the origin to a real
// request. Each step says what was found and, where the way stops, why and what to do. Nothing here decides anything: the
// request goes the way that every request goes, and the steps say what stood at its sides.
import type { RouteEntry, TunnelEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { decodedPath } from '#http/request-target.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { ConnectorList } from '../tunnels/connector-list.ts';
import type { InnerAnswer, InnerRequest } from '../own-requests/inner-request.ts';
import { innerTargetOf } from '../own-requests/inner-request.ts';
import type { RouteMatch, Router } from '../routes/router.ts';
import type { TunnelRegistry, TunnelSlot } from '../tunnels/tunnel-registry.ts';
import { cacheStep, isFromCache } from './cache-step.ts';
import { connectorStep, noConnector, ruleStep } from './connector-steps.ts';
import { isGuarded, notAsked, originStep, streamProtocols, streamStep, unasked } from './origin-steps.ts';
import { ownAnswerOf } from './own-answer.ts';
import { pageStep } from './page-step.ts';
import { nameOf, noRoute, routeStep } from './route-step.ts';
import { type ShapingFacts, stepsAfterAccess, stepsBeforeAccess } from './shaping-told.ts';
import { skipped, step } from './step.ts';

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
  const found: ShapingFacts = {
    path: decodedPath(path),
    members: tools.membersOf(route),
    banCount: tools.banCount(),
    isTraced: tools.isTraced,
  };
  const routed = [routeStep(route, tools), ...stepsBeforeAccess(route, found)];
  const { beforeCache, afterCache } = stepsAfterAccess(route, found);
  const way = { routed, access: tools.access(match), beforeCache, afterCache };
  const own = ownAnswerOf(request.url, route, way);
  if (own) return own;
  const tunnelIds = new Set(route.balance?.members.map(({ tunnelId }) => tunnelId) ?? [route.tunnelId]);
  const slots = [...tools.registry.slots].filter(({ connection }) => tunnelIds.has(connection.tunnelId));
  const [first] = slots;
  if (!first) return await explainAway(request, route, way, tools);
  const index = first.matcher.match(ruleHostOf(route, first) ?? host, decodedPath(path));
  const rule = first.rules.rules[index];
  const steps = [
    ...routed,
    accessStep(rule, way.access),
    ...beforeCache,
    ...afterCache,
    connectorStep(slots, nameOf(tools, route.tunnelId), route.tunnelId),
    ruleStep(rule, index, tools.connectors.of(route.tunnelId)),
  ];
  if (!rule || steps.some(({ status }) => status === 'failed')) return [...steps, ...skipped(['origin'])];
  if (streamProtocols.has(rule.protocol)) return [...steps, streamStep(rule)];
  const started = tools.nowMs();
  if (isGuarded(way.access)) return [...steps, unasked(rule)];
  const answer = await tools.send();
  const ms = tools.nowMs() - started;
  const cache = cacheStep(request, answer, route.cache, tools.wallMs());
  // The cache comes before the connector on the way, though it is known only after the answer.
  const beforeCount = routed.length + 1 + beforeCache.length;
  const last = isFromCache(answer)
    ? notAsked(answer, ms)
    : originStep(answer, tools, { service: rule.service, ms });
  const page = await pageStep(request.url, route, tools.fetch);
  return [...steps.slice(0, beforeCount), cache, ...steps.slice(beforeCount), last, ...(page ? [page] : [])];
}

/** What is known of the way without asking anybody. */
export interface WayBefore {
  /** The step `route` and those before access. */
  readonly routed: readonly ExplainStep[];
  readonly access: ExplainStep;
  readonly beforeCache: readonly ExplainStep[];
  readonly afterCache: readonly ExplainStep[];
}

/** Nobody is at home: the way stops at the connector, unless the cache still has an answer. */
async function explainAway(
  request: InnerRequest,
  { tunnelId, cache: policy }: RouteEntry,
  { routed, access, beforeCache, afterCache }: WayBefore,
  tools: ExplainTools,
): Promise<ExplainStep[]> {
  const gone = noConnector(tools.connectors, nameOf(tools, tunnelId), tunnelId);
  const before = [...routed, access, ...beforeCache];
  const isStopped = before.some(({ status }) => status === 'failed') || isGuarded(access);
  const answer = policy === undefined || isStopped ? undefined : await tools.send();
  if (!answer || !isFromCache(answer))
    return [...before, ...afterCache, gone, ...skipped(['rule', 'origin'])];
  const detail = 'Visitors get what the cache has kept, for as long as that may be used.';
  const behind = [...afterCache, { ...gone, detail }].map((each): ExplainStep =>
    each.status === 'failed' ? { ...each, status: 'warning' } : each,
  );
  const cache = cacheStep(request, answer, policy, tools.wallMs());
  return [...before, cache, ...behind, ...skipped(['rule', 'origin'])];
}

/** The rule that a member of a balanced route names, if it names one. */
function ruleHostOf({ balance }: RouteEntry, { connection }: TunnelSlot): string | undefined {
  return balance?.members.find(({ tunnelId }) => tunnelId === connection.tunnelId)?.rule;
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
