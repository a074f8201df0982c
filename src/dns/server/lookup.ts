// What a zone says to a question (RFC 1034 section 4.3.2): the records, an alias and where it leads, a delegation, no such
// type, or no such name. Wildcards as RFC 4592 has them. Pure.
import type { DnsRecord } from '#wire/dns-message.ts';
import { decodeName, isWithin, lowerName, parentName } from '#wire/dns-name.ts';
import { recordTypes } from '#wire/dns-numbers.ts';
import type { ZoneIndex, ZoneNode } from './zone-index.ts';

/** Sections of an answer, and whether the name exists. */
export interface LookupResult {
  /** `referral`: other servers answer for this name, they are in `authorities`. */
  readonly kind: 'answer' | 'no-data' | 'no-name' | 'referral';
  /** Owner names as asked; aliases come before what they lead to. */
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** Aliases followed for one question; a longer chain ends there and the resolver goes on by itself. */
const maxAliases = 16;

/** "RFC8482" as the CPU of a HINFO record, and no OS. */
const anyData = Uint8Array.from([7, ...Buffer.from('RFC8482'), 0]);
const anyTtlSeconds = 3600;

/** Looks up a name, which must lie in the zone (case does not matter). */
export function lookup(zone: ZoneIndex, name: string, type: number): LookupResult {
  const answers: DnsRecord[] = [];
  const visited = new Set<string>();
  let owner = name;
  for (;;) {
    const lower = lowerName(owner);
    visited.add(lower);
    const cut = zone.hasCuts ? cutAt(zone, lower, type) : undefined;
    if (cut) return referral(zone, cut, answers);
    const node = zone.nodes.get(lower) ?? wildcardFor(zone, lower);
    if (!node) return negative(zone, 'no-name', answers);
    const found = recordsIn(node, type, owner);
    if (found) {
      answers.push(...found);
      return { kind: 'answer', answers, authorities: [], additionals: glueFor(zone, found) };
    }
    const alias = node.get(recordTypes.CNAME)?.[0];
    if (!alias) return negative(zone, 'no-data', answers);
    answers.push({ ...alias, name: owner });
    const target = decodeName(alias.data, 0).name;
    const leavesZone = !isWithin(lowerName(target), zone.name);
    const isRing = visited.has(lowerName(target));
    if (leavesZone || isRing || visited.size > maxAliases) {
      return { kind: 'answer', answers, authorities: [], additionals: [] };
    }
    owner = target;
  }
}

/** Records of the type; for ANY a note that says nothing of value to somebody who reflects traffic (RFC 8482). */
function recordsIn(node: ZoneNode, type: number, owner: string): DnsRecord[] | undefined {
  if (type !== recordTypes.ANY) return node.get(type)?.map((record) => ({ ...record, name: owner }));
  if (node.size === 0) return undefined;
  return [{ name: owner, type: recordTypes.HINFO, class: 1, ttlSeconds: anyTtlSeconds, data: anyData }];
}

/** The wildcard below the closest name that exists (RFC 4592 section 3.3.1), which alone may stand in. */
function wildcardFor(zone: ZoneIndex, name: string): ZoneNode | undefined {
  for (let up = parentName(name); up !== undefined; up = parentName(up)) {
    if (zone.nodes.has(up)) return zone.nodes.get(up === '' ? '*' : `*.${up}`);
  }
  return undefined;
}

/** The topmost delegation at or above a name. DS is the parent's to answer (RFC 4035 section 3.1.4.1). */
function cutAt(zone: ZoneIndex, name: string, type: number): readonly DnsRecord[] | undefined {
  let cut: readonly DnsRecord[] | undefined;
  let up = type === recordTypes.DS ? parentName(name) : name;
  for (; up !== undefined && up !== zone.name; up = parentName(up)) {
    cut = zone.nodes.get(up)?.get(recordTypes.NS) ?? cut;
  }
  return cut;
}

function referral(zone: ZoneIndex, cut: readonly DnsRecord[], answers: readonly DnsRecord[]): LookupResult {
  return { kind: 'referral', answers, authorities: cut, additionals: glueFor(zone, cut) };
}

function negative(zone: ZoneIndex, kind: 'no-data' | 'no-name', answers: readonly DnsRecord[]): LookupResult {
  return { kind, answers, authorities: [zone.negativeSoa], additionals: [] };
}

/** Addresses, from this zone, of the name servers among `records`. */
function glueFor(zone: ZoneIndex, records: readonly DnsRecord[]): DnsRecord[] {
  return records
    .filter(({ type }) => type === recordTypes.NS)
    .flatMap(({ data }) => {
      const node = zone.nodes.get(lowerName(decodeName(data, 0).name));
      return [...(node?.get(recordTypes.A) ?? []), ...(node?.get(recordTypes.AAAA) ?? [])];
    });
}
