// A port followed through the edge: is it open, who may connect, is a connector there, which rule serves it, and is the service
// reached. A hostname whose TLS is passed on is a port, too. The service is reached through the tunnel as for a client, and
// left before a byte is sent.
import { closestName } from '#base/text/closest-name.ts';
import type { PortEntry, TunnelEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { type ExchangeFailure, failureCodes } from '#http/exchange.ts';
import type { PortLive } from '#model/live/port-live.ts';
import type { ConnectorList } from '../tunnels/connector-list.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';
import { connectorStep, noConnector, ruleStep } from './connector-steps.ts';
import { originCures } from './origin-steps.ts';
import { nameOf } from './route-step.ts';
import { skipped, step } from './step.ts';

export interface ExplainPortTools {
  readonly registry: TunnelRegistry;
  readonly tunnels: readonly TunnelEntry[];
  readonly connectors: Pick<ConnectorList, 'of' | 'disconnects'>;
  readonly nowMs: () => number;
  /** Names of the ports in force. */
  readonly names: readonly string[];
  readonly find: (name: string) => { readonly entry: PortEntry; readonly live: PortLive } | undefined;
  /** Resolves with why the service could not be reached, or with undefined. */
  readonly tryService: (entry: PortEntry) => Promise<ExchangeFailure | undefined>;
}

/** The steps, for a port's name. */
export async function explainPort(name: string, tools: ExplainPortTools): Promise<ExplainStep[]> {
  const found = tools.find(name);
  if (!found)
    return [noPort(name, tools.names), ...skipped(['access', 'limits', 'connector', 'rule', 'origin'])];
  const { entry, live } = found;
  const { tunnelId } = entry;
  const tunnel = nameOf(tools, tunnelId);
  const steps = [portStep(entry, live, tunnel), accessStep(entry), limitsStep(entry, live)];
  const slots = [...tools.registry.slots].filter(({ connection }) => connection.tunnelId === tunnelId);
  const [first] = slots;
  if (!first) {
    const gone = noConnector(tools.connectors, tunnel, tunnelId);
    const detail = gone.detail.replace(/^Visitors see [^.]*\./, 'Clients are let in and cut off.');
    return [...steps, { ...gone, detail }, ...skipped(['rule', 'origin'])];
  }
  const index = first.matcher.match(entry.hostname.replace(/^\*\./, 'x.'), '/');
  const rule = first.rules.rules[index];
  const ruled = ruleStep(rule, index, tools.connectors.of(tunnelId));
  const way = [...steps, connectorStep(slots, tunnel, tunnelId), ruled];
  if (!rule || way.some(({ status }) => status === 'failed')) return [...way, ...skipped(['origin'])];
  const started = tools.nowMs();
  const failed = await tools.tryService(entry);
  const ms = tools.nowMs() - started;
  if (failed?.code === 'no-ingress') {
    const cure = 'Give the hostname of the port a rule with a tcp:// or udp:// service.';
    const refused = { ...ruled, status: 'failed', detail: `${failed.detail}.`, cure } as const;
    return [...way.slice(0, -1), refused, ...skipped(['origin'])];
  }
  return [...way, originStep({ service: rule.service, protocol: entry.protocol, failed, ms })];
}

function noPort(name: string, names: readonly string[]): ExplainStep {
  const near = closestName(name, names);
  return step('port', {
    status: 'failed',
    title: `No port ${name} is in force`,
    detail: near === undefined ? 'No port has a name like it.' : `The nearest is ${near}.`,
    cure: `Open it with "sallyport port add ${name} --tunnel NAME --service URL", or with "sallyport port update ${name} --enable" if it is only disabled.`,
  });
}

function portStep({ name, protocol }: PortEntry, { isOpen, trouble }: PortLive, tunnel: string): ExplainStep {
  const facts = { port: name, tunnel };
  if (!isOpen) {
    return step('port', {
      status: 'failed',
      title: `${name} is not open`,
      detail: trouble.endsWith('.') ? trouble : `${trouble}.`,
      cure: 'Until then nobody is served there; the edge tries again by itself.',
      facts,
    });
  }
  const detail = protocol === 'tls' ? 'TLS is passed on unopened; it ends at home.' : '';
  return step('port', { status: 'ok', title: `${name} leads to the tunnel ${tunnel}`, detail, facts });
}

function accessStep({ from, protocol }: PortEntry): ExplainStep {
  const what = protocol === 'udp' ? 'send' : 'connect';
  return step('access', {
    status: 'ok',
    title: from.length === 0 ? `Anybody may ${what}` : `Only ${from.join(', ')} may ${what}`,
    detail: 'The edge asks nobody to sign in; the service may.',
  });
}

function limitsStep(
  { maxConnections, maxPerAddress, protocol }: PortEntry,
  { active }: PortLive,
): ExplainStep {
  const isFull = active >= maxConnections;
  const what = protocol === 'udp' ? 'clients' : 'connections';
  return step('limits', {
    status: isFull ? 'failed' : 'ok',
    title: `${active} of at most ${maxConnections} ${what} are there`,
    detail: `From one address ${maxPerAddress} may come at once.${isFull ? ' Whoever comes now is turned away.' : ''}`,
    cure: isFull ? 'Raise maxConnections, or find out who keeps them open in the access log.' : '',
  });
}

function originStep({
  service,
  protocol,
  failed,
  ms,
}: {
  readonly service: string;
  readonly protocol: PortEntry['protocol'];
  readonly failed: ExchangeFailure | undefined;
  readonly ms: number;
}): ExplainStep {
  if (failed) {
    return step('origin', {
      status: 'failed',
      title: `${service} was not reached`,
      detail: `${failureCodes[failed.code][1]} (${failed.detail})`,
      cure: originCures[failed.code] ?? '',
      ms,
    });
  }
  const isSilent = protocol === 'udp';
  return step('origin', {
    status: 'ok',
    title: isSilent ? `Datagrams leave for ${service}` : `${service} was reached`,
    detail: isSilent ? 'Whether it answers shows only to a client that asks it.' : 'Nothing was sent to it.',
    ms,
  });
}
