// Knot and BIND as secondaries of our name server: they fetch the zone by AXFR under TSIG, and follow each change within
// moments of its NOTIFY.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsServer } from '#dns/server/dns-server.ts';
import { type RecordLine, zoneFrom } from '#testkit/dns-zones.ts';
import { at, keyName, type NameServerKind, startNameServer } from '../support/dns-servers.ts';
import { eventually } from '../support/eventually.ts';
import { startOwnDnsServer } from '../support/own-dns-server.ts';
import { freePort, run } from '../support/process.ts';

const keySecret = Buffer.alloc(32, 3).toString('base64');
const key = { name: keyName, algorithm: 'hmac-sha256', secret: Buffer.from(keySecret, 'base64') } as const;
// Enough for several messages.
const many = Array.from({ length: 2000 }, (_, i): RecordLine => [
  `host-${i}`,
  'TXT',
  `"${'x'.repeat(60)} ${i}"`,
]);
const base: readonly RecordLine[] = [['', 'NS', 'ns1.lab.test.'], ['ns1', 'A', '127.0.0.1'], ...many];

const ask = (port: number, name: string, type: string): Promise<string> =>
  run('dig', [...at(port), '+short', '+tries=1', '+time=2', name, type]);

for (const kind of ['knot', 'bind'] satisfies NameServerKind[]) {
  test(`${kind} takes the zone and follows it`, async () => {
    // The secondary's port must be known before it runs, as it is told of changes there.
    const secondaryPort = await freePort();
    const own: DnsServer = await startOwnDnsServer({
      zones: [zoneFrom('lab.test', base, 10)],
      keys: [key],
      secondaries: [{ server: { host: '127.0.0.1', port: secondaryPort }, keyName, zones: ['lab.test'] }],
    });
    const secondary = await startNameServer(kind, {
      ...{ zone: 'lab.test', keySecret, primaryPort: own.ports[0]!, port: secondaryPort },
    });
    try {
      await eventually(
        'the zone is there',
        async () => (await ask(secondaryPort, 'host-1999.lab.test', 'TXT')) !== '',
      );
      assert.match(await ask(secondaryPort, 'lab.test', 'SOA'), / 10 /);
      own.setZones([zoneFrom('lab.test', [...base, ['new', 'A', '192.0.2.1']], 11)]);
      await eventually(
        'the change is there',
        async () => (await ask(secondaryPort, 'new.lab.test', 'A')) === '192.0.2.1\n',
      );
      own.setZones([zoneFrom('lab.test', base, 12)]);
      await eventually(
        'it is gone again',
        async () => (await ask(secondaryPort, 'new.lab.test', 'A')) === '',
      );
      assert.match(await ask(secondaryPort, 'lab.test', 'SOA'), / 12 /);
    } finally {
      await secondary.close();
      await own.close();
    }
  });
}
