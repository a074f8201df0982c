// Hostnames looked after over time, good days and bad.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { recordSet, setKey } from '#model/dns/record-set.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { MemoryDnsProvider } from '#testkit/memory-dns-provider.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { DnsReconciler } from './reconciler.ts';

interface World {
  readonly clock: FakeClock;
  readonly provider: MemoryDnsProvider;
  readonly reconciler: DnsReconciler;
  readonly lines: string[];
  want(...hostnames: string[]): void;
  /** Lets time pass in small steps, with everything in between that it sets off. */
  pass(ms: number): Promise<void>;
  until(isTrue: () => boolean): Promise<void>;
  state(hostname: string): string;
}

async function withWorld(
  run: (world: World) => Promise<void>,
  more: readonly MemoryDnsProvider[] = [],
): Promise<void> {
  const clock = new FakeClock();
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const reconciler = new DnsReconciler({
    providers: [provider, ...more].map((one) => ({ provider: one, zones: [] })),
    ...{ owner: 'edge', ttls: { address: 60, alias: 300 }, clock, random: seededRandom(1) },
    target: { addresses: ['203.0.113.7'], alias: undefined },
    log: { ...silentLog, info: note, warn: note },
  });
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      await turn();
      clock.advance(Math.min(100, left));
    }
    await turn();
  };
  try {
    await run({
      ...{ clock, provider, reconciler, lines, pass },
      want: (...hostnames) =>
        reconciler.want({
          names: hostnames.map((hostname) => ({ hostname, routeId: 'home' })),
          isHeld: (hostname) => hostname.startsWith('held'),
        }),
      async until(isTrue) {
        for (let i = 0; !isTrue(); i++) {
          assert.ok(i < 20_000, 'waited for half an hour in vain');
          await pass(100);
        }
      },
      state: (hostname) => reconciler.stateOf(hostname)?.state ?? 'none',
    });
  } finally {
    await reconciler.close();
  }
}

const addressOf = (provider: MemoryDnsProvider, name: string): readonly string[] | undefined =>
  provider.zones.get('a.test')!.get(setKey(name, 'A'))?.values;

test('S0-27 a hostname comes with its route and goes with it; changes in a burst are one run', () =>
  withWorld(async ({ provider, reconciler, want, until, state, pass }) => {
    for (let i = 1; i <= 5; i++) want(...Array.from({ length: i }, (_, j) => `n${j}.a.test`));
    await until(() => state('n4.a.test') === 'good');
    assert.equal(provider.calls.filter((call) => call === 'apply').length, 1);
    assert.equal(reconciler.states().length, 5);
    assert.match(reconciler.stateOf('n0.a.test')!.detail, /leads here/);
    want();
    await until(() => provider.records('a.test').length === 0);
    assert.deepEqual(reconciler.states(), []);
    await pass(1000);
  }));

test('it is pending until the zone’s servers answer, and says for how long', () =>
  withWorld(async ({ provider, reconciler, want, until, state, pass }) => {
    let isOpen = false;
    const published = provider.isPublished.bind(provider);
    provider.isPublished = async (zone, change) => isOpen && published(zone, change);
    want('x.a.test');
    await pass(20_000);
    assert.equal(state('x.a.test'), 'pending');
    assert.match(
      reconciler.stateOf('x.a.test')!.detail,
      /Written at p; not every server of a\.test \(192\.0\.2\.53\)/,
    );
    await pass(320_000);
    assert.match(reconciler.stateOf('x.a.test')!.cure, /Is a\.test delegated to them/);
    isOpen = true;
    await until(() => state('x.a.test') === 'good');
    assert.match(reconciler.stateOf('x.a.test')!.detail, /since \d+ s after it was written/);
  }));

test('a provider that is away: what is good stays good, what is new fails in words and heals by itself', () =>
  withWorld(async ({ provider, reconciler, want, until, state, clock }) => {
    want('x.a.test');
    await until(() => state('x.a.test') === 'good');
    const since = reconciler.stateOf('x.a.test')!.sinceMs;
    provider.misbehaviour.error = new SallyportError('dns-limited', 'The provider p asks to wait.');
    want('x.a.test', 'y.a.test');
    await until(() => state('y.a.test') === 'failed');
    assert.equal(reconciler.stateOf('y.a.test')!.detail, 'The provider p asks to wait.');
    assert.equal(state('x.a.test'), 'good');
    assert.equal(reconciler.stateOf('x.a.test')!.sinceMs, since);
    const calls = provider.calls.length;
    const startMs = clock.nowMs();
    await until(() => clock.nowMs() - startMs > 600_000);
    // Growing pauses: half a minute each on average, in the end up to five.
    assert.ok(provider.calls.length - calls < 40, `${provider.calls.length - calls} calls in ten minutes`);
    delete provider.misbehaviour.error;
    await until(() => state('y.a.test') === 'good');
  }));

