// Commands on routes. A route to a remotely managed tunnel may bring its ingress rule along: one step for the owner, one
// change in the store, both or neither.
import { SallyportError } from '#base/errors.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import { portName } from '#model/port.ts';
import { routeName, type Route } from '#model/routes/route.ts';
import {
  type ChangedSteps,
  normalSteps,
  type RouteSteps,
  withChanges,
  withoutSteps,
} from '#model/routes/route-steps.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { Command, CommandContext } from '../command.ts';
import { required } from '../control-state.ts';
import type { Draft } from '../draft.ts';
import { patternOfPrefix, putServiceRule, removeServiceRule } from './rule-sets.ts';
import { declaredTunnel } from './tunnels.ts';
import { requireVersion } from './version-guard.ts';

export interface NewRoute extends RouteSteps {
  readonly hostname: string;
  readonly path: string;
  /** Id or name. */
  readonly tunnel: string;
  readonly service?: string | undefined;
  /** Absent: everybody. */
  readonly access?: AccessPolicy | undefined;
  readonly note: string;
  readonly isEnabled: boolean;
}

/** Adds a route. */
export function createRoute(input: NewRoute): Command<Route> {
  return (draft, context) => {
    requireFree(draft, context, input, undefined);
    const target = targetOf(draft, context, input.tunnel);
    requireMembers(draft, context, input);
    const route: Route = {
      id: context.newId(),
      hostname: input.hostname,
      path: input.path,
      tunnelId: target.id,
      access: input.access ?? 'public',
      isEnabled: input.isEnabled,
      note: input.note,
      ...normalSteps(input),
      createdAtMs: context.nowMs,
      version: 1,
    };
    draft.put('route', route, 'created');
    if (input.service !== undefined && input.service !== '') {
      putServiceRule(draft, context, tunnelWithRules(draft, target), { ...route, service: input.service });
    }
    return route;
  };
}

export interface RouteChange extends ChangedSteps {
  readonly hostname?: string | undefined;
  readonly path?: string | undefined;
  readonly tunnel?: string | undefined;
  readonly service?: string | undefined;
  readonly access?: AccessPolicy | undefined;
  readonly note?: string | undefined;
  readonly isEnabled?: boolean | undefined;
}

/** Changes what is given; a rule that came with the route moves with it. */
export function updateRoute(idOrName: string, change: RouteChange, ifMatch?: number): Command<Route> {
  return (draft, context) => {
    const route = changeableRoute(draft, context, idOrName);
    requireVersion(route, ifMatch);
    const target = change.tunnel === undefined ? undefined : targetOf(draft, context, change.tunnel);
    const next: Route = {
      ...withoutSteps(route),
      ...withChanges(route, change),
      hostname: change.hostname ?? route.hostname,
      path: change.path ?? route.path,
      tunnelId: target?.id ?? route.tunnelId,
      access: change.access ?? route.access,
      note: change.note ?? route.note,
      isEnabled: change.isEnabled ?? route.isEnabled,
      version: route.version + 1,
    };
    requireFree(draft, context, next, route.id);
    requireMembers(draft, context, next);
    draft.put('route', next, 'changed');
    moveRule(draft, context, { route, next, service: change.service });
    return next;
  };
}

/** Removes a route, and the rule for exactly its hostname and path. */
export function deleteRoute(idOrName: string, ifMatch?: number): Command<void> {
  return (draft, context) => {
    const route = changeableRoute(draft, context, idOrName);
    requireVersion(route, ifMatch);
    draft.remove('route', route.id);
    const tunnel = draft.get('tunnel', route.tunnelId);
    if (tunnel) removeServiceRule(draft, context, tunnel, route);
  };
}

/** The service that a remotely managed tunnel's rules name for exactly this hostname and path, '' for none. */
function serviceOf(draft: Draft, context: CommandContext, route: Route): string {
  const ruleSet = draft.get('ruleSet', route.tunnelId);
  if (!ruleSet) return '';
  const rule = context.tools
    .readRules(ruleSet.text)
    .rules.find((each) => each.hostname === route.hostname && each.path === patternOfPrefix(route.path));
  return rule?.service ?? '';
}

