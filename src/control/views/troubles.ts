// What is wrong, in words with the cure: the list on top of the overview and of `sallyport status`. Made from what is true
// at the moment, never stored, so that nothing has to be dismissed by hand.
import { severities } from '#model/notifications/notification.ts';
import { passwordsOf } from '#model/access/access-policy.ts';
import { routeName } from '#model/routes/route.ts';
import type { Trouble } from '#model/notifications/trouble.ts';
import type { RouteView } from '#api/routes.ts';
import type { HealthPart } from '#model/live/health.ts';
import type { ControlEnd, EdgeLook } from '../edge-view.ts';
import { adminTroubles } from './admin-troubles.ts';
import { allRoutes } from './route-view.ts';
import { allTunnels, TunnelIndex, viewTunnel, type ViewSources } from './tunnel-view.ts';

/** More of one kind are summed up in the last. */
const maxOfKind = 50;

/** A restart is news for an hour. */
const restartShownMs = 3_600_000;
/** A name that went elsewhere is looked at the next morning. */
const moveShownMs = 12 * 3_600_000;

/** What to do, for all views that say what is wrong. */
export const cures = {
  store: 'Make the database reachable, or room on its disk; the edge tries again by itself.',
  accessKeys:
    'Make room on the disk, or let the edge write there; it tries again by itself, once a minute at least.',
  listener: 'Free its port, then restart the edge.',
  tunnel: 'Start its connector at home.',
  connectors: 'Look at its connectors.',
  origin:
    'Start the service at home, or correct its address in the ingress rule; the edge looks again by itself.',
} as const;

/** What health calls what goes wrong with the keys of access; parts of the kind `store`. */
export const accessKeyPartNames = {
  exchange: 'keys of access',
  copy: "this edge's copy of the keys of access",
} as const;

/** What is so while the store cannot be used. */
export function storeSentence(why: string): string {
  return `${why} Traffic goes on with the last good configuration; changes are refused.`;
}

/** Where the cure for a certificate stands. */
export function certificateCure(hostname: string): string {
  return `Its page, or "sallyport cert show ${hostname}", tells why and what to do.`;
}

/** What is wrong with the control plane itself. */
export interface ControlTroubles {
  /** Why the store cannot be used, '' while it can. */
  readonly store: string;
  readonly lastEnd: ControlEnd | undefined;
  readonly nowMs: number;
}

/** The list, worst first. */
export function troublesOf(sources: ViewSources, control: ControlTroubles): Trouble[] {
  const routes = allRoutes(sources);
  const found = [
    ...storeTroubles(control.store),
    ...accessKeyTroubles(sources),
    ...restartTroubles(control),
    ...listenerTroubles(sources),
    ...tunnelTroubles(sources),
    ...routeTroubles(routes),
    ...clashes(sources),
    ...adminTroubles(sources, routes),
    ...passwordTroubles(sources, routes),
    ...certificateTroubles(sources),
    ...renewalTroubles(sources),
    ...originTroubles(sources),
    ...memberTroubles(sources),
    ...portTroubles(sources),
    ...nameTroubles(sources),
    ...zoneTroubles(sources),
    ...probeTroubles(sources),
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
      detail: storeSentence(storeTrouble),
      cure: cures.store,
      sinceMs: null,
      noun: 'setting',
      objectId: 'store',
    },
  ];
}

/** Until then nobody notices; later, visitors sign in anew, or origins refuse what they are told. */
function accessKeyTroubles({ look }: ViewSources): Trouble[] {
  const names = Object.values<string>(accessKeyPartNames);
  return partsOf(look, 'store')
    .filter(({ name }) => names.includes(name))
    .map(({ name, sentence, cure, sinceMs }) => ({
      id: `keys:${name}`,
      severity: 'warning',
      title:
        name === accessKeyPartNames.exchange
          ? 'The keys of access cannot be exchanged'
          : 'New keys of access could not be kept',
      ...{ detail: sentence, cure, sinceMs, noun: 'setting', objectId: 'access-keys' },
    }));
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
      cure: cures.listener,
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
      cure: tunnel.status === 'degraded' ? cures.connectors : cures.tunnel,
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

function routeTroubles(routes: readonly RouteView[]): Trouble[] {
  return routes
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
function passwordTroubles({ state }: ViewSources, routes: readonly RouteView[]): Trouble[] {
  const set = new Set([...state.pagePasswords.values()].map(({ name }) => name));
  return routes
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
      cure: certificateCure(hostname),
      sinceMs: null,
      noun: 'certificate',
      objectId: hostname,
    }));
}

