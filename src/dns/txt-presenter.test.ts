import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { recordSet } from '#model/dns/record-set.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { MemoryDnsProvider } from '#testkit/memory-dns-provider.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { TxtPresenter } from './txt-presenter.ts';

const signal = new AbortController().signal;
const name = '_acme-challenge.blog.a.test';

function presenterOver(providers: readonly MemoryDnsProvider[], zones: readonly string[] = []) {
  const clock = new FakeClock();
  const presenter = new TxtPresenter({
    ...{ clock, random: seededRandom(1), publishMs: 60_000 },
    providers: providers.map((provider) => ({ provider, zones })),
  });
  return { clock, presenter };
}

/** Moves time until the work is done. */
async function driven<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const ended = work.finally(() => (isDone = true));
  ended.catch(() => {});
  while (!isDone) {
    await new Promise((resolve) => void setImmediate(resolve));
    clock.advance(100);
  }
  return ended;
}

const texts = (provider: MemoryDnsProvider): readonly string[] =>
  provider.records('a.test').find((set) => set.name === name)?.values ?? [];

test('a value is written without listing the zone, and removed again', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  const { presenter } = presenterOver([provider]);
  await presenter.presentTxt(name, 'one', signal);
  assert.deepEqual(texts(provider), ['"one"']);
  assert.equal(provider.calls.filter((call) => call === 'listRecords').length, 0);
  await presenter.removeTxt(name, 'one', signal);
  assert.deepEqual(provider.records('a.test'), []);
  // Once more is no error.
  await presenter.removeTxt(name, 'one', signal);
});

test('values of two orders stand beside each other and go one by one, whatever else was there', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [recordSet(name, 'TXT', 60, ['"by hand"'])] });
  const { presenter, clock } = presenterOver([provider]);
  await driven(clock, Promise.all(['one', 'two'].map((value) => presenter.presentTxt(name, value, signal))));
  assert.deepEqual(texts(provider), ['"by hand"', '"one"', '"two"']);
  await driven(clock, Promise.all(['two', 'one'].map((value) => presenter.removeTxt(name, value, signal))));
  assert.deepEqual(texts(provider), ['"by hand"']);
});

test('it resolves only when the zone’s servers answer, also when another value comes meanwhile', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  let isOpen = false;
  const published = provider.isPublished.bind(provider);
  provider.isPublished = async (zone, change) => isOpen && published(zone, change);
  const { presenter, clock } = presenterOver([provider]);
  let isDone = false;
  const work = presenter.presentTxt(name, 'one', signal).then(() => (isDone = true));
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => void setImmediate(resolve));
    clock.advance(500);
  }
  assert.equal(isDone, false);
  provider.put('a.test', recordSet(name, 'TXT', 60, ['"one"', '"other edge"']));
  isOpen = true;
  await driven(clock, work);
  assert.equal(isDone, true);
});

test('servers that never answer with it are named', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  provider.isPublished = async () => false;
  const { presenter, clock } = presenterOver([provider]);
  await assert.rejects(
    driven(clock, presenter.presentTxt(name, 'one', signal)),
    /192\.0\.2\.53\) answers with it after 60 s/,
  );
});

test('the longest zone is written to, and no shorter one while its provider is away', async () => {
  const short = new MemoryDnsProvider('short', { test: [] });
  const long = new MemoryDnsProvider('long', { 'a.test': [] });
  const { presenter } = presenterOver([short, long]);
  await presenter.presentTxt(name, 'one', signal);
  assert.equal(long.records('a.test').length, 1);
  long.misbehaviour.error = new SallyportError('dns-unreachable', 'long is away.');
  await assert.rejects(presenter.presentTxt(name, 'two', signal), /long is away/);
  assert.deepEqual(short.records('test'), []);
});

test('what is covered is known without asking: named zones at once, others after they were listed', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [], 'b.test': [] });
  const { presenter } = presenterOver([provider], ['a.test']);
  assert.ok(presenter.covers('*.a.test'));
  assert.ok(!presenter.covers('x.b.test'));
  await assert.rejects(
    presenter.presentTxt('_acme-challenge.b.test', 'one', signal),
    /No zone that is managed here covers/,
  );
  const all = presenterOver([provider]).presenter;
  assert.ok(!all.covers('x.b.test'));
  await all.learn(signal);
  assert.ok(all.covers('x.b.test'));
});

test('a signal ends the waiting', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  provider.isPublished = async () => false;
  const { presenter } = presenterOver([provider]);
  const stop = new AbortController();
  const work = presenter.presentTxt(name, 'one', stop.signal);
  await new Promise((resolve) => void setImmediate(resolve));
  stop.abort(new Error('enough'));
  await assert.rejects(work, /enough/);
});
