// Every part of an edge as it is at one look, in the words that the other views have for it.
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { AccessKeyTrouble } from '#model/access/access-key-trouble.ts';
import type { CertificateView } from '#model/certificates/certificate-view.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import type { PartNow, PartState } from '#model/live/health.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { EdgeLook } from '#control/edge-view.ts';
import { accessKeyPartNames, certificateCure, cures, storeSentence } from '#control/views/troubles.ts';
import { tunnelStatusOf } from '#control/views/tunnel-view.ts';

export interface PartSources {
  readonly look: EdgeLook;
  /** Tunnels that may connect. */
  readonly tunnels: readonly TunnelEntry[];
  readonly origins: readonly OriginLive[];
  /** Why the store cannot be used, '' while it can; undefined: there is none. */
  readonly store: string | undefined;
  /** It cannot even be read. */
  readonly isStoreAway: boolean;
  /** What cannot be done with the keys of access. */
  readonly accessKeys: readonly AccessKeyTrouble[];
  readonly certificates: readonly CertificateView[];
  /** What was seen from outside. */
  readonly probes: readonly PartNow[];
  /** False where something in front ends TLS: then nobody misses a certificate. */
  readonly endsTls: boolean;
}

/** All of them. */
export function partsOf(sources: PartSources): PartNow[] {
  return [
    ...listenerParts(sources),
    ...storeParts(sources),
    ...accessKeyParts(sources),
    ...certificateParts(sources),
    ...dnsParts(sources),
    ...tunnelParts(sources),
    ...originParts(sources),
    ...memberParts(sources),
    ...sources.probes,
  ];
}

const well = { cure: '', isVital: false } as const;

/** What visitors can do without: external-dns is for another program, and of several workers the others serve. */
const dispensable: ReadonlySet<string> = new Set(['external-dns', 'workers']);

/** All others are how visitors get in. */
function listenerParts({ look }: PartSources): PartNow[] {
  const listeners = look.listeners.map(({ name, isReady, detail }): PartNow => ({
    ...{ kind: 'listener', name, state: isReady ? 'ok' : 'down', sentence: detail },
    ...{ cure: isReady ? '' : listenerCure(name), isVital: !dispensable.has(name) },
  }));
  const ports = (look.ports ?? []).map(({ name, isOpen, trouble }): PartNow => ({
    ...{ kind: 'listener', name, state: isOpen ? 'ok' : 'down', sentence: isOpen ? 'It is open.' : trouble },
    ...{ cure: isOpen ? '' : cures.listener, isVital: false },
  }));
  return [...listeners, ...ports];
}

function listenerCure(name: string): string {
  return name === 'workers' ? 'It is being replaced; the log of the edge says why it ended.' : cures.listener;
}

function storeParts({ store }: PartSources): PartNow[] {
  if (store === undefined) return [];
  if (store === '')
    return [{ ...well, kind: 'store', name: 'store', state: 'ok', sentence: 'It can be used.' }];
  return [
    {
      ...{ kind: 'store', name: 'store', state: 'down', isVital: false },
      ...{ sentence: storeSentence(store), cure: cures.store },
    },
  ];
}

/** Shown only while something is wrong. A store that is away is told once, as that; one that is full keeps keys from being made. */
function accessKeyParts({ accessKeys, isStoreAway }: PartSources): PartNow[] {
  return accessKeys
    .filter(({ what }) => what === 'copy' || !isStoreAway)
    .map(({ what, why }): PartNow => ({
      ...{ kind: 'store', name: accessKeyPartNames[what], state: 'degraded', isVital: false },
      ...{ sentence: accessKeySentences[what](why), cure: cures.accessKeys },
    }));
}

const accessKeySentences = {
  exchange: (why: string) =>
    `The keys of access cannot be read or exchanged; the edge goes on with those it has. ${why}`,
  copy: (why: string) =>
    `New keys of access are in force, but the data folder has those before: a start without the store would go by them. ${why}`,
} as const;

