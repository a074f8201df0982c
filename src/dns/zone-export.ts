// A zone as a master file (RFC 1035 section 5): to keep, to read, or to take to another provider. Loads as it is; where a
// provider keeps SOA and NS to itself, they are filled in.
import { isAddress } from '#base/net/ip.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { compareNames, lowerName, parseName } from '#wire/dns-name.ts';
import { parseServerAddress } from './client/server-address.ts';

export interface ExportedZone {
  readonly name: string;
  readonly records: readonly RecordSet[];
  /** Used for the NS records if the zone lists none. */
  readonly nameServers: readonly string[];
  /** For a SOA, if the zone lists none. */
  readonly serial: number;
}

/** The master file's text. */
export function exportZone(zone: ExportedZone): string {
  const origin = lowerName(zone.name);
  const all = [...zone.records];
  const has = (type: string): boolean => all.some((set) => set.type === type && set.name === origin);
  if (!has('NS')) all.push(...serversOf(zone));
  if (!has('SOA')) all.push(defaultSoa(zone));
  const sorted = all.toSorted(
    (a, b) => rank(a, origin) - rank(b, origin) || compareNames(a.name, b.name) || (a.type < b.type ? -1 : 1),
  );
  const width = Math.max(...sorted.map((set) => ownerText(set.name, origin).length));
  const lines = sorted.flatMap((set) =>
    set.values.map((value) =>
      [
        ownerText(set.name, origin).padEnd(width),
        String(set.ttlSeconds).padStart(6),
        'IN',
        set.type.padEnd(5),
        value,
      ].join(' '),
    ),
  );
  return `$ORIGIN ${origin}.\n${lines.join('\n')}\n`;
}

/** SOA first, as readers want it, then the zone's servers. */
function rank(set: RecordSet, origin: string): number {
  if (set.name !== origin) return 2;
  return set.type === 'SOA' ? 0 : set.type === 'NS' ? 1 : 2;
}

/** Relative to the origin, `@` for itself. */
function ownerText(name: string, origin: string): string {
  if (name === origin) return '@';
  return name.endsWith(`.${origin}`) ? name.slice(0, -origin.length - 1) : `${name}.`;
}

function serversOf({ name, nameServers }: ExportedZone): RecordSet[] {
  const names = nameServers
    .map((text) => parseServerAddress(text)?.host ?? '')
    .filter((host) => host !== '' && !isAddress(host) && parseName(host) !== undefined);
  // A zone without servers does not load; the name stands for those of the provider it goes to.
  return [
    recordSet(
      lowerName(name),
      'NS',
      3600,
      (names.length > 0 ? names : [`ns1.${name}`]).map((host) => `${host}.`),
    ),
  ];
}

function defaultSoa(zone: ExportedZone): RecordSet {
  const [server] = serversOf(zone)[0]!.values;
  const value = `${server} hostmaster.${zone.name}. ${zone.serial} 7200 3600 1209600 300`;
  return recordSet(lowerName(zone.name), 'SOA', 3600, [value]);
}