test('a provider that fails for some names: the others are done, and those heal', () =>
  withWorld(async ({ provider, reconciler, want, until, state }) => {
    provider.misbehaviour.failing = (id) => id.includes('bad');
    want('good.a.test', 'bad.a.test');
    await until(() => state('bad.a.test') === 'failed' && state('good.a.test') === 'good');
    assert.match(reconciler.stateOf('bad.a.test')!.detail, /p says: the provider had a bad moment/);
    delete provider.misbehaviour.failing;
    await until(() => state('bad.a.test') === 'good');
  }));

test('a provider that lies is found out, and not asked for ever', () =>
  withWorld(async ({ provider, reconciler, want, until, state, pass }) => {
    provider.misbehaviour.isLying = true;
    want('x.a.test');
    await until(() => state('x.a.test') === 'failed');
    assert.match(
      reconciler.stateOf('x.a.test')!.detail,
      /p said 2 times that this was done, but its records do not show it/,
    );
    const applied = (): number => provider.calls.filter((call) => call === 'apply').length;
    const before = applied();
    await pass(300_000);
    assert.equal(applied(), before);
    provider.misbehaviour.isLying = false;
    await until(() => state('x.a.test') === 'good');
  }));

test('a record made by hand in our place is a conflict until it goes', () =>
  withWorld(async ({ provider, reconciler, want, until, state, lines }) => {
    provider.put('a.test', recordSet('x.a.test', 'A', 60, ['198.51.100.1']));
    want('x.a.test');
    await until(() => state('x.a.test') === 'conflict');
    assert.match(reconciler.stateOf('x.a.test')!.detail, /198\.51\.100\.1/);
    assert.ok(lines.some((line) => line.includes("somebody else's hands")));
    provider.zones.get('a.test')!.clear();
    await until(() => state('x.a.test') === 'good');
    assert.deepEqual(addressOf(provider, 'x.a.test'), ['203.0.113.7']);
  }));

test('drift is found by looking now and then, mended, and logged as such', () =>
  withWorld(async ({ provider, want, until, state, lines }) => {
    want('x.a.test');
    await until(() => state('x.a.test') === 'good');
    provider.zones.get('a.test')!.delete(setKey('x.a.test', 'A'));
    await until(() => addressOf(provider, 'x.a.test') !== undefined);
    assert.ok(lines.includes('DNS drift was mended'));
  }));

test('whoever asks sees zones, records and whose they are, the last drift and the last error', () =>
  withWorld(async ({ provider, reconciler, want, until, state, clock }) => {
    provider.put('a.test', recordSet('a.test', 'MX', 60, ['10 mail.a.test.']));
    provider.put('a.test', recordSet('hand.a.test', 'A', 60, ['198.51.100.1']));
    want('x.a.test', 'hand.a.test');
    await until(() => state('x.a.test') === 'good' && state('hand.a.test') === 'conflict');
    const [zone] = reconciler.zones.views();
    assert.deepEqual(
      [zone!.name, zone!.state, zone!.records, zone!.ownRecords, zone!.readAtMs],
      ['a.test', 'good', 4, 2, clock.wallMs()],
    );
    const { records } = reconciler.zones.recordsOf('a.test')!;
    assert.deepEqual(records.map(({ name, type, owner }) => `${name} ${type} ${owner}`).toSorted(), [
      '_sallyport.x.a.test TXT edge',
      'a.test MX other',
      'hand.a.test A other',
      'x.a.test A edge',
    ]);
    assert.equal(reconciler.zones.recordsOf('b.test'), undefined);
    const [x, hand] = reconciler.views();
    assert.deepEqual(
      [x!.tunnelId, x!.records[0]!.values, x!.records[0]!.owner, x!.lastDrift, x!.lastError],
      ['home', ['203.0.113.7'], 'edge', null, null],
    );
    assert.match(hand!.cure, /^Delete it/);
    assert.match(hand!.lastError!.detail, /made by hand/);
    provider.zones.get('a.test')!.delete(setKey('x.a.test', 'A'));
    provider.zones.get('a.test')!.delete(setKey('hand.a.test', 'A'));
    await until(() => state('hand.a.test') === 'good');
    const [mended, taken] = reconciler.views();
    assert.match(mended!.lastDrift!.detail, /^Restore A 203\.0\.113\.7/);
    // What was wrong stays to be read.
    assert.match(taken!.lastError!.detail, /made by hand/);
    provider.misbehaviour.error = new SallyportError('dns-limited', 'p asks to wait.');
    reconciler.lookNow();
    await until(() => reconciler.zones.views()[0]!.state === 'away');
    const [away] = reconciler.zones.views();
    assert.deepEqual([away!.detail, away!.records], ['p asks to wait.', 5]);
    assert.match(away!.cure, /tried again by itself/);
    assert.equal(reconciler.views()[0]!.records.length, 1, 'what was seen last is still shown');
  }));

