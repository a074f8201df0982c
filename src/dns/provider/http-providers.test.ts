// Every provider over HTTP passes the suite against a fake that holds to its documented rules, on a clock that jumps: what
// takes minutes there, because a limit has it so, takes none here.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import type { WebClient } from '#base/net/web-client.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { CloudflareFake } from '#testkit/dns-fakes/cloudflare-fake.ts';
import { DesecFake } from '#testkit/dns-fakes/desec-fake.ts';
import { DigitalOceanFake } from '#testkit/dns-fakes/digitalocean-fake.ts';
import { type FakeFaults, reply } from '#testkit/dns-fakes/fake-web.ts';
import type { FakeZone } from '#testkit/dns-fakes/fake-zone.ts';
import { HetznerFake } from '#testkit/dns-fakes/hetzner-fake.ts';
import { Route53Fake } from '#testkit/dns-fakes/route53-fake.ts';
import { WebhookFake } from '#testkit/dns-fakes/webhook-fake.ts';
import { change, dnsProviderSuite, type ProviderWorld, seedRecords } from '#testkit/dns-provider-suite.ts';
import { JumpClock } from '#testkit/jump-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { CloudflareProvider } from './cloudflare.ts';
import { DesecProvider } from './desec.ts';
import { DigitalOceanProvider } from './digitalocean.ts';
import type { ChangeOutcome, DnsProvider } from './dns-provider.ts';
import { HetznerProvider } from './hetzner.ts';
import type { HttpProviderOptions } from './http-provider.ts';
import { Route53Provider } from './route53.ts';
import { WebhookProvider } from './webhook.ts';

const zoneName = 'example.test';
const noSignal = new AbortController().signal;

interface FakeWorld extends ProviderWorld {
  readonly fake: {
    readonly faults: FakeFaults;
    readonly ours: FakeZone;
    readonly web: WebClient & { readonly log: string[] };
  };
  readonly clock: JumpClock;
}

function seed(zone: FakeZone): void {
  for (const [name, type, ttl, values] of seedRecords) {
    zone.put(name === '' ? zoneName : `${name}.${zoneName}`, type, {
      ttl: Math.max(ttl, zone.name === zoneName ? 0 : ttl),
      values,
    });
  }
}

function worldOf(
  fake: FakeWorld['fake'] & { readonly token?: string },
  clock: JumpClock,
  make: (options: HttpProviderOptions) => DnsProvider,
): FakeWorld {
  seed(fake.ours);
  const options = (token: string): HttpProviderOptions => ({
    ...{ name: 'p', token, web: fake.web, clock, random: seededRandom(1) },
    isPublished: async (_zone, { name, type, after }) => fake.ours.isPublished(name, type, after),
  });
  const wrong = 'wrong-secret-0123456789';
  return {
    ...{
      fake,
      clock,
      provider: make(options(fake.token ?? '')),
      stranger: make(options(wrong)),
      secret: wrong,
      zone: zoneName,
    },
    byHand: async (name: string, type: string, set: RecordSet | undefined) =>
      fake.ours.put(name, type, set && { ttl: set.ttlSeconds, values: set.values }),
    close: async () => {},
  };
}

