// Our name server beside Knot and BIND: the same random zones, the same random questions, and the same answers, section by
// section. The zones are full of what is easily got wrong: wildcards at several depths, empty non-terminals, aliases that
// lead to wildcards, delegations and nowhere, names in mixed case.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { ask } from '#dns/client/ask.ts';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { exportZone } from '#dns/zone-export.ts';
import type { ZoneSnapshot } from '#model/dns/zone-snapshot.ts';
import { type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { type SeededRandom, seededRandom } from '#testkit/seeded-random.ts';
import type { DnsMessage, DnsRecord } from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { rcodeName, recordTypes, typeName } from '#wire/dns-numbers.ts';
import { formatRecordData } from '#wire/dns-record-text.ts';
import { type NameServer, startNameServer } from '../support/dns-servers.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';

const zoneName = 'lab.test';
const questionsEach = 600;
const seeds = [1, 2, 3, 4];
const labels = ['a', 'b', 'c', 'www', '*', '_tcp'];
const types = ['A', 'AAAA', 'TXT', 'MX', 'CNAME', 'NS', 'SOA', 'CAA', 'SRV', 'DS'] as const;

function randomName(random: SeededRandom, maxDepth: number): string {
  return Array.from({ length: random.integer(1, maxDepth) }, () => random.pick(labels)).join('.');
}

/** Lines that a name server loads: no CNAME beside others, nothing but glue below a delegation. */
function randomLines(random: SeededRandom): RecordLine[] {
  const names = [...new Set(Array.from({ length: 24 }, () => randomName(random, 3)))].filter(
    (name) => name !== '*.*',
  );
  const cuts = names.filter((name) => !name.includes('*') && !name.includes('_') && random.fraction() < 0.15);
  const isBelow = (name: string): boolean => cuts.some((cut) => name.endsWith(`.${cut}`));
  const lines: RecordLine[] = [
    ['', 'NS', 'ns.lab.test.'],
    ['', 'MX', '10 mail.elsewhere.test.'],
    ['ns', 'A', '127.0.0.1'],
  ];
  for (const cut of cuts.filter((name) => !isBelow(name))) {
    lines.push([cut, 'NS', `ns.${cut}.lab.test.`], [`ns.${cut}`, 'A', '192.0.2.53']);
  }
  for (const name of names.filter((one) => !isBelow(one) && !cuts.includes(one))) {
    const dice = random.fraction();
    if (dice < 0.3)
      lines.push([name, 'CNAME', random.pick([`${randomName(random, 3)}.lab.test.`, 'www.elsewhere.test.'])]);
    else if (dice < 0.6)
      lines.push([name, 'A', `192.0.2.${random.integer(1, 9)}`], [name, 'A', '192.0.2.100']);
    else if (dice < 0.8) lines.push([name, 'TXT', '"text"'], [name, 'AAAA', '2001:db8::1']);
    else lines.push([name, 'MX', '10 mail.elsewhere.test.']);
  }
  return lines;
}

const mixCase = (random: SeededRandom, text: string): string =>
  text
    .split('')
    .map((letter) => (random.fraction() < 0.5 ? letter.toUpperCase() : letter))
    .join('');

/** What must be equal: code, AA, the records of answer and authority in any order, once (a ring of aliases is). */
function essence(message: DnsMessage): string {
  const line = ({ name, type, ttlSeconds, data }: DnsRecord): string =>
    `${lowerName(name)} ${ttlSeconds} ${typeName(type)} ${type === recordTypes.SOA ? '' : formatRecordData(type, data).toLowerCase()}`;
  const section = (list: readonly DnsRecord[]): string =>
    [...new Set(list.map(line))].toSorted().join('\n    ');
  return `${rcodeName(message.rcode)}${message.isAuthoritative ? ' aa' : ''}
  answer:
    ${section(message.answers)}
  authority:
    ${section(message.authorities)}`;
}

/** The judges add the zone's NS set to some answers, which is allowed and of no use (RFC 8198 aside); it is not compared. */
function withoutNsCourtesy(message: DnsMessage): DnsMessage {
  if (message.answers.length === 0) return message;
  const authorities = message.authorities.filter(
    ({ name, type }) => type !== recordTypes.NS || lowerName(name) !== zoneName,
  );
  return { ...message, authorities };
}

for (const seed of seeds) {
  test(`random zone ${seed} is answered as Knot and BIND answer it`, async () => {
    const random = seededRandom(seed);
    const zone: ZoneSnapshot = zoneFrom(zoneName, randomLines(random));
    const own: DnsServer = await startOwnDnsServer({
      zones: [zone],
      rate: { perSecond: 1e6, allPerSecond: 1e6, slip: 2, maxEntries: 100 },
    });
    const soa = `ns1.${zoneName}. hostmaster.${zoneName}. 1 600 120 1209600 60`;
    const soaSet = { name: zoneName, type: 'SOA', ttlSeconds: 300, values: [soa] };
    const text = exportZone({ ...zone, records: [...zone.records, soaSet], nameServers: [] });
    const judges: NameServer[] = [];
    try {
      for (const kind of ['knot', 'bind'] as const) {
        const keySecret = Buffer.alloc(32, 1).toString('base64');
        judges.push(await startNameServer(kind, { zone: zoneName, keySecret, zoneText: text }));
      }
      const options = { clock: systemClock, random: systemRandom, timeoutMs: 10_000, tries: 1 };
      const signal = new AbortController().signal;
      const owners = zone.records.map(({ name }) => name);
      for (let i = 0; i < questionsEach; i++) {
        const known = random.pick(owners);
        const name = random.pick([
          known,
          `${randomName(random, 3)}.${zoneName}`,
          `${random.pick(labels)}.${known}`,
          known.replaceAll('*', 'x'),
        ]);
        const question = { name: mixCase(random, name), type: recordTypes[random.pick(types)] };
        const at = (port: number): Promise<DnsMessage> =>
          ask({ host: '127.0.0.1', port }, question, options, signal);
        const ours = await at(own.ports[0]!);
        const theirs = await Promise.all(
          judges.map(async ({ port }) => essence(withoutNsCourtesy(await at(port)))),
        );
        const mine = essence(withoutNsCourtesy(ours));
        // Where the judges differ from each other (rings of aliases), one of them is judge enough.
        if (theirs.includes(mine)) continue;
        assert.equal(mine, theirs[0], `${question.name} ${typeName(question.type)} of\n${text}`);
      }
    } finally {
      for (const judge of judges) await judge.close();
      await own.close();
    }
  });
}
