// "Trust this address for a day after a sign-in": which addresses count, for how long, for whom, and what ends it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { maxTrusted, TrustedAddresses } from '#edge/access/addresses/trusted-addresses.ts';
import { type AccessDirectory, emptyDirectory, trustMs } from '#model/access/access-state.ts';
import { trustKey } from '#model/access/trusted-address.ts';
import { eventually } from '../support/eventually.ts';
import { type DeskWorld, startDeskWorld } from './desk-world.ts';

test('an address is itself, of IPv6 its /64, and never one behind which may be everybody', () => {
  const same: [string, string][] = [
    ['203.0.113.9', '::ffff:203.0.113.9'],
    ['2a00:1:2:3::1', '2a00:1:2:3:ffff::9'],
  ];
  for (const [a, b] of same) assert.equal(trustKey(a), trustKey(b), a);
  assert.notEqual(trustKey('203.0.113.9'), trustKey('203.0.113.8'));
  assert.notEqual(trustKey('2a00:1:2:3::1'), trustKey('2a00:1:2:4::1'));
  for (const shared of [
    '127.0.0.1',
    '::1',
    '172.17.0.1',
    '192.168.1.1',
    '100.64.3.2',
    'fe80::1',
    'fd00::1',
    '',
  ])
    assert.equal(trustKey(shared), undefined, shared);
});

test('the table is bounded, and the latest sign-ins count', () => {
  const sessions = Array.from({ length: maxTrusted + 10 }, (_, i) => ({
    ...{ id: `s${i}`, userId: `u${i}`, untilMs: 1e15 },
    trusted: { address: `203.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`, untilMs: 1_000 + i },
  }));
  const table = new TrustedAddresses({ ...emptyDirectory, sessions });
  assert.deepEqual(table.userIdsAt('203.0.0.9', 500), []);
  assert.deepEqual(table.userIdsAt('203.0.0.10', 500), ['u10']);
});

describe('at an edge', () => {
  let world: DeskWorld;
  const home = '203.0.113.9';
  const directory = (names: readonly string[], more: Partial<AccessDirectory> = {}): AccessDirectory => ({
    ...emptyDirectory,
    users: ['ada', 'bob'].map((name) => ({
      ...{ id: name, name, email: '', role: 'viewer' as const },
      groups: name === 'ada' ? ['family'] : [],
    })),
    sessions: names.map((name) => ({
      ...{ id: `session-${name}`, userId: name, untilMs: world.clock.wallMs() + 30 * trustMs },
      trusted: { address: home, untilMs: world.clock.wallMs() + trustMs },
    })),
    ...more,
  });
  before(async () => {
    const paths = { '/': ['address-of:group:family'], '/any': ['address-of:signed-in'] };
    world = await startDeskWorld([{ hostname: 'tv.test', service: 'hello_world', paths }]);
    world.edge.apply({ trustedProxies: ['127.0.0.1/32'] });
  });
  after(() => world.edge.close());
  const statusFrom = async (address: string, path = '/'): Promise<number> => {
    const text = `GET ${path} HTTP/1.1\r\nHost: tv.test\r\nX-Forwarded-For: ${address}\r\n\r\n`;
    return (await world.edge.ask(text, { serverName: 'tv.test' }))[0]!.status;
  };

  test('what comes from where such a user has signed in passes, for a day', async () => {
    world.desk.apply(directory([]));
    assert.equal(await statusFrom(home), 401);
    world.desk.apply(directory(['bob']));
    assert.equal(await statusFrom(home), 401, 'bob is not of the family');
    assert.equal(await statusFrom(home, '/any'), 200);
    world.desk.apply(directory(['ada', 'bob']));
    assert.equal(await statusFrom(home), 200);
    assert.equal(await statusFrom('203.0.113.8'), 401);
    assert.equal(await statusFrom('unknown'), 401);
    world.clock.advance(trustMs - 1);
    assert.equal(await statusFrom(home), 200);
    world.clock.advance(1);
    assert.equal(await statusFrom(home), 401);
  });

  test('a session that ends, and a user who goes, take it along, and what is under way ends', async () => {
    world.desk.apply(directory(['ada']));
    const unlisten = world.desk.listen(() =>
      world.edge.edge.endVisits((grant) => world.desk.isGrantGood(grant)),
    );
    try {
      assert.equal(await statusFrom(home), 200);
      world.desk.apply(directory([]));
      assert.equal(await statusFrom(home), 401);
      world.desk.apply(directory(['ada']));
      assert.equal(await statusFrom(home), 200);
      world.desk.apply(directory(['ada'], { users: [] }));
      assert.equal(await statusFrom(home), 401);
    } finally {
      unlisten();
    }
  });

  test('a dry run and the log say so', async () => {
    world.desk.apply(directory(['ada']));
    const test = { url: 'https://tv.test/', method: 'GET', address: home, link: false, user: undefined };
    const { verdict, by } = world.edge.edge.testAccess(test);
    assert.deepEqual([verdict, by], ['allow', 'address-of:group:family']);
    assert.equal(world.edge.edge.testAccess({ ...test, address: '203.0.113.1' }).verdict, 'sign-in');
    assert.equal(await statusFrom(home), 200);
    await eventually('the log names the rule', () =>
      world.edge.logged().some((line) => line['accessRule'] === '1 address-of:group:family'),
    );
  });
});
