// Exported zones are read by named-checkzone, and hold the very records.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportZone } from '#dns/zone-export.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { seedRecords } from '#testkit/dns-provider-suite.ts';
import { isInstalled, run } from '../support/process.ts';

const zone = 'example.test';
const records: readonly RecordSet[] = [
  ...seedRecords.map(([name, type, ttl, values]) =>
    recordSet(name === '' ? zone : `${name}.${zone}`, type, ttl, values),
  ),
  recordSet(`long.${zone}`, 'TXT', 60, [`"${'x'.repeat(255)}" "${'y'.repeat(45)}"`, '"\\195\\188 \\000"']),
  recordSet(`odd\\.label.${zone}`, 'A', 60, ['192.0.2.1']),
  recordSet(`tls.${zone}`, 'TLSA', 60, ['3 1 1 0102']),
  recordSet(`future.${zone}`, 'TYPE65280', 60, ['\\# 2 0102']),
];

/** What named-checkzone makes of a text: `name type data` for each record, absolute. */
async function readBack(text: string): Promise<string[]> {
  if (!(await isInstalled('named-checkzone'))) {
    throw new Error('named-checkzone is missing; run test/system-packages.sh (Debian: bind9-utils)');
  }
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-export-'));
  try {
    writeFileSync(join(folder, 'zone'), text);
    const out = join(folder, 'out');
    const options = [
      '-q',
      '-i',
      'local',
      '-k',
      'ignore',
      '-D',
      '-s',
      'full',
      '-o',
      out,
      zone,
      join(folder, 'zone'),
    ];
    await run('named-checkzone', options);
    const lines = (await run('cat', [out]))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith(';'));
    return lines.map((line) =>
      line
        .replace(/\t+/g, ' ')
        .replace(/ +/g, ' ')
        .replace(/^(\S+) (\d+) IN /, '$1 $2 '),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('S0-26: an export loads, without SOA and NS of the provider too, and holds the very records', async () => {
  const text = exportZone({
    name: zone,
    records,
    nameServers: ['ns1.provider.test', '192.0.2.53'],
    serial: 7,
  });
  const lines = await readBack(text);
  assert.ok(
    lines.some((line) =>
      line.startsWith('example.test. 3600 SOA ns1.provider.test. hostmaster.example.test. 7 '),
    ),
  );
  assert.ok(lines.includes('example.test. 3600 NS ns1.provider.test.'));
  const count = records.reduce((sum, { values }) => sum + values.length, 0);
  assert.equal(lines.length, count + 2);
  for (const line of [
    'example.test. 3600 MX 10 mail.elsewhere.test.',
    '*.wild.example.test. 300 A 192.0.2.12',
    'odd\\.label.example.test. 60 A 192.0.2.1',
    'future.example.test. 60 TYPE65280 \\# 2 0102',
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});

test('SOA and NS of the zone are kept where it lists them', async () => {
  const own = [
    recordSet(zone, 'SOA', 900, ['a.example.test. b.example.test. 42 1 2 3 4']),
    recordSet(zone, 'NS', 900, ['a.example.test.', 'b.example.test.']),
    recordSet(`a.${zone}`, 'A', 900, ['192.0.2.1']),
    recordSet(`b.${zone}`, 'A', 900, ['192.0.2.2']),
  ];
  const text = exportZone({ name: zone, records: own, nameServers: ['ns.provider.test'], serial: 7 });
  const lines = await readBack(text);
  assert.equal(lines.length, 5);
  assert.match(lines[0]!, /SOA a\.example\.test\. b\.example\.test\. 42 1 2 3 4/);
});
