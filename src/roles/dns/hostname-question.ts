// What is to be asked of DNS about a hostname of this edge: of whom, and what the right answer is.
import { getServers } from 'node:dns';
import type { Clock } from '#base/clock.ts';
import { isSallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { addressesOf } from '#dns/client/published.ts';
import type { NameQuestion } from '#dns/name-check.ts';
import { addressesFrom } from '#dns/zone-servers.ts';
import { resolversOf, targetOf } from './dns-settings.ts';

/** Somebody waits for the answer. */
const askTimeoutMs = 1_500;

export interface HostnameQuestion {
  readonly config: EdgeConfig;
  readonly hostname: string;
  /** The zone that covers it and its servers, `host` or `host:port`, where they are known. */
  readonly zone?: { readonly name: string; readonly nameServers: readonly string[] } | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** The question; undefined when this edge does not know where it is itself. */
export async function questionFor(
  { config, hostname, zone, clock, random }: HostnameQuestion,
  signal: AbortSignal,
): Promise<NameQuestion | undefined> {
  const options = { clock, random, timeoutMs: askTimeoutMs };
  const resolvers = resolversOf(config.dns ?? { resolvers: [] }, getServers());
  const { addresses, alias } = targetOf(config);
  if (addresses.length === 0 && alias === undefined) return undefined;
  // Where edge.yml does not say where the edge is, its own name does.
  const known =
    addresses.length > 0
      ? addresses
      : await addressesFrom(alias!, resolvers, options, signal).catch((error: unknown) => {
          if (signal.aborted || !isSallyportError(error)) throw error;
          return [];
        });
  const servers = zone ? await addressesOf(zone.nameServers) : [];
  return {
    ...{ hostname, resolvers, options, target: { addresses: known, alias } },
    ...(servers.length > 0 ? { zone: { zone: zone!.name, servers } } : {}),
  };
}
