import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLog } from '#base/log.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import {
  defaultAuthorityTimes,
  isLaterSerial,
  nextSerial,
  type ZoneSnapshot,
} from '#model/dns/zone-snapshot.ts';
import { dnsProviderSuite, seedRecords } from '#testkit/dns-provider-suite.ts';
import { LocalProvider } from './local-provider.ts';
import { type LocalZoneConfig, LocalZones, type LocalZonesOptions } from './local-zones.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-local-'));
after(() => rmSync(folder, { recursive: true }));
const zone = 'example.test';
const fixed = [
  recordSet(zone, 'NS', 3600, ['ns1.example.test.']),
  recordSet(`ns1.${zone}`, 'A', 3600, ['192.0.2.53']),
];
const config: LocalZoneConfig = {
  ...{ name: zone, fixed },
  authority: { primary: `ns1.${zone}`, mailbox: `hostmaster.${zone}`, ...defaultAuthorityTimes },
};

function open(more: Partial<LocalZonesOptions> = {}): { zones: LocalZones; snapshots: ZoneSnapshot[] } {
  const snapshots: ZoneSnapshot[] = [];
  const zones = new LocalZones({
    ...{ zones: [config], file: undefined, wallMs: () => 1_000_000, log: silentLog },
    onChange: ([snapshot]) => snapshots.push(snapshot!),
    ...more,
  });
  return { zones, snapshots };
}

dnsProviderSuite('the built-in server', async () => {
  const { zones } = open();
  const seeds = seedRecords.map(([name, type, ttl, values]) =>
    recordSet(name === '' ? zone : `${name}.${zone}`, type, ttl, values),
  );
  const put = (name: string, type: string, set: RecordSet | undefined): void => {
    zones.write(zone, [{ name, type, after: set }]);
    zones.commit(zone);
  };
  for (const set of seeds) put(set.name, set.type, set);
  return {
    ...{ provider: new LocalProvider(zones, ['127.0.0.1']), stranger: undefined, secret: '', zone },
    byHand: async (name, type, set) => put(name, type, set),
    close: async () => {},
  };
});

test('records and serial outlive a restart, and the serial never goes back, whatever the clock does', () => {
  const file = join(folder, 'zones.json');
  const made = recordSet(`blog.${zone}`, 'A', 60, ['192.0.2.1']);
  const first = open({ file, wallMs: () => 5_000_000 });
  first.zones.write(zone, [{ name: made.name, type: 'A', after: made }]);
  first.zones.commit(zone);
  first.zones.commit(zone);
  assert.deepEqual(
    first.snapshots.map(({ serial }) => serial),
    [5001, 5002],
  );
  const second = open({ file, wallMs: () => 1_000_000 });
  assert.deepEqual(second.zones.get(zone, made.name, 'A'), made);
  assert.equal(second.zones.snapshots()[0]!.serial, 5003);
});

test('a damaged file is one sentence and no start', () => {
  const file = join(folder, 'damaged.json');
  writeFileSync(file, '{"version":1,"zones":{"example.test":{"serial":"x"}}}');
  assert.throws(() => open({ file }), /damaged; restore it, or move it away/);
});

test('a file that cannot be written leaves the answers as they are to be', () => {
  const file = join(folder, 'taken', 'zones.json');
  const lines: string[] = [];
  const log = { ...silentLog, error: (line: string) => void lines.push(line) };
  const { zones, snapshots } = open({ file, log });
  writeFileSync(join(folder, 'taken'), '');
  zones.write(zone, [
    { name: `a.${zone}`, type: 'A', after: recordSet(`a.${zone}`, 'A', 60, ['192.0.2.1']) },
  ]);
  zones.commit(zone);
  assert.equal(snapshots.length, 1);
  assert.match(lines[0]!, /goes on from memory/);
});

test('records of edge.yml cannot be changed, and win over kept ones', async () => {
  const { zones } = open();
  const provider = new LocalProvider(zones, []);
  const [listed] = await provider.listZones();
  const before = fixed[1]!;
  const changes = [{ name: before.name, type: 'A', before, after: { ...before, values: ['192.0.2.1'] } }];
  const outcomes: unknown[] = [];
  await provider.apply(
    listed!,
    [{ id: 'a', changes }],
    (_id, outcome) => void outcomes.push(outcome),
    new AbortController().signal,
  );
  assert.deepEqual(outcomes, [{ state: 'conflict', detail: 'ns1.example.test A is set in edge.yml' }]);
  zones.write(zone, [{ name: before.name, type: 'A', after: { ...before, values: ['192.0.2.9'] } }]);
  assert.deepEqual(zones.get(zone, before.name, 'A'), before);
});

test('serials are compared around the end of their 32 bits', () => {
  assert.ok(isLaterSerial(1, 0xffffffff));
  assert.ok(!isLaterSerial(0xffffffff, 1));
  assert.ok(!isLaterSerial(7, 7));
  assert.equal(nextSerial(0xffffffff, 0xffffffff * 1000), 0);
  assert.equal(nextSerial(10, 5_000), 11);
  assert.equal(nextSerial(10, 50_000), 50);
});
