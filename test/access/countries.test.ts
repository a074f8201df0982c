// Rules by country, with databases that the test writes itself: what an address is found to be, what happens when the file
// changes, is damaged or goes away, and what visitors of an edge meet.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLog } from '#base/log.ts';
import { CountryDatabase } from '#edge/access/addresses/country-database.ts';
import { CountryFile } from '#roles/access/country-file.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { countryRecord, writeMmdb } from '../support/mmdb-writer.ts';
import { type DeskWorld, startDeskWorld } from './desk-world.ts';

const records = {
  '0.0.0.0/1': countryRecord('US'),
  '203.0.113.0/24': countryRecord('DE'),
  '203.0.113.9/32': countryRecord('AT'),
  '2001:db8::/32': countryRecord('fr'),
  '2001:db8:1::/48': { country: 'IT' },
  '2001:db8:2::/48': { country_code: 'ES' },
  '2001:db8:3::/48': { city: 'Nowhere' },
  '2001:db8:4::/48': countryRecord('Germany'),
};

test('an address has the country of the longest prefix that the database has, in every spelling', () => {
  const database = new CountryDatabase(writeMmdb(records));
  const expected: [string, string | undefined][] = [
    ['203.0.113.1', 'DE'],
    ['203.0.113.9', 'AT'],
    ['::ffff:203.0.113.9', 'AT'],
    ['::ffff:cb00:7109', 'AT'],
    ['8.8.8.8', 'US'],
    ['2001:db8::1', 'FR'],
    ['2001:DB8:0:0::1', 'FR'],
    ['[2001:db8::1]', 'FR'],
    ['2001:db8:1::1', 'IT'],
    ['2001:db8:2::1', 'ES'],
    // Known, and no country said; private; nowhere; no address.
    ...[
      '2001:db8:3::1',
      '2001:db8:4::1',
      '192.168.1.1',
      '10.0.0.1',
      '127.0.0.1',
      '::1',
      '::203.0.113.9',
      'fe80::1%eth0',
      '2a00::1',
    ].map((address): [string, undefined] => [address, undefined]),
    ...['', 'unknown', '203.0.113', '203.0.113.1.', '0xcb.0.113.1'].map((text): [string, undefined] => [
      text,
      undefined,
    ]),
  ];
  for (const round of [1, 2])
    for (const [address, country] of expected)
      assert.equal(database.countryOf(address), country, `${address} ${round}`);
});

test('a database of IPv4 alone knows no address of IPv6', () => {
  const database = new CountryDatabase(
    writeMmdb({ '203.0.113.0/24': countryRecord('DE') }, { ipVersion: 4 }),
  );
  assert.equal(database.countryOf('203.0.113.7'), 'DE');
  assert.equal(database.countryOf('cb00:7107::1'), undefined);
});

test('damaged bytes are no database, or know nothing: none opens anything by accident, none throws at a request', () => {
  const whole = writeMmdb(records);
  for (let length = 0; length < whole.length; length += 7) {
    try {
      const database = new CountryDatabase(whole.subarray(0, length));
      assert.equal(database.countryOf('192.168.1.1'), undefined);
    } catch (error) {
      assert.match(String(error), /no database in the MMDB format/);
    }
  }
  const noise = Buffer.from(whole);
  for (let i = 0; i < noise.length - 400; i += 3) noise[i] = 0xff;
  const database = new CountryDatabase(noise);
  for (const address of ['203.0.113.1', '2001:db8::1', '8.8.8.8']) database.countryOf(address);
});

