// The support bundle of an edge: what its own process has, and what the control plane knows. What it must not hold is said in
// docs/support-bundle.md, and a test plants secrets everywhere to prove it.
import { secretsOf } from '../notify/deliver.ts';
import type { Notifier } from '../notify/notifier.ts';
import { type SupportText, supportTexts } from '#base/support/support-bundle.ts';
import type { Status } from '#api/status.ts';
import type { ChannelView } from '#api/notifications.ts';
import { allRoutes } from '../views/route-view.ts';
import { allTunnels, lookAt, type Sources, TunnelIndex, viewTunnel } from '../views/tunnel-view.ts';

export interface EdgeBundleSources extends Sources {
  readonly notifier: Notifier;
  readonly status: () => Promise<Status>;
  readonly channels: () => readonly ChannelView[];
}

/** The texts as they go out. */
export async function edgeBundle(sources: EdgeBundleSources): Promise<SupportText[]> {
  const { control, edge, notifier } = sources;
  const [facts, status, view, { parts }, probes] = await Promise.all([
    ...([edge.supportFacts(), sources.status(), lookAt(sources)] as const),
    ...([edge.health(), edge.listProbes()] as const),
  ]);
  const index = new TunnelIndex(view);
  const tunnels = allTunnels(view).map((found) => viewTunnel(view, found, index));
  const { look } = view;
  const json = (name: string, about: string, data: unknown): SupportText => ({
    ...{ name, about },
    text: `${JSON.stringify(data, undefined, 2)}\n`,
  });
  const { troubles, ...rest } = status;
  const texts = [
    json('machine.json', 'versions, system, memory, names of environment variables', facts.machine),
    json('doctor.json', 'checks of the machine, with cures', facts.checks),
    json('health.json', 'every part and since when, hostnames seen from outside, counts', {
      ...{ ...rest, parts, probes },
    }),
    json('troubles.json', 'what is wrong, since when, with cures', troubles),
    json('edge.json', 'edge.yml as it is in force, without secrets', facts.config),
    json('tunnels.json', 'tunnels and how they are', tunnels),
    json('connectors.json', 'connectors that are connected, and why others left', {
      connectors: look.connectors.map(({ publicKey: _key, ...connector }) => connector),
      disconnects: look.disconnects,
    }),
    json('routes.json', 'routes and how they are', allRoutes(view)),
    json('certificates.json', 'state of the certificate of each hostname', [...look.certificates]),
    json('names.json', 'state of the DNS records of each hostname, and zones', {
      names: [...look.dns],
      zones: look.zones,
    }),
    json('notifications.json', 'channels without what opens them, and what became of messages', {
      channels: sources.channels(),
      history: notifier.history,
    }),
    { name: 'metrics.txt', about: 'metrics as Prometheus reads them', text: facts.metrics },
    { name: 'log.txt', about: 'the last lines of the log of the edge', text: facts.log },
  ];
  return supportTexts(texts, [...facts.secrets, ...channelSecrets(sources), ...storedSecrets(control)]);
}

function channelSecrets({ control, notifier }: EdgeBundleSources): string[] {
  return [...control.state.channels.values()].flatMap((channel) => {
    try {
      return [channel.sealed, ...secretsOf(notifier.settingsOf(channel))];
    } catch {
      // Of another key file: nobody here can open it, and nothing of it can be here.
      return [channel.sealed];
    }
  });
}

/** Hashes open nothing by themselves, and help nobody. */
function storedSecrets({ state }: Sources['control']): string[] {
  return [
    ...[...state.users.values()].flatMap(({ passwordHash, totpSecret, recoveryCodes }) => [
      ...[passwordHash ?? '', totpSecret ?? '', ...recoveryCodes],
    ]),
    ...[...state.apiKeys.values()].map(({ hash }) => hash),
    ...[...state.pagePasswords.values()].map(({ hash }) => hash),
  ];
}