/** Certificates that are still good, and whose renewal fails or that nobody renews; and that of the edge's own name. */
function renewalTroubles({ look }: ViewSources): Trouble[] {
  return partsOf(look, 'certificate')
    .filter(({ name }) => isStillGood(look.certificates.get(name)?.state))
    .map(({ name, state, sentence, cure, sinceMs }) => ({
      id: `renewal:${name}`,
      severity: state === 'down' ? 'error' : 'warning',
      title:
        state === 'down' ? `${name} has no good certificate` : `The certificate of ${name} is not renewed`,
      ...{ detail: sentence, cure, sinceMs, noun: 'certificate', objectId: name },
    }));
}

/** The others are told already. */
function isStillGood(state: string | undefined): boolean {
  return state === 'good' || state === 'internal' || state === undefined;
}

/** Services at home that visitors have found failing, and the edge too. */
function originTroubles({ look }: ViewSources): Trouble[] {
  return partsOf(look, 'origin')
    .filter(({ state, tunnelId }) => state === 'down' && tunnelId !== undefined)
    .map(({ name, sentence, cure, sinceMs, tunnelId }) => ({
      id: `origin:${name}`,
      severity: 'error',
      title: `The service ${name} does not answer`,
      ...{ detail: sentence, cure, sinceMs, noun: 'tunnel', objectId: tunnelId! },
    }));
}

/** Services behind a route with several: while others are well, visitors notice nothing. */
function memberTroubles({ look }: ViewSources): Trouble[] {
  return [...(look.members ?? [])]
    .flatMap(([route, members]) => {
      const away = members.filter(({ state }) => state === 'down' || state === 'ejected');
      const isOver = members.every(({ state }) => state !== 'up' && state !== 'starting');
      return away.map((member) => ({ route, member, isOver }));
    })
    .slice(0, maxOfKind)
    .map(({ route, member, isOver }) => ({
      id: `member:${route} ${member.name}`,
      severity: isOver ? 'error' : 'warning',
      title: `The service ${member.name} of ${route} is ${member.state === 'down' ? 'down' : 'kept out'}`,
      detail: `${member.trouble || 'Its last requests failed'}${isOver ? '; no other is well.' : '; the others serve.'}`,
      cure: cures.origin,
      sinceMs: null,
      ...{ noun: 'route', objectId: route },
    }));
}

/** Ports that should be open and are not. */
function portTroubles({ look }: ViewSources): Trouble[] {
  return (look.ports ?? [])
    .filter(({ isOpen, trouble }) => !isOpen && trouble !== '')
    .slice(0, maxOfKind)
    .map(({ name, trouble }) => ({
      id: `port:${name}`,
      severity: 'error',
      title: `The port ${name} is not open`,
      detail: trouble,
      cure: 'Free the port, or give it another number; the edge tries again when the port is changed.',
      sinceMs: null,
      ...{ noun: 'port', objectId: name },
    }));
}

/** What health knows beyond the rest of the look (roles/health/). */
function partsOf({ parts = [] }: EdgeLook, wanted: HealthPart['kind']): readonly HealthPart[] {
  return parts.filter(({ kind }) => kind === wanted).slice(0, maxOfKind);
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

/** Hostnames that visitors do not reach, as far as that is not told already by what is wrong with certificate or records. */
function probeTroubles({ look }: ViewSources): Trouble[] {
  return partsOf(look, 'probe')
    .filter(({ state, name }) => state === 'down' && !isToldOtherwise(look, name.split(' ')[0]!))
    .map(({ name, sentence, cure, sinceMs }) => ({
      id: `probe:${name}`,
      severity: 'error',
      title: `${name.replace(' from ', ' cannot be reached from ')}${name.includes(' from ') ? '' : ' cannot be reached from outside'}`,
      ...{ detail: sentence, cure, sinceMs, noun: 'probe', objectId: name },
    }));
}

function isToldOtherwise({ certificates, dns }: EdgeLook, hostname: string): boolean {
  const certificate = certificates.get(hostname)?.state;
  const name = dns.get(hostname)?.state;
  return certificate === 'bad' || certificate === 'missing' || name === 'conflict' || name === 'failed';
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
