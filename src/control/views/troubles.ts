// What is wrong, in words with the cure: the list on top of the overview and of `sallyport status`. Made from what is true
// at the moment, never stored, so that nothing has to be dismissed by hand.
import { severities } from '#model/notification.ts';
import { passwordsOf } from '#model/access-policy.ts';
import { routeName } from '#model/route.ts';
import type { Trouble } from '#model/trouble.ts';
import type { ControlEnd } from '../edge-view.ts';
import { allRoutes } from './route-view.ts';
import { allTunnels, TunnelIndex, viewTunnel, type ViewSources } from './tunnel-view.ts';

/** More of one kind are summed up in the last. */
const maxOfKind = 50;

/** A restart is news for an hour. */
const restartShownMs = 3_600_000;
/** A name that went elsewhere is looked at the next morning. */
const moveShownMs = 12 * 3_600_000;

/** What is wrong with the control plane itself. */
export interface ControlTroubles {
  /** Why the store cannot be used, '' while it can. */
  readonly store: string;
  readonly lastEnd: ControlEnd | undefined;
  readonly nowMs: number;
}

/** The list, worst first. */
export function troublesOf(sources: ViewSources, control: ControlTroubles): Trouble[] {
  const found = [
    ...storeTroubles(control.store),
    ...restartTroubles(control),
    ...listenerTroubles(sources),
    ...tunnelTroubles(sources),
    ...routeTroubles(sources),
    ...clashes(sources),
    ...passwordTroubles(sources),
    ...certificateTroubles(sources),
    ...nameTroubles(sources),
    ...zoneTroubles(sources),
    ...moveTroubles(sources),
  ];
  return bySeverity(found);
}

