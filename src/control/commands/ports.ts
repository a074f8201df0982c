// Commands on ports. As with routes, a port to a remotely managed tunnel may bring its ingress rule along.
import { SallyportError } from '#base/errors.ts';
import { type Port, portFault, portName, type PortSettings, portSettingsOf } from '#model/port.ts';
import type { Command, CommandContext } from '../command.ts';
import { required } from '../control-state.ts';
import type { Draft } from '../draft.ts';
import { targetOf, tunnelWithRules } from './routes.ts';
import { putServiceRule, removeServiceRule } from './rule-sets.ts';
import { requireVersion } from './version-guard.ts';

export interface NewPort extends PortSettings {
  /** Id or name. */
  readonly tunnel: string;
  readonly service?: string | undefined;
  readonly note: string;
  readonly isEnabled: boolean;
}

/** Opens a port. */
export function createPort(input: NewPort): Command<Port> {
  return (draft, context) => {
    const target = targetOf(draft, context, input.tunnel);
    const port: Port = {
      id: context.newId(),
      ...portSettingsOf(input),
      tunnelId: target.id,
      isEnabled: input.isEnabled,
      note: input.note,
      createdAtMs: context.nowMs,
      version: 1,
    };
    requireFree(draft, context, port);
    draft.put('port', port, 'created');
    if (input.service !== undefined && input.service !== '')
      putServiceRule(draft, context, tunnelWithRules(draft, target), ruleOf(port, input.service));
    return port;
  };
}

export interface PortChange {
  readonly port?: number | undefined;
  readonly address?: string | undefined;
  readonly hostname?: string | undefined;
  readonly tunnel?: string | undefined;
  readonly service?: string | undefined;
  readonly proxyProtocol?: Port['proxyProtocol'] | undefined;
  readonly from?: readonly string[] | undefined;
  /** Null: the default of its protocol. */
  readonly idleSeconds?: number | null | undefined;
  readonly maxConnections?: number | undefined;
  readonly maxPerAddress?: number | undefined;
  readonly note?: string | undefined;
  readonly isEnabled?: boolean | undefined;
}

/** Changes what is given. A rule for another hostname or tunnel is made only with `service`. */
export function updatePort(idOrName: string, change: PortChange, ifMatch?: number): Command<Port> {
  return (draft, context) => {
    const port = changeablePort(draft, context, idOrName);
    requireVersion(port, ifMatch);
    const target = change.tunnel === undefined ? undefined : targetOf(draft, context, change.tunnel);
    const { idleSeconds: present, ...bare } = port;
    const idleSeconds = change.idleSeconds === undefined ? present : (change.idleSeconds ?? undefined);
    const next: Port = {
      ...bare,
      port: change.port ?? port.port,
      address: change.address ?? port.address,
      hostname: change.hostname ?? port.hostname,
      tunnelId: target?.id ?? port.tunnelId,
      proxyProtocol: change.proxyProtocol ?? port.proxyProtocol,
      from: change.from === undefined ? port.from : [...change.from],
      ...(idleSeconds === undefined ? {} : { idleSeconds }),
      maxConnections: change.maxConnections ?? port.maxConnections,
      maxPerAddress: change.maxPerAddress ?? port.maxPerAddress,
      note: change.note ?? port.note,
      isEnabled: change.isEnabled ?? port.isEnabled,
      version: port.version + 1,
    };
    requireFree(draft, context, next);
    draft.put('port', next, 'changed');
    if (change.service !== undefined && change.service !== '') {
      const tunnel = tunnelWithRules(draft, { id: next.tunnelId, name: next.tunnelId });
      putServiceRule(draft, context, tunnel, ruleOf(next, change.service));
    }
    return next;
  };
}

/** Closes a port, and removes the rule for exactly its hostname when no other port or route needs it. */
export function deletePort(idOrName: string, ifMatch?: number): Command<void> {
  return (draft, context) => {
    const port = changeablePort(draft, context, idOrName);
    requireVersion(port, ifMatch);
    draft.remove('port', port.id);
    const tunnel = draft.get('tunnel', port.tunnelId);
    if (tunnel && !isStillNeeded(draft, port)) removeServiceRule(draft, context, tunnel, ruleOf(port, ''));
  };
}

function ruleOf({ hostname }: Port, service: string) {
  return { hostname, path: '/', service };
}

function isStillNeeded(draft: Draft, { hostname, tunnelId }: Port): boolean {
  const isSame = (each: { readonly hostname: string; readonly tunnelId: string }): boolean =>
    each.hostname === hostname && each.tunnelId === tunnelId;
  return draft.list('port').some(isSame) || draft.list('route').some(isSame);
}

function changeablePort(draft: Draft, { declared }: CommandContext, idOrName: string): Port {
  const found = draft.get('port', idOrName) ?? draft.list('port').find((each) => portName(each) === idOrName);
  const name = idOrName.replace(/^file:/, '');
  if (!found && declared.ports?.some((each) => portName(each) === name)) {
    throw new SallyportError(
      'conflict',
      `The port ${name} is declared in edge.yml; change it there, the file is followed.`,
    );
  }
  return required(found, 'port', idOrName);
}

/** What a schema of single values cannot see. @throws SallyportError 'invalid' or 'conflict' */
function requireFree(draft: Draft, { declared }: CommandContext, port: Port): void {
  const fault = portFault(port);
  if (fault !== '') throw new SallyportError('invalid', `The port cannot be used: ${fault}.`);
  const others = [...draft.list('port').filter(({ id }) => id !== port.id), ...(declared.ports ?? [])];
  const name = portName(port);
  if (others.some((each) => portName(each) === name))
    throw new SallyportError('conflict', `The port ${name} exists already; change that one instead.`);
  const neighbour = others.find(
    (each) =>
      each.port === port.port && port.port > 0 && isTcp(each) && isTcp(port) && !areServerNames(each, port),
  );
  if (neighbour) {
    throw new SallyportError(
      'conflict',
      `${portName(neighbour)} has port ${port.port} already; only TLS ports with different names can share one.`,
    );
  }
  const isSite = (each: { readonly hostname: string }): boolean => each.hostname === port.hostname;
  if (port.protocol !== 'tls' || port.port !== 0) return;
  if (draft.list('route').some(isSite) || declared.routes.some(isSite)) {
    throw new SallyportError(
      'conflict',
      `${port.hostname} has a route, whose TLS ends at the edge; remove that first, or give the port a number of its own.`,
    );
  }
}

function isTcp({ protocol }: Pick<Port, 'protocol'>): boolean {
  return protocol !== 'udp';
}

function areServerNames(
  a: Pick<Port, 'protocol' | 'address'>,
  b: Pick<Port, 'protocol' | 'address'>,
): boolean {
  return a.protocol === 'tls' && b.protocol === 'tls' && a.address === b.address;
}
