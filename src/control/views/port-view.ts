// Ports as the API shows them, stored and declared, each with what the edge sees of it.
import type { PortView } from '#api/ports.ts';
import { compileRules } from '#model/ingress/ingress-match.ts';
import { type Port, portName, portSettingsOf } from '#model/port.ts';
import { awaitsRules, lateTrouble } from './rule-set-view.ts';
import { findTunnel, type ViewSources } from './tunnel-view.ts';

/** Every port, by name. */
export function allPorts(sources: ViewSources): PortView[] {
  const declared = sources.declared.ports ?? [];
  const inFile = new Set(declared.map(portName));
  return [
    ...declared.map((port) => portView(sources, { ...port, ...bare, id: `file:${portName(port)}` }, 'file')),
    ...[...sources.state.ports.values()]
      .filter((port) => !inFile.has(portName(port)))
      .map((port) => portView(sources, port, 'store')),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One by its id or name. */
export function findPort(sources: ViewSources, idOrName: string): PortView | undefined {
  return allPorts(sources).find(({ id, name }) => id === idOrName || name === idOrName);
}

const bare = { isEnabled: true, note: '', createdAtMs: 0, version: 1 } as const;

function portView(sources: ViewSources, port: Port, source: PortView['source']): PortView {
  const { id, tunnelId, isEnabled, note, createdAtMs, version } = port;
  const name = portName(port);
  const live = sources.look.ports?.find((each) => each.name === name) ?? unseen;
  const connector = sources.look.connectors.find((each) => each.tunnelId === tunnelId && !each.isDraining);
  const isLate = connector !== undefined && awaitsRules(sources, connector);
  const rule =
    connector?.rules[compileRules(connector.rules).match(port.hostname.replace(/^\*\./, 'x.'), '/')];
  const tunnelName = findTunnel(sources, tunnelId)?.tunnel.name ?? tunnelId;
  const found = { port, ...live, isConnected: connector !== undefined, isLate, tunnelName };
  const status = statusOf({ ...found, service: rule?.service ?? '' });
  return {
    ...{ id, ...portSettingsOf(port), tunnelId, isEnabled, note, createdAtMs, version },
    ...live,
    ...{ name, source, tunnelName },
    service: isLate && status.status === 'no-rule' ? '' : (rule?.service ?? ''),
    ...status,
  };
}

/** Services that are no stream of bytes; every other scheme is dialled as TCP. */
const notBytes = /^(https?|h2c|wss?|unix(\+tls)?|http_status):|^(hello[_-]world|bastion|socks-proxy)$/;

const unseen = { isOpen: false, trouble: '', active: 0, connections: 0, bytesIn: 0, bytesOut: 0 };

function statusOf(found: {
  readonly port: Port;
  readonly isOpen: boolean;
  readonly trouble: string;
  readonly isConnected: boolean;
  readonly isLate: boolean;
  readonly service: string;
  readonly tunnelName: string;
}): Pick<PortView, 'status' | 'trouble'> {
  const { port, tunnelName, service } = found;
  if (!port.isEnabled) return { status: 'disabled', trouble: '' };
  if (!found.isOpen) return { status: 'closed', trouble: found.trouble || 'The edge has not opened it yet.' };
  if (!found.isConnected)
    return { status: 'down', trouble: `No connector of the tunnel ${tunnelName} is connected.` };
  const wantsDatagrams = port.protocol === 'udp';
  const isDatagram = service.startsWith('udp:');
  if (service !== '' && !notBytes.test(service) && isDatagram === wantsDatagrams)
    return { status: 'up', trouble: '' };
  if (found.isLate) return { status: 'no-rule', trouble: lateTrouble(tunnelName) };
  const scheme = wantsDatagrams ? 'udp://' : 'tcp://';
  return {
    status: 'no-rule',
    trouble: `The connector of ${tunnelName} has no ingress rule for ${port.hostname} with a ${scheme} service; add one.`,
  };
}