function moveRule(
  draft: Draft,
  context: CommandContext,
  move: { readonly route: Route; readonly next: Route; readonly service: string | undefined },
): void {
  const { route, next } = move;
  const isMoved =
    route.hostname !== next.hostname || route.path !== next.path || route.tunnelId !== next.tunnelId;
  if (!isMoved && move.service === undefined) return;
  const from = draft.get('tunnel', route.tunnelId);
  const to = draft.get('tunnel', next.tunnelId);
  const service = move.service ?? serviceOf(draft, context, route);
  if (isMoved && from) removeServiceRule(draft, context, from, route);
  if (service === '') return;
  if (to?.management === 'remote') putServiceRule(draft, context, to, { ...next, service });
  else if (move.service !== undefined) tunnelWithRules(draft, { id: next.tunnelId, name: next.tunnelId });
}

function changeableRoute(draft: Draft, context: CommandContext, idOrName: string): Route {
  const found = draft.findRoute(idOrName);
  if (!found && idOrName.startsWith('claim:')) {
    throw new SallyportError(
      'conflict',
      `${idOrName.slice('claim:'.length)} is claimed by a connector's own rules; change its config.yml, or the hostnames its tunnel may claim.`,
    );
  }
  if (!found && declaredRoute(context, idOrName.replace(/^file:/, ''))) {
    throw new SallyportError(
      'conflict',
      `The route ${idOrName.replace(/^file:/, '')} is declared in edge.yml; change it there, the file is followed.`,
    );
  }
  return required(found, 'route', idOrName);
}

function declaredRoute({ declared }: CommandContext, name: string): boolean {
  return declared.routes.some((route) => routeName(route) === name);
}

/** A tunnel by id or name, stored or declared. @throws SallyportError 'not-found' */
export function targetOf(
  draft: Draft,
  context: CommandContext,
  idOrName: string,
): { readonly id: string; readonly name: string } {
  return required(draft.findTunnel(idOrName) ?? declaredTunnel(context, idOrName), 'tunnel', idOrName);
}

/** The tunnel, which must be one whose rules are kept here. @throws SallyportError 'invalid' */
export function tunnelWithRules(
  draft: Draft,
  target: { readonly id: string; readonly name: string },
): Tunnel {
  const tunnel = draft.get('tunnel', target.id);
  if (tunnel?.management === 'remote') return tunnel;
  throw new SallyportError(
    'invalid',
    `The rules of ${tunnel?.name ?? target.name} live with its connector, so a service cannot be given here; leave it out, and add the rule to the connector's config.yml.`,
  );
}

function requireFree(
  draft: Draft,
  context: CommandContext,
  route: { readonly hostname: string; readonly path: string },
  ownId: string | undefined,
): void {
  requireOwnTls(draft, context, route.hostname);
  const name = routeName(route);
  const taken = draft.findRoute(name);
  if ((taken === undefined || taken.id === ownId) && !declaredRoute(context, name)) return;
  throw new SallyportError('conflict', `A route for ${name} exists already; change that one instead.`);
}

/** Every member's tunnel is there. @throws SallyportError 'not-found' */
function requireMembers(draft: Draft, context: CommandContext, { balance }: RouteSteps): void {
  for (const { tunnel } of balance?.members ?? []) targetOf(draft, context, tunnel);
}

/** A name whose TLS is passed on unopened cannot be a site as well. */
function requireOwnTls(draft: Draft, { declared }: CommandContext, hostname: string): void {
  const passed = [...draft.list('port').filter(({ isEnabled }) => isEnabled), ...(declared.ports ?? [])].find(
    (port) => port.protocol === 'tls' && port.port === 0 && port.hostname === hostname,
  );
  if (!passed) return;
  throw new SallyportError(
    'conflict',
    `${hostname} is passed on unopened by the port ${portName(passed)}, so the edge cannot serve it; remove that port first.`,
  );
}
