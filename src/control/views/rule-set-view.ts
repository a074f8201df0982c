// The ingress rules of a tunnel as the API shows them: the text at the edge for remotely managed ones, what the connectors
// publish for the others; and for each connector which of them it runs.
import type { RuleSetView } from '#api/tunnels.ts';
import { emptyRuleSetText } from '#model/ingress/rule-set.ts';
import type { Tunnel } from '#model/tunnel.ts';
import { stringify } from 'yaml';
import type { ControlTools } from '../command.ts';
import type { TunnelConnector } from '../edge-view.ts';
import type { ViewSources } from './tunnel-view.ts';

/** The view of one tunnel's rules. */
export function viewRules(
  { state }: ViewSources,
  tools: ControlTools,
  of: { readonly tunnel: Tunnel; readonly connectors: readonly TunnelConnector[] },
): RuleSetView {
  const { tunnel, connectors } = of;
  const isRemote = tunnel.management === 'remote';
  const stored = state.ruleSets.get(tunnel.id);
  const text = isRemote ? (stored?.text ?? emptyRuleSetText) : publishedText(connectors[0]);
  const { rules, warnings } = isRemote ? tools.readRules(text) : publishedRules(connectors[0]);
  return {
    tunnelId: tunnel.id,
    management: tunnel.management,
    version: isRemote ? (stored?.version ?? 1) : (connectors[0]?.rulesVersion ?? 0),
    text,
    rules: [...rules],
    warnings: [...warnings],
    connectors: connectors.map(({ instanceId, hostname, rulesVersion, config }) => ({
      instanceId,
      hostname,
      version: isRemote ? config.version : rulesVersion,
      state: isRemote ? config.state : 'local',
      detail: config.detail,
    })),
  };
}

function publishedRules(connector: TunnelConnector | undefined): Pick<RuleSetView, 'rules' | 'warnings'> {
  return { rules: (connector?.rules ?? []).map((rule) => ({ ...rule, line: null })), warnings: [] };
}

/** What a connector publishes, as its config.yml might say it. */
function publishedText(connector: TunnelConnector | undefined): string {
  if (!connector) return '';
  const ingress = connector.rules.map(({ hostname, path, service }) => ({
    ...(hostname === '' ? {} : { hostname }),
    ...(path === '' ? {} : { path }),
    service,
  }));
  return stringify({ ingress }, { lineWidth: 0 });
}

/** Whether the connector has yet to take the tunnel's newest rules: what it publishes is then about to change. */
export function awaitsRules({ state }: ViewSources, { tunnelId, config }: TunnelConnector): boolean {
  if (state.tunnels.get(tunnelId)?.management !== 'remote') return false;
  if (config.state === 'pending') return true;
  return config.state === 'current' && config.version < (state.ruleSets.get(tunnelId)?.version ?? 0);
}

/** Why nothing leads home yet, in such a moment. */
export function lateTrouble(tunnelName: string): string {
  return `The connector of ${tunnelName} is about to take the tunnel's new rules.`;
}