/** Those that visitors are shown, or should be. */
function certificateParts({ certificates, endsTls }: PartSources): PartNow[] {
  if (!endsTls) return [];
  const taken = new Set<string>();
  return certificates
    .filter(({ hostnames }) => hostnames.length > 0)
    .map(({ id, hostnames, state, isOrdering, detail, warning }): PartNow => {
      const first = hostnames[0]!;
      const name = taken.has(first) ? `${first} (${id})` : first;
      taken.add(name);
      const others = hostnames.length === 1 ? '' : ` It is shown for ${hostnames.length} hostnames.`;
      const shown = certificateState(state, warning, isOrdering);
      return {
        ...{ kind: 'certificate', name, state: shown, isVital: false },
        sentence: `${warning || detail}${others}`,
        cure: shown === 'ok' ? '' : certificateCure(first),
      };
    });
}

function certificateState(state: CertificateView['state'], warning: string, isOrdering: boolean): PartState {
  // The first is on its way: nobody knows yet whether it comes.
  if (state === 'missing' && isOrdering && warning === '') return 'unknown';
  if (state === 'bad' || state === 'missing') return 'down';
  return state === 'expiring' || warning !== '' ? 'degraded' : 'ok';
}

const nameParts = { good: 'ok', pending: 'degraded', conflict: 'down', failed: 'down' } as const;
const zoneParts = { good: 'ok', away: 'degraded', missing: 'down' } as const;

/** Names that the edge looks after, and their zones. Whether the others lead here is seen from outside. */
function dnsParts({ look }: PartSources): PartNow[] {
  const names = [...look.dns].flatMap(([hostname, { state, detail, cure }]): PartNow[] => {
    if (state === 'unmanaged') return [];
    return [{ kind: 'dns', name: hostname, state: nameParts[state], sentence: detail, cure, isVital: false }];
  });
  const zones = look.zones.map(({ name, provider, state, detail, cure }): PartNow => ({
    ...{ kind: 'dns', name: `zone ${name} at ${provider}`, state: zoneParts[state], isVital: false },
    ...{ sentence: detail || 'It can be read.', cure },
  }));
  return [...names, ...zones];
}

const tunnelStates = {
  healthy: 'ok',
  degraded: 'degraded',
  down: 'down',
  'never-connected': 'unknown',
} as const;

function tunnelParts({ look, tunnels }: PartSources): PartNow[] {
  const connectors = Map.groupBy(look.connectors, ({ tunnelId }) => tunnelId);
  const ends = Map.groupBy(look.disconnects, ({ tunnelId }) => tunnelId);
  return tunnels
    .filter(({ id }) => !isLocalTunnelId(id))
    .map(({ id, name, config }): PartNow => {
      const here = connectors.get(id) ?? [];
      const tunnel = { name, management: config ? 'remote' : 'local' } as const;
      const { status, trouble } = tunnelStatusOf(tunnel, here, ends.get(id)?.[0]?.reason);
      const count = here.reduce((sum, { connections }) => sum + connections.length, 0);
      return {
        ...{ kind: 'tunnel', name, state: tunnelStates[status], isVital: false, tunnelId: id },
        sentence:
          trouble ||
          `${count} connections of ${here.length} ${here.length === 1 ? 'connector' : 'connectors'}.`,
        cure: status === 'healthy' ? '' : status === 'degraded' ? cures.connectors : cures.tunnel,
      };
    });
}

function originParts({ origins, tunnels }: PartSources): PartNow[] {
  const names = new Map(tunnels.map(({ id, name }) => [id, name]));
  return origins.map(({ tunnelId, service, state, sentence }): PartNow => ({
    ...{ kind: 'origin', name: `${service} of ${names.get(tunnelId) ?? tunnelId}`, state, sentence },
    cure: state === 'ok' || state === 'unknown' ? '' : cures.origin,
    ...{ isVital: false, tunnelId },
  }));
}

const memberStates: Readonly<Record<MemberLive['state'], PartState>> = {
  ...{ up: 'ok', starting: 'ok', trial: 'degraded', ejected: 'down', down: 'down', offline: 'down' },
};

/** Services behind routes with several, by their own checks. */
function memberParts({ look }: PartSources): PartNow[] {
  return [...(look.members ?? [])].flatMap(([route, members]) =>
    members.map((member): PartNow => {
      const state = memberStates[member.state];
      return {
        ...{ kind: 'origin', name: `${member.name} of ${route}`, state, isVital: false },
        sentence: member.trouble || 'It takes requests.',
        cure: state === 'ok' ? '' : cures.origin,
      };
    }),
  );
}
