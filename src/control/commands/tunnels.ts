// Commands on tunnels and their keys.
import { namesMember, removeMembers, renameMembers } from './balance-members.ts';
import { SallyportError } from '#base/errors.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import type { Tunnel, TunnelKey } from '#model/tunnel.ts';
import { type Port, portName } from '#model/port.ts';
import { routeName } from '#model/routes/route.ts';
import { emptyRuleSetText } from '#model/ingress/rule-set.ts';
import type { Command, CommandContext } from '../command.ts';
import { required } from '../control-state.ts';
import type { Draft } from '../draft.ts';
import { requireVersion } from './version-guard.ts';

/** A secret that was just made; the token is shown once and kept nowhere. */
export interface IssuedToken {
  readonly token: string;
  readonly keyId: string;
}

export interface NewTunnel {
  readonly name: string;
  readonly management: Tunnel['management'];
  readonly hostnames: readonly string[];
  /** Of the routes that it claims; absent: everybody. */
  readonly access?: AccessPolicy | undefined;
  readonly note: string;
  /** A public key made elsewhere: no token is made here. */
  readonly publicKey?: string | undefined;
  readonly id?: string | undefined;
}

/** Creates a tunnel with its first key. */
export function createTunnel(
  input: NewTunnel,
): Command<{ readonly tunnel: Tunnel; readonly token: string | null; readonly keyId: string }> {
  return (draft, context) => {
    requireFreeName(draft, context, input.name, undefined);
    const id = input.id ?? context.newId();
    if (draft.get('tunnel', id) ?? declaredTunnel(context, id)) {
      throw new SallyportError('conflict', `A tunnel with the id ${id} exists already.`);
    }
    const issued = input.publicKey === undefined ? context.tools.issueToken(id) : undefined;
    const key = newKey(context, issued?.publicKey ?? input.publicKey!);
    const tunnel: Tunnel = {
      id,
      name: input.name,
      management: input.management,
      hostnames: [...new Set(input.hostnames)],
      access: input.access ?? 'public',
      keys: [key],
      note: input.note,
      createdAtMs: context.nowMs,
      version: 1,
    };
    draft.put('tunnel', tunnel, 'created');
    if (tunnel.management === 'remote') startRuleSet(draft, context, id);
    return { tunnel, token: issued?.token ?? null, keyId: key.id };
  };
}

export interface TunnelChange {
  readonly name?: string | undefined;
  readonly hostnames?: readonly string[] | undefined;
  readonly access?: AccessPolicy | undefined;
  readonly note?: string | undefined;
  readonly management?: Tunnel['management'] | undefined;
}

/** Changes what is given. A tunnel that becomes remotely managed starts with an empty rule set, unless it has one. */
export function updateTunnel(idOrName: string, change: TunnelChange, ifMatch?: number): Command<Tunnel> {
  return (draft, context) => {
    const tunnel = changeable(draft, context, idOrName);
    requireVersion(tunnel, ifMatch);
    if (change.name !== undefined) requireFreeName(draft, context, change.name, tunnel.id);
    const next: Tunnel = {
      ...tunnel,
      name: change.name ?? tunnel.name,
      hostnames: change.hostnames ? [...new Set(change.hostnames)] : tunnel.hostnames,
      access: change.access ?? tunnel.access,
      note: change.note ?? tunnel.note,
      management: change.management ?? tunnel.management,
      version: tunnel.version + 1,
    };
    draft.put('tunnel', next, 'changed');
    if (next.name !== tunnel.name) renameMembers(draft, tunnel, next.name);
    if (next.management === 'remote' && !draft.get('ruleSet', tunnel.id))
      startRuleSet(draft, context, tunnel.id);
    return next;
  };
}

export interface DeleteTunnelOptions {
  /** Routes go with it, and live connectors are thrown out. */
  readonly force: boolean;
  /** Names of the machines whose connectors are connected now. */
  readonly liveConnectors: readonly string[];
  readonly ifMatch?: number | undefined;
}

/** Deletes a tunnel; says what depends on it, and refuses, unless forced. */
export function deleteTunnel(idOrName: string, options: DeleteTunnelOptions): Command<void> {
  return (draft, context) => {
    const tunnel = changeable(draft, context, idOrName);
    requireVersion(tunnel, options.ifMatch);
    const routes = draft.list('route').filter(({ tunnelId }) => tunnelId === tunnel.id);
    const shared = draft
      .list('route')
      .filter((route) => route.tunnelId !== tunnel.id && namesMember(route, tunnel));
    const ports = draft.list('port').filter(({ tunnelId }) => tunnelId === tunnel.id);
    if (!options.force)
      refuseInUse(tunnel, { routes: [...routes, ...shared], ports, liveConnectors: options.liveConnectors });
    for (const route of routes) draft.remove('route', route.id);
    removeMembers(draft, tunnel);
    for (const port of ports) draft.remove('port', port.id);
    draft.remove('ruleSet', tunnel.id);
    draft.remove('tunnel', tunnel.id);
  };
}