const worlds: Readonly<Record<string, () => FakeWorld>> = {
  Cloudflare() {
    const clock = new JumpClock();
    return worldOf(new CloudflareFake(clock, zoneName), clock, (options) => new CloudflareProvider(options));
  },
  Hetzner() {
    const clock = new JumpClock();
    return worldOf(new HetznerFake(clock, zoneName), clock, (options) => new HetznerProvider(options));
  },
  deSEC() {
    const clock = new JumpClock();
    const fake = new DesecFake(clock, zoneName);
    const world = worldOf(fake, clock, (options) => new DesecProvider(options));
    for (const record of fake.ours.records) record.ttl = Math.max(record.ttl, fake.minimumTtl);
    return world;
  },
  'Route 53'() {
    const clock = new JumpClock();
    const fake = new Route53Fake(clock, zoneName);
    return worldOf(fake, clock, (options) => {
      const secretAccessKey = options.token === '' ? fake.credentials.secretAccessKey : options.token;
      return new Route53Provider({ ...options, credentials: { ...fake.credentials, secretAccessKey } });
    });
  },
  DigitalOcean() {
    const clock = new JumpClock();
    return worldOf(
      new DigitalOceanFake(clock, zoneName),
      clock,
      (options) => new DigitalOceanProvider(options),
    );
  },
  webhook() {
    const clock = new JumpClock();
    const fake = new WebhookFake(clock, zoneName);
    return worldOf(fake, clock, (options) => new WebhookProvider({ ...options, baseUrl: fake.baseUrl }));
  },
};

for (const [name, world] of Object.entries(worlds)) {
  dnsProviderSuite(name, async () => world());

  const one = (world_: FakeWorld, ttl: number): RecordSet =>
    recordSet(`one.${world_.zone}`, 'A', ttl, ['192.0.2.1']);

  test(`${name}: a provider that asks for too much patience is believed, in words`, async () => {
    const { provider, fake, clock } = world();
    fake.faults.before = () => reply(429, 'slow down', { 'retry-after': '3600' });
    const startMs = clock.nowMs();
    await assert.rejects(provider.listZones(noSignal), (error) => {
      assert.ok(isSallyportError(error, 'dns-limited'), String(error));
      assert.match(error.message, /3600 s/);
      return true;
    });
    assert.equal(clock.nowMs(), startMs, 'an hour is not waited for');
    let asked = 0;
    fake.faults.before = () => (asked++ < 2 ? reply(429, 'slow down', { 'retry-after': '7' }) : undefined);
    await provider.listZones(noSignal);
    assert.ok(clock.nowMs() - startMs >= 14_000);
  });

  test(`${name}: reads are tried again through trouble, and nonsense is told for what it is`, async () => {
    const { provider, fake } = world();
    let asked = 0;
    fake.faults.before = () => (asked++ < 2 ? reply(503, '<html>maintenance</html>') : undefined);
    assert.ok((await provider.listZones(noSignal)).some((zone) => zone.name === zoneName));
    for (const nonsense of [
      '',
      '{}',
      '[]',
      'null',
      '<html></html>',
      '{"success":true,"result":{}}',
      '<x><y></x></y>',
    ]) {
      fake.faults.before = () => reply(200, nonsense);
      const listed = await provider.listZones(noSignal).catch((error: unknown) => error);
      const isUnreachable = isSallyportError(listed, 'dns-unreachable');
      // An empty list is an answer that deSEC may give.
      assert.ok(
        isUnreachable || (Array.isArray(listed) && listed.length === 0),
        `${nonsense} gives ${JSON.stringify(listed)}`,
      );
    }
    fake.faults.before = () => reply(301, '', { location: 'https://elsewhere.test/' });
    await assert.rejects(provider.listZones(noSignal), /redirect/);
  });

  test(`${name}: a write whose answer is lost is found out, and never done twice`, async () => {
    const world_ = world();
    const { provider, fake } = world_;
    const zone = (await provider.listZones(noSignal)).find((zone_) => zone_.name === zoneName)!;
    const set = one(world_, Math.max(60, zone.minTtlSeconds));
    fake.faults.loses = ({ method }) => method !== 'GET';
    const outcomes: [string, ChangeOutcome][] = [];
    const run = provider.apply(
      zone,
      [{ id: 'a', changes: [change(undefined, set)] }],
      (id, outcome) => void outcomes.push([id, outcome]),
      noSignal,
    );
    await assert.rejects(run, (error) => isSallyportError(error, 'dns-unreachable'));
    assert.deepEqual(outcomes, [['a', { state: 'applied' }]]);
    const writes = fake.web.log.filter((line) => !line.startsWith('GET'));
    assert.equal(writes.length, 1);
  });

  test(`${name}: one bad hostname among many is told by its provider's words, and the others are made`, async () => {
    const world_ = world();
    const { provider, fake } = world_;
    const zone = (await provider.listZones(noSignal)).find((zone_) => zone_.name === zoneName)!;
    const ttl = Math.max(60, zone.minTtlSeconds);
    const names = ['a', 'b', 'bad', 'c', 'd'];
    const groups = names.map((label) => {
      // An alias and addresses under one name, which no provider takes.
      const sets = [recordSet(`${label}.${zoneName}`, 'A', ttl, ['192.0.2.1'])];
      if (label === 'bad') sets.push(recordSet(`bad.${zoneName}`, 'CNAME', ttl, ['x.elsewhere.test.']));
      return { id: label, changes: sets.map((set) => change(undefined, set)) };
    });
    const outcomes = new Map<string, ChangeOutcome>();
    await provider.apply(zone, groups, (id, outcome) => void outcomes.set(id, outcome), noSignal);
    const states = names.map((label) => outcomes.get(label)!.state);
    assert.deepEqual(states, ['applied', 'applied', 'failed', 'applied', 'applied']);
    const bad = outcomes.get('bad')!;
    assert.match(bad.state === 'failed' ? bad.detail : '', /CNAME|conflict|exists/i);
    assert.ok(fake.ours.of(`d.${zoneName}`).length === 1);
  });
}