describe('the file of edge.yml', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'console', write: (line) => void lines.push(line) });
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sallyport-countries-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('is loaded again when it changes; missing or broken it knows nothing, and says so with the cure', async () => {
    const path = join(folder, 'countries.mmdb');
    const file = new CountryFile({ clock: new FakeClock(), log });
    try {
      assert.match(file.fault, /no country database; name one under access\.countries/);
      await file.follow(path);
      assert.equal(file.countryOf('203.0.113.1'), undefined);
      assert.match(file.fault, /cannot be used .*ENOENT.*put a good one there/);
      assert.match(lines.at(-1)!, /Until then rules by country let nobody through/);
      await writeFile(path, writeMmdb(records));
      await file.look();
      assert.equal(file.countryOf('203.0.113.1'), 'DE');
      assert.equal(file.fault, '');
      await writeFile(path, writeMmdb({ '203.0.113.0/24': countryRecord('CH') }));
      await file.look();
      assert.equal(file.countryOf('203.0.113.1'), 'CH');
      // The one before must not go on deciding: its owner believes the new one does.
      await writeFile(path, 'a page of the vendor that says: sign in to download');
      await file.look();
      assert.equal(file.countryOf('203.0.113.1'), undefined);
      assert.match(file.fault, /no database in the MMDB format/);
      await rm(path);
      await file.look();
      assert.match(file.fault, /ENOENT/);
      await writeFile(path, writeMmdb(records));
      await file.look();
      assert.equal(file.countryOf('203.0.113.1'), 'DE');
      await file.follow('');
      assert.equal(file.countryOf('203.0.113.1'), undefined);
    } finally {
      file.close();
    }
  });
});

describe('at an edge', () => {
  let world: DeskWorld;
  let database: CountryDatabase | undefined = new CountryDatabase(writeMmdb(records));
  const countries = {
    countryOf: (address: string) => database?.countryOf(address),
    get fault() {
      return database ? '' : 'The database is away; bring it back.';
    },
  };
  before(async () => {
    world = await startDeskWorld(
      [
        {
          hostname: 'shop.test',
          service: 'hello_world',
          paths: { '/': ['country:DE'], '/not': [{ deny: 'country:US' }, 'anyone'] },
        },
      ],
      { countries },
    );
    world.edge.apply({ trustedProxies: ['127.0.0.1/32'] });
  });
  after(() => world.edge.close());
  const statusFrom = async (address: string, path = '/'): Promise<number> => {
    const [answer] = await world.edge.ask(
      `GET ${path} HTTP/1.1\r\nHost: shop.test\r\nX-Forwarded-For: ${address}\r\n\r\n`,
      { serverName: 'shop.test' },
    );
    return answer!.status;
  };

  test('who comes from there passes, nobody else, and nobody whose country is unknown', async () => {
    for (const [address, status] of [
      ['203.0.113.1', 200],
      ['::ffff:203.0.113.1', 200],
      ['203.0.113.9', 403],
      ['192.168.1.4', 403],
      ['2001:db8::5', 403],
    ] as const)
      assert.equal(await statusFrom(address), status, address);
    for (const [address, status] of [
      ['8.8.8.8', 403],
      ['203.0.113.1', 200],
      ['192.168.1.4', 403],
    ] as const)
      assert.equal(await statusFrom(address, '/not'), status, address);
  });

  test('a dry run finds the country by the address, takes another, and says what is missing', async () => {
    const ask = (more: object) =>
      world.edge.edge.testAccess({
        ...{ url: 'https://shop.test/', method: 'GET', address: '', link: false, user: undefined, ...more },
      });
    assert.match(ask({ address: '203.0.113.1' }).sentence, /from 203\.0\.113\.1 \(DE\) gets shop\.test/);
    assert.equal(ask({ address: '203.0.113.1', country: 'FR' }).verdict, 'deny');
    assert.equal(ask({ country: 'DE' }).verdict, 'allow');
    assert.deepEqual(ask({}).lacks, []);
    const kept = database;
    database = undefined;
    try {
      assert.equal(ask({ address: '203.0.113.1' }).verdict, 'deny');
      assert.deepEqual(ask({}).lacks, ['The database is away; bring it back.']);
      assert.equal(await statusFrom('203.0.113.1'), 403);
      assert.equal(await statusFrom('203.0.113.1', '/not'), 403);
    } finally {
      database = kept;
    }
  });
});