test('a plan on demand changes nothing; applied on demand, it says what became of each step', () =>
  withWorld(async ({ provider, reconciler, want, until, state, pass }) => {
    want('x.a.test');
    await until(() => state('x.a.test') === 'good');
    provider.zones.get('a.test')!.delete(setKey('x.a.test', 'A'));
    const planned = await reconciler.planNow(new AbortController().signal);
    assert.deepEqual(
      planned.steps.map(({ hostname, isDrift }) => [hostname, isDrift]),
      [['x.a.test', true]],
    );
    assert.equal(addressOf(provider, 'x.a.test'), undefined);
    const applying = reconciler.applyNow();
    await pass(2_000);
    const { steps, outcomes, names } = await applying;
    assert.deepEqual([...outcomes.values()], [{ state: 'applied' }]);
    assert.equal(steps.length, 1);
    assert.equal(names[0]!.hostname, 'x.a.test');
    assert.deepEqual(addressOf(provider, 'x.a.test'), ['203.0.113.7']);
    provider.misbehaviour.error = new SallyportError('dns-unreachable', 'p is away.');
    const failing = reconciler.applyNow();
    await pass(2_000);
    // Its zone is known to be unreadable; nothing is done, and nothing is said to have been.
    assert.deepEqual((await failing).steps, []);
    const left = reconciler.applyNow();
    await reconciler.close();
    await assert.rejects(left, /stopping/);
  }));

test('a zone that moves to another account is followed there, and nothing is left in between', async () => {
  const other = new MemoryDnsProvider('q', {});
  await withWorld(
    async ({ provider, reconciler, want, until, state }) => {
      want('x.a.test');
      await until(() => state('x.a.test') === 'good');
      const moved = provider.zones.get('a.test')!;
      provider.zones.delete('a.test');
      reconciler.lookNow();
      await until(() => state('x.a.test') === 'unmanaged');
      other.zones.set('a.test', new Map(moved));
      reconciler.lookNow();
      await until(() => state('x.a.test') === 'good');
      assert.equal(reconciler.stateOf('x.a.test')!.provider, 'q');
      // The records came along with their marker; nothing had to be written.
      assert.equal(other.calls.filter((call) => call === 'apply').length, 0);
      want();
      await until(() => other.records('a.test').length === 0);
    },
    [other],
  );
});

test('hostnames that a connector may claim again are kept, others go', () =>
  withWorld(async ({ provider, want, until, state, pass }) => {
    want('held.a.test', 'x.a.test');
    await until(() => state('held.a.test') === 'good' && state('x.a.test') === 'good');
    want();
    await pass(5_000);
    assert.deepEqual(addressOf(provider, 'held.a.test'), ['203.0.113.7']);
    assert.equal(addressOf(provider, 'x.a.test'), undefined);
  }));

test('it stops in the middle of a slow provider’s answer', () =>
  withWorld(async ({ provider, want, pass, reconciler }) => {
    let release = (): void => {};
    provider.misbehaviour.gate = () => new Promise((resolve) => (release = resolve));
    want('x.a.test');
    await pass(2_000);
    const closed = reconciler.close();
    release();
    await closed;
    assert.deepEqual(provider.records('a.test'), []);
  }));
