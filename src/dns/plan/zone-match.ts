// Which zone a hostname belongs to: the longest of those that cover it, over all providers and accounts.
import type { RecordSet } from '#model/dns/record-set.ts';
import { isWithin, lowerName, nameLabels, parentName } from '#wire/dns-name.ts';

/** The zone among `zones` with the longest name that covers `hostname`; the first of equals. */
export function longestZone<Zone extends { readonly name: string }>(
  zones: readonly Zone[],
  hostname: string,
): Zone | undefined {
  const name = lowerName(hostname);
  let best: Zone | undefined;
  for (const zone of zones) {
    if (!isWithin(name, lowerName(zone.name))) continue;
    if (!best || nameLabels(zone.name).length > nameLabels(best.name).length) best = zone;
  }
  return best;
}

/**
 * The name below a zone's top, at or above `hostname`, from which on other servers answer (NS) or another name does
 * (DNAME): records made below it would never be seen. undefined when there is none.
 */
export function cutAbove(
  hostname: string,
  zone: string,
  find: (name: string, type: string) => RecordSet | undefined,
): { readonly name: string; readonly by: RecordSet } | undefined {
  for (
    let name: string | undefined = hostname;
    name !== undefined && name !== zone;
    name = parentName(name)
  ) {
    const by = find(name, 'NS') ?? (name === hostname ? undefined : find(name, 'DNAME'));
    if (by) return { name, by };
  }
  return undefined;
}
