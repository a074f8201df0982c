// Which DNS records an edge needs for itself, who makes them, and what a resolver says of them now.
import { Resolver } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { errorText } from '#base/errors.ts';
import { cidrSet, privatePrefixes } from '#base/net/ip.ts';
import type { SetUpEdge, SetUpRequest } from '#cli/runners.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';

type NeededRecord = SetUpEdge['records'][number];

/** A resolver that answers at all does so in far less. */
const resolveTimeoutMs = 3_000;

/** The records of the edge's own names and of the domain's others, each looked up. */
export async function checkRecords(
  config: EdgeConfig,
  { addresses: named, domain }: Pick<SetUpRequest, 'addresses' | 'domain'>,
): Promise<NeededRecord[]> {
  const addresses = config.dns?.addresses ?? addressesOf(named);
  const parent = domain === '' ? commonDomain(config) : domain;
  const names = [
    ...(config.hostname === undefined ? [] : [config.hostname]),
    ...(config.dashboard ? [config.dashboard.hostname] : []),
    ...(parent === '' || config.dns ? [] : [`*.${parent}`]),
  ];
  const served = (config.dns?.serve?.zones ?? []).map(({ name }) => name);
  const isServed = (name: string): boolean =>
    served.some((zone) => name === zone || name.endsWith(`.${zone}`));
  const provider = (config.dns?.providers ?? []).map(({ name }) => name).join(', ');
  return await Promise.all([
    ...served.map((zone) => checkDelegation(zone, config.hostname ?? '')),
    ...names
      // What the edge answers for needs no record; its own name does, as the address (glue) beside the delegation.
      .filter((name) => !isServed(name) || name === config.hostname)
      .map((name) => checkAddresses(name, addresses, isServed(name) ? '' : provider)),
  ]);
}

/** The addresses named, or else those of this machine's interfaces that the world can reach; none behind a NAT. */
export function addressesOf(named: readonly string[]): readonly string[] {
  if (named.length > 0) return named;
  const isPrivate = cidrSet(privatePrefixes);
  return Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, address }) => !internal && !isPrivate.has(address))
    .map(({ address }) => address);
}

/** The domain of an edge.yml that is there: what the edge and its dashboard are both directly or further below; '' if unclear. */
function commonDomain({ hostname, dashboard }: EdgeConfig): string {
  const parent = dashboard?.hostname.split('.').slice(1).join('.') ?? '';
  return parent !== '' && hostname?.endsWith(`.${parent}`) ? parent : '';
}

async function checkDelegation(zone: string, edge: string): Promise<NeededRecord> {
  const found = await newResolver().resolveNs(zone).catch(whyNotFound);
  const isGood = typeof found !== 'string' && found.includes(edge);
  const told = typeof found === 'string' ? found : `found ${found.join(', ')}`;
  return { name: zone, type: 'NS', value: edge, madeAt: '', isGood, found: told };
}

async function checkAddresses(
  name: string,
  wanted: readonly string[],
  madeAt: string,
): Promise<NeededRecord> {
  const resolver = newResolver();
  // A wildcard is asked for by a name that nobody has made.
  const asked = name.replace(/^\*\./, 'sallyport-check.');
  const answers = await Promise.allSettled([resolver.resolve4(asked), resolver.resolve6(asked)]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const [failed] = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason as unknown] : [],
  );
  const isGood =
    found.length > 0 && (wanted.length === 0 || found.every((address) => wanted.includes(address)));
  const isSix = wanted.length > 0 && wanted.every((address) => address.includes(':'));
  const isFour = wanted.length > 0 && wanted.every((address) => !address.includes(':'));
  return {
    name,
    type: isSix ? 'AAAA' : isFour ? 'A' : 'A/AAAA',
    value: wanted.join(', ') || "this machine's public address",
    madeAt,
    isGood,
    found: found.length > 0 ? `found ${found.join(', ')}` : whyNotFound(failed),
  };
}

function whyNotFound(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOTFOUND' || code === 'ENODATA') return 'there is none yet';
  return `the resolver did not say: ${errorText(error)}`;
}

function newResolver(): Resolver {
  return new Resolver({ timeout: resolveTimeoutMs, tries: 1 });
}