function refuseInUse(
  tunnel: Tunnel,
  {
    routes,
    ports,
    liveConnectors,
  }: {
    readonly routes: readonly { readonly id: string; readonly hostname: string; readonly path: string }[];
    readonly ports: readonly Port[];
    readonly liveConnectors: readonly string[];
  },
): void {
  const dependents = [
    ...routes.map((route) => ({ noun: 'route', id: route.id, name: routeName(route) })),
    ...ports.map((port) => ({ noun: 'port', id: port.id, name: portName(port) })),
    ...liveConnectors.map((name) => ({ noun: 'connector', id: name, name })),
  ];
  if (dependents.length === 0) return;
  const parts = [
    routes.length > 0 ? `${routes.length} ${routes.length === 1 ? 'route leads' : 'routes lead'} to it` : '',
    ports.length > 0 ? `${ports.length} ${ports.length === 1 ? 'port leads' : 'ports lead'} to it` : '',
    liveConnectors.length > 0
      ? `${liveConnectors.length} ${liveConnectors.length === 1 ? 'connector is' : 'connectors are'} connected`
      : '',
  ].filter((part) => part !== '');
  throw new SallyportError(
    'in-use',
    `The tunnel ${tunnel.name} is in use: ${parts.join(', and ')}. Stop them first, or delete it with force, which takes them along.`,
    { facts: { dependents } },
  );
}

/** Makes a second key. Both are valid until the rotation is finished or given up. */
export function startRotation(idOrName: string): Command<IssuedToken> {
  return (draft, context) => {
    const tunnel = changeable(draft, context, idOrName);
    if (tunnel.keys.length > 1) {
      throw new SallyportError(
        'conflict',
        `The key of ${tunnel.name} is being rotated already; finish that rotation, or give it up, first.`,
      );
    }
    const { token, publicKey } = context.tools.issueToken(tunnel.id);
    const key = newKey(context, publicKey);
    draft.put(
      'tunnel',
      { ...tunnel, keys: [...tunnel.keys, key], version: tunnel.version + 1 },
      'began rotation',
    );
    return { token, keyId: key.id };
  };
}

/** Revokes the old key. Refused while `movers` (connectors that still use it) are left, unless forced. */
export function finishRotation(
  idOrName: string,
  options: { readonly force: boolean; readonly stillOnOldKey: (tunnel: Tunnel) => readonly string[] },
): Command<Tunnel> {
  return (draft, context) => {
    const tunnel = rotating(draft, context, idOrName);
    const left = options.stillOnOldKey(tunnel);
    if (left.length > 0 && !options.force) {
      throw new SallyportError(
        'in-use',
        `${left.length === 1 ? `The connector on ${left[0]} uses` : `${left.length} connectors use`} the old key of ${tunnel.name} still; give them the new token first, or finish with force, which cuts them off.`,
        { facts: { dependents: left.map((name) => ({ noun: 'connector', id: name, name })) } },
      );
    }
    return keepKey(draft, tunnel, 1, 'rotated');
  };
}

/** Revokes the new key. */
export function abortRotation(idOrName: string): Command<Tunnel> {
  return (draft, context) => keepKey(draft, rotating(draft, context, idOrName), 0, 'gave up rotation');
}

/** Revokes every key and makes a new one. */
export function revokeTunnel(idOrName: string): Command<IssuedToken> {
  return (draft, context) => {
    const tunnel = changeable(draft, context, idOrName);
    const { token, publicKey } = context.tools.issueToken(tunnel.id);
    const key = newKey(context, publicKey);
    draft.put('tunnel', { ...tunnel, keys: [key], version: tunnel.version + 1 }, 'revoked keys');
    return { token, keyId: key.id };
  };
}

/**
 * The stored tunnel, which may be changed here.
 * @throws SallyportError 'not-found', or 'conflict' when edge.yml declares it
 */
export function changeable(draft: Draft, context: CommandContext, idOrName: string): Tunnel {
  const stored = draft.findTunnel(idOrName);
  if (!stored && declaredTunnel(context, idOrName)) {
    throw new SallyportError(
      'conflict',
      `The tunnel ${idOrName} is declared in edge.yml; change it there, the file is followed.`,
    );
  }
  return required(stored, 'tunnel', idOrName);
}

/** A tunnel of edge.yml by id or name. */
export function declaredTunnel({ declared }: Pick<CommandContext, 'declared'>, idOrName: string) {
  const wanted = idOrName.toLowerCase();
  return declared.tunnels.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
}

function rotating(draft: Draft, context: CommandContext, idOrName: string): Tunnel {
  const tunnel = changeable(draft, context, idOrName);
  if (tunnel.keys.length === 2) return tunnel;
  throw new SallyportError('conflict', `The key of ${tunnel.name} is not being rotated.`);
}

function keepKey(draft: Draft, tunnel: Tunnel, index: number, action: string): Tunnel {
  const next = { ...tunnel, keys: [tunnel.keys[index]!], version: tunnel.version + 1 };
  draft.put('tunnel', next, action);
  return next;
}

function newKey(context: CommandContext, publicKey: string): TunnelKey {
  return { id: context.newId(), publicKey, createdAtMs: context.nowMs };
}

function startRuleSet(draft: Draft, context: CommandContext, id: string): void {
  draft.put('ruleSet', { id, text: emptyRuleSetText, version: 1, changedAtMs: context.nowMs }, 'created');
}

function requireFreeName(
  draft: Draft,
  context: CommandContext,
  name: string,
  ownId: string | undefined,
): void {
  const taken = draft.findTunnel(name);
  const isTaken = taken !== undefined && taken.id !== ownId;
  if (!isTaken && !declaredTunnel(context, name)) return;
  throw new SallyportError('conflict', `A tunnel called ${name} exists already; choose another name.`);
}
