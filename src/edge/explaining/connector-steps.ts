// The steps between route and origin: connectors that are there, or why none is, and the ingress rule that takes the request.
import type { ConnectorLive, Disconnect } from '#model/live/live.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { ConnectorList } from '../tunnels/connector-list.ts';
import type { TunnelSlot } from '../tunnels/tunnel-registry.ts';
import { step } from './step.ts';

/** No connector takes requests: since when, and why the last one left. */
export function noConnector(
  connectors: Pick<ConnectorList, 'of' | 'disconnects'>,
  tunnel: string,
  tunnelId: string,
): ExplainStep {
  const [last] = connectors.disconnects(tunnelId);
  const isLeaving = connectors.of(tunnelId).length > 0;
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

/** The connectors of a tunnel with their connections. */
export function connectorStep(slots: readonly TunnelSlot[], tunnel: string, tunnelId: string): ExplainStep {
  const replicas = new Set(slots.map(({ connection }) => connection.instanceId));
  const rtts = slots.map(({ connection }) => connection.rttMs).filter((rtt) => rtt > 0);
  return step('connector', {
    status: slots.length > 1 || isLocalTunnelId(tunnelId) ? 'ok' : 'warning',
    title: `${replicas.size === 1 ? 'One connector' : `${replicas.size} connectors`} of ${tunnel}, ${slots.length === 1 ? 'one connection' : `${slots.length} connections`}`,
    detail: rtts.length === 0 ? '' : `A round trip takes ${Math.min(...rtts).toFixed(1)} ms.`,
    cure:
      slots.length > 1 || isLocalTunnelId(tunnelId)
        ? ''
        : 'One connection is one flow that may be lost; a connector keeps four unless it is told otherwise.',
    facts: { addresses: [...new Set(slots.map(({ connection }) => connection.remoteAddress))].join(', ') },
  });
}

/** The ingress rule that takes the request. */
export function ruleStep(
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
