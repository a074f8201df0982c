// A URL followed through the edge: route, access, connector, rule, and the answer of the origin to a real request. Each step
// says what was found and, where the way stops, why and what to do. Nothing here decides anything: the request goes the way
// that every request goes, and the steps say what stood at its sides.
import { closestName } from '#base/closest-name.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep, ExplainStepName } from '#model/explain.ts';
import { type FailureCode, failureCodes } from '#http/exchange.ts';
import { decodedPath } from '#http/request-target.ts';
import type { LoggedRequest } from '#model/logged-request.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { routeName } from '#model/route.ts';
import type { InnerAnswer, InnerRequest } from './inner-request.ts';
import { innerTargetOf } from './inner-request.ts';
import type { Router } from './router.ts';
import type { TunnelRegistry, TunnelSlot } from './tunnel-registry.ts';

export interface ExplainTools {
  readonly router: Router;
  readonly registry: TunnelRegistry;
  readonly routes: readonly RouteEntry[];
  readonly nameOfTunnel: (tunnelId: string) => string;
  readonly send: () => Promise<InnerAnswer>;
  readonly findLine: (requestId: string) => LoggedRequest | undefined;
}

/** The steps that the edge knows. @throws SallyportError 'invalid' for a URL that no client could ask for */
export async function explainRequest(request: InnerRequest, tools: ExplainTools): Promise<ExplainStep[]> {
  const { host, path } = innerTargetOf(request.url);
  const match = tools.router.match(host, path);
  if (match.kind !== 'found') {
    return [noRoute(tools, host, path), ...skipped(['access', 'connector', 'rule', 'origin'])];
  }
  const { route } = match;
  const slots = [...tools.registry.slots].filter(({ connection }) => connection.tunnelId === route.tunnelId);
  const [first] = slots;
  const start = [routeStep(route, tools), accessStep()];
  if (!first) return [...start, noConnector(route, tools), ...skipped(['rule', 'origin'])];
  const index = first.matcher.match(host, decodedPath(path));
  const steps = [...start, connectorStep(slots, route, tools), ruleStep(first, index)];
  if (steps.some(({ status }) => status === 'failed')) return [...steps, ...skipped(['origin'])];
  return [...steps, originStep(await tools.send(), tools, first.rules.rules[index]!.service)];
}

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

function noRoute({ router, routes }: ExplainTools, host: string, path: string): ExplainStep {
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
    routes.map(({ hostname }) => hostname),
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

function routeStep(route: RouteEntry, { nameOfTunnel }: ExplainTools): ExplainStep {
  const tunnel = nameOfTunnel(route.tunnelId);
  return step('route', {
    status: 'ok',
    title: `${routeName(route)} leads to ${isLocalTunnelId(route.tunnelId) ? 'this edge itself' : `the tunnel ${tunnel}`}`,
    detail: '',
    facts: { route: routeName(route), tunnel, tunnelId: route.tunnelId },
  });
}

function accessStep(): ExplainStep {
  return step('access', {
    status: 'ok',
    title: 'Anybody may',
    detail: 'The edge asks nobody to sign in; the origin may.',
  });
}

function noConnector(route: RouteEntry, { nameOfTunnel }: ExplainTools): ExplainStep {
  const tunnel = nameOfTunnel(route.tunnelId);
  return step('connector', {
    status: 'failed',
    title: `No connector of ${tunnel} is connected`,
    detail: 'Visitors see "No connector is online for this site" (530).',
    cure: `Start the connector at home, or look at its log; "sallyport tunnel info ${tunnel}" says why it left.`,
  });
}

function connectorStep(
  slots: readonly TunnelSlot[],
  route: RouteEntry,
  { nameOfTunnel }: ExplainTools,
): ExplainStep {
  const replicas = new Set(slots.map(({ connection }) => connection.instanceId));
  const rtts = slots.map(({ connection }) => connection.rttMs).filter((rtt) => rtt > 0);
  return step('connector', {
    status: slots.length > 1 || isLocalTunnelId(route.tunnelId) ? 'ok' : 'warning',
    title: `${replicas.size === 1 ? 'One connector' : `${replicas.size} connectors`} of ${nameOfTunnel(route.tunnelId)}, ${slots.length === 1 ? 'one connection' : `${slots.length} connections`}`,
    detail: rtts.length === 0 ? '' : `A round trip takes ${Math.min(...rtts).toFixed(1)} ms.`,
    facts: { addresses: [...new Set(slots.map(({ connection }) => connection.remoteAddress))].join(', ') },
  });
}

function ruleStep({ rules }: TunnelSlot, index: number): ExplainStep {
  const rule = rules.rules[index];
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
  const isRefusal = isCatchAll && rule.service.startsWith('http_status:4');
  return step('rule', {
    status: isRefusal ? 'failed' : 'ok',
    title: `Rule ${index}, ${where}, leads to ${rule.service}`,
    detail: isRefusal
      ? 'Only the last rule takes the request, the one for everything that no other wants.'
      : '',
    cure: isRefusal ? "Add an ingress rule for this hostname and path to the connector's rules." : '',
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

function originStep(answer: InnerAnswer, { findLine }: ExplainTools, service: string): ExplainStep {
  const line = findLine(answer.requestId);
  const facts = {
    requestId: answer.requestId,
    status: String(answer.status),
    ...(line?.openMs == null ? {} : { openedAfterMs: String(line.openMs) }),
    ...(line?.firstByteMs == null ? {} : { firstByteAfterMs: String(line.firstByteMs) }),
    ...fieldFacts(answer),
  };
  const ms = line?.ms ?? null;
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

function fieldFacts({ fields }: InnerAnswer): Record<string, string> {
  const wanted = ['server', 'content-type', 'location', 'cache-control', 'cache-status'];
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