test('Cloudflare: zones that moved away or are not delegated are not offered', async () => {
  const names = (await worlds['Cloudflare']!().provider.listZones(noSignal)).map(({ name }) => name);
  assert.ok(names.includes(zoneName) && names.includes('other54.test'));
  assert.ok(!names.includes('gone.test') && !names.includes('new.test'));
});

test('Cloudflare: a proxied record is not taken for ours, and a switched-on proxy is seen', async () => {
  const world = worlds['Cloudflare']!();
  const zone = (await world.provider.listZones(noSignal)).find(({ name }) => name === zoneName)!;
  world.fake.ours.of(`www.${zoneName}`, 'A')[0]!.proxied = true;
  const sets = await world.provider.listRecords(zone, noSignal);
  const www = sets.find(({ name, type }) => name === `www.${zoneName}` && type === 'A');
  assert.deepEqual(www!.values, ['192.0.2.11', 'proxied 192.0.2.10']);
});

test('Hetzner: zones whose primary is elsewhere are not offered', async () => {
  const names = (await worlds['Hetzner']!().provider.listZones(noSignal)).map(({ name }) => name);
  assert.ok(names.includes(zoneName) && !names.includes('secondary.test'));
});

test('Route 53: aliases and weighted sets are shown as what they are', async () => {
  const world = worlds['Route 53']!();
  const zone = (await world.provider.listZones(noSignal)).find(({ name }) => name === zoneName)!;
  (world.fake as Route53Fake).extra =
    `<ResourceRecordSet><Name>alias2.${zoneName}.</Name><Type>A</Type><AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>lb.amazonaws.com.</DNSName></AliasTarget></ResourceRecordSet>
    <ResourceRecordSet><Name>w.${zoneName}.</Name><Type>A</Type><SetIdentifier>one</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>
    <ResourceRecordSet><Name>w.${zoneName}.</Name><Type>A</Type><SetIdentifier>two</SetIdentifier><Weight>1</Weight><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>192.0.2.2</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>`;
  const sets = await world.provider.listRecords(zone, noSignal);
  const valuesOf = (name: string): readonly string[] => sets.find((set) => set.name === name)!.values;
  assert.deepEqual(valuesOf(`alias2.${zoneName}`), ['alias of lb.amazonaws.com.']);
  assert.deepEqual(valuesOf(`w.${zoneName}`), ['192.0.2.1 (one)', '192.0.2.2 (two)']);
  assert.deepEqual(valuesOf(`*.wild.${zoneName}`), ['192.0.2.12']);
});
