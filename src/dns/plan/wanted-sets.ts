// The record sets that make a hostname lead to this edge: an alias to the edge's own name where one can stand, else the
// edge's addresses.
import type { EdgeTarget } from '#model/dns/desired-name.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';

/** How long resolvers keep our records, in seconds. */
export interface RecordTtls {
  /** Addresses change when an edge fails over. */
  readonly address: number;
  /** Aliases do not. */
  readonly alias: number;
}

/** Types that lead a client somewhere; everything else under a hostname is none of our business. */
export const leadingTypes = ['CNAME', 'A', 'AAAA'] as const;

export interface WantedQuestion {
  readonly hostname: string;
  /** Name of its zone. */
  readonly zone: string;
  readonly target: EdgeTarget;
  readonly ttls: RecordTtls;
  /** The provider's smallest TTL. */
  readonly minTtlSeconds: number;
  /** Types beside the leading ones that stand under the hostname; a CNAME tolerates none (RFC 1034 section 3.6.2). */
  readonly otherTypes: readonly string[];
}

/** The sets, or a sentence that says why there can be none. */
export function wantedSets(question: WantedQuestion): RecordSet[] | string {
  const { hostname, zone, target, ttls, minTtlSeconds, otherTypes } = question;
  const { addresses, alias } = target;
  const mayBeAlias = alias !== undefined && hostname !== alias && hostname !== zone;
  if (mayBeAlias && otherTypes.length === 0) {
    return [recordSet(hostname, 'CNAME', Math.max(ttls.alias, minTtlSeconds), [`${alias}.`])];
  }
  if (addresses.length === 0) return `${why(question)}.`;
  const ttl = Math.max(ttls.address, minTtlSeconds);
  return (
    [
      ['A', false],
      ['AAAA', true],
    ] as const
  )
    .map(([type, isV6]) =>
      recordSet(
        hostname,
        type,
        ttl,
        addresses.filter((one) => one.includes(':') === isV6),
      ),
    )
    .filter(({ values }) => values.length > 0);
}

/** Whether a set that stands leads to this edge, whoever made it. */
export function leadsHere(set: RecordSet, { addresses, alias }: EdgeTarget): boolean {
  if (set.type === 'CNAME') return alias !== undefined && set.values[0] === `${alias}.`;
  return set.values.every((value) => addresses.includes(value));
}

function why({ hostname, zone, target, otherTypes }: WantedQuestion): string {
  if (target.alias === undefined) return `It is not known where ${hostname} should lead`;
  if (hostname === zone) return `${hostname} is the top of its zone, where no alias may stand`;
  if (hostname === target.alias) return `${hostname} is this edge's own name and needs addresses`;
  return `Beside the ${otherTypes.join(' and ')} records of ${hostname} no alias may stand`;
}