/** The worst first, else in the order they came in. */
export function bySeverity(troubles: readonly Trouble[]): Trouble[] {
  return troubles.toSorted((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
}

function storeTroubles(storeTrouble: string): Trouble[] {
  if (storeTrouble === '') return [];
  return [
    {
      id: 'store',
      severity: 'error',
      title: 'The store cannot be used',
      detail: `${storeTrouble} Traffic goes on with the last good configuration; changes are refused.`,
      cure: 'Make the database reachable, or room on its disk; the edge tries again by itself.',
      sinceMs: null,
      noun: 'setting',
      objectId: 'store',
    },
  ];
}

function restartTroubles({ lastEnd, nowMs }: ControlTroubles): Trouble[] {
  if (!lastEnd || nowMs - lastEnd.atMs > restartShownMs) return [];
  return [
    {
      id: 'control-restarted',
      severity: 'warning',
      title: 'The control plane had ended and was started again',
      detail: `It ended by itself: ${lastEnd.why}. Traffic went on meanwhile, and nothing that was acknowledged is lost.`,
      cure: 'Look at the log of the edge; if it ends again, report what stands there.',
      sinceMs: lastEnd.atMs,
      noun: 'setting',
      objectId: 'control',
      isEvent: true,
    },
  ];
}

function listenerTroubles({ look }: ViewSources): Trouble[] {
  return look.listeners
    .filter(({ isReady }) => !isReady)
    .map(({ name, detail }) => ({
      id: `listener:${name}`,
      severity: 'error',
      title: `The listener ${name} does not answer`,
      detail,
      cure: 'Free its port, then restart the edge.',
      sinceMs: null,
      noun: 'listener',
      objectId: name,
    }));
}

function tunnelTroubles(sources: ViewSources): Trouble[] {
  const index = new TunnelIndex(sources);
  return allTunnels(sources)
    .map((found) => viewTunnel(sources, found, index))
    .filter(({ trouble }) => trouble !== '')
    .slice(0, maxOfKind)
    .map((tunnel) => ({
      id: `tunnel:${tunnel.id}`,
      severity: severityOf(tunnel.status, tunnel.routes),
      title: `Tunnel ${tunnel.name} is ${tunnel.status === 'never-connected' ? 'not in use yet' : tunnel.status}`,
      detail: tunnel.trouble,
      cure: tunnel.status === 'degraded' ? 'Look at its connectors.' : 'Start its connector at home.',
      sinceMs: tunnel.lastSeenAtMs,
      noun: 'tunnel',
      objectId: tunnel.id,
    }));
}

function severityOf(status: string, routeCount: number): Trouble['severity'] {
  if (status === 'down') return 'error';
  if (status === 'degraded') return 'warning';
  return routeCount > 0 ? 'warning' : 'notice';
}

function routeTroubles(sources: ViewSources): Trouble[] {
  return allRoutes(sources)
    .filter(({ status }) => status === 'no-rule')
    .slice(0, maxOfKind)
    .map((route) => ({
      id: `route:${route.id}`,
      severity: 'warning',
      title: `${routeName(route)} leads nowhere`,
      detail: route.trouble,
      cure: 'Give the route a service, or add an ingress rule to the connector.',
      sinceMs: null,
      noun: 'route',
      objectId: route.id,
    }));
}

/** Routes that ask for a page password which nobody has set: its page lets nobody in. */
function passwordTroubles(sources: ViewSources): Trouble[] {
  const set = new Set([...sources.state.pagePasswords.values()].map(({ name }) => name));
  return allRoutes(sources)
    .flatMap((route) =>
      passwordsOf(route.access)
        .filter((name) => !set.has(name))
        .map((name) => ({ route, name })),
    )
    .slice(0, maxOfKind)
    .map(({ route, name }) => ({
      id: `password:${route.id} ${name}`,
      severity: 'warning',
      title: `${routeName(route)} asks for a page password that is not set`,
      detail: `Its policy names password:${name}, and there is none of that name, so that it lets nobody in.`,
      cure: `Set it with "sallyport page-password set ${name}", or take it out of the policy.`,
      sinceMs: null,
      noun: 'route',
      objectId: route.id,
    }));
}

/** Hostnames whose visitors are turned away, or soon will be. */
function certificateTroubles({ look }: ViewSources): Trouble[] {
  return [...look.certificates]
    .filter(([, { state }]) => state === 'bad' || state === 'expiring' || state === 'missing')
    .slice(0, maxOfKind)
    .map(([hostname, { state, detail }]) => ({
      id: `certificate:${hostname}`,
      severity: state === 'bad' ? 'error' : 'warning',
      title: certificateTitles[state as keyof typeof certificateTitles](hostname),
      detail,
      cure: `Its page, or "sallyport cert show ${hostname}", tells why and what to do.`,
      sinceMs: null,
      noun: 'certificate',
      objectId: hostname,
    }));
}

const certificateTitles = {
  bad: (hostname: string) => `The certificate of ${hostname} has expired`,
  expiring: (hostname: string) => `The certificate of ${hostname} ends soon`,
  missing: (hostname: string) => `${hostname} has no certificate`,
} as const;

/** Hostnames whose records are somebody else's, or cannot be made. */
function nameTroubles({ look }: ViewSources): Trouble[] {
  return [...look.dns]
    .filter(([, { state }]) => state === 'conflict' || state === 'failed')
    .slice(0, maxOfKind)
    .map(([hostname, { state, detail, cure }]) => ({
      id: `name:${hostname}`,
      severity: 'error',
      title:
        state === 'conflict'
          ? `${hostname} is in somebody else's hands`
          : `${hostname} has no record of ours`,
      ...{ detail, cure, sinceMs: null, noun: 'name', objectId: hostname },
    }));
}

/** Zones that cannot be read or are not there: what stands in them stays, and nothing can be added. */
function zoneTroubles({ look }: ViewSources): Trouble[] {
  return look.zones
    .filter(({ state }) => state !== 'good')
    .slice(0, maxOfKind)
    .map(({ name, provider, state, detail, cure, readAtMs }) => ({
      id: `zone:${provider} ${name}`,
      severity: state === 'missing' ? 'error' : 'warning',
      title:
        state === 'missing'
          ? `The zone ${name} is not at ${provider}`
          : `The zone ${name} cannot be read at ${provider}`,
      ...{ detail, cure, sinceMs: readAtMs, noun: 'zone', objectId: name },
    }));
}

/** Names that another tunnel holds since lately (S0-38). Where a route was changed, somebody meant it. */
function moveTroubles({ look, nowMs }: ViewSources): Trouble[] {
  const seen = new Set<string>();
  return (look.moves ?? [])
    .filter(({ atMs }) => nowMs - atMs < moveShownMs)
    .filter(({ hostname, path }) => !seen.has(hostname + path) && seen.add(hostname + path))
    .map(({ hostname, path, from, to, atMs, isDeclared }) => ({
      id: `move:${hostname}${path} ${atMs}`,
      severity: isDeclared ? 'notice' : 'warning',
      title: `${routeName({ hostname, path })} has gone from ${from} to ${to}`,
      detail: isDeclared
        ? 'Its route was changed.'
        : `No route says so: the connector of ${to} publishes it in its own rules.`,
      cure: isDeclared ? '' : `If nobody meant that, look at the rules of both and at what ${to} may claim.`,
      sinceMs: atMs,
      ...{ noun: 'name', objectId: hostname, isEvent: true },
    }));
}

/** Stored objects that stand in the shadow of one in edge.yml. */
function clashes({ state, declared }: ViewSources): Trouble[] {
  const names = new Set(declared.routes.map(routeName));
  return [...state.routes.values()]
    .filter((route) => names.has(routeName(route)))
    .slice(0, maxOfKind)
    .map((route) => ({
      id: `clash:${route.id}`,
      severity: 'warning',
      title: `${routeName(route)} is declared twice`,
      detail: 'It is in edge.yml and in the store; what edge.yml says is in force.',
      cure: 'Remove one of the two.',
      sinceMs: null,
      noun: 'route',
      objectId: route.id,
    }));
}
