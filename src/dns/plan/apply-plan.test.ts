// Bad days between a plan and its steps: providers that fail, in part or whole, are slow, or are told to stop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { recordSet, setKey } from '#model/dns/record-set.ts';
import { MemoryDnsProvider } from '#testkit/memory-dns-provider.ts';
import type { ChangeOutcome } from '../provider/dns-provider.ts';
import { applySteps } from './apply-plan.ts';
import { plan, type PlanStep } from './plan.ts';
import { requireWhole, Surveyor } from './survey.ts';

const noSignal = new AbortController().signal;

function stepsFor(provider: MemoryDnsProvider, hostnames: readonly string[]): readonly PlanStep[] {
  const zones = [...provider.zones.keys()].map((name) => ({
    provider: provider.name,
    zone: { name, id: name, nameServers: [], minTtlSeconds: 0 },
    records: provider.records(name),
  }));
  return plan({
    ...{ owner: 'edge', ttls: { address: 60, alias: 300 }, zones, unreadable: [], isHeld: () => false },
    target: { addresses: ['203.0.113.7'], alias: undefined },
    names: hostnames.map((hostname) => ({ hostname, routeId: 'home' })),
  }).steps;
}

async function outcomesOf(
  providers: readonly MemoryDnsProvider[],
  steps: readonly PlanStep[],
  signal = noSignal,
): Promise<Record<string, ChangeOutcome>> {
  const outcomes: Record<string, ChangeOutcome> = {};
  await applySteps(
    steps,
    {
      providers: new Map(providers.map((one) => [one.name, one])),
      report: ({ hostname }, outcome) => {
        assert.equal(outcomes[hostname], undefined, 'each step is reported once');
        outcomes[hostname] = outcome;
      },
    },
    signal,
  );
  return outcomes;
}

test('every step is reported, also when its provider is away, and the others go on', async () => {
  const one = new MemoryDnsProvider('one', { 'a.test': [] });
  const two = new MemoryDnsProvider('two', { 'b.test': [] });
  const steps = [...stepsFor(one, ['x.a.test', 'y.a.test']), ...stepsFor(two, ['x.b.test'])];
  one.misbehaviour.error = new SallyportError('dns-refused', 'The token is not valid any more.');
  const outcomes = await outcomesOf([one, two], steps);
  const refused = { state: 'failed', detail: 'The token is not valid any more.', isTransient: false };
  assert.deepEqual(outcomes, { 'x.a.test': refused, 'y.a.test': refused, 'x.b.test': { state: 'applied' } });
  one.misbehaviour.error = new SallyportError('dns-limited', 'Slower, please.');
  const [again] = Object.values(await outcomesOf([one], stepsFor(one, ['x.a.test'])));
  assert.deepEqual(again, { state: 'failed', detail: 'Slower, please.', isTransient: true });
});

test('a provider that fails for some leaves the others applied', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  provider.misbehaviour.failing = (id) => id.includes('bad');
  const steps = stepsFor(provider, ['good.a.test', 'bad.a.test', 'fine.a.test']);
  const outcomes = await outcomesOf([provider], steps);
  const states = Object.entries(outcomes).map(([name, { state }]) => `${name} ${state}`);
  assert.deepEqual(states, ['good.a.test applied', 'bad.a.test failed', 'fine.a.test applied']);
});

test('the same steps may be applied again after a run was cut off', async () => {
  for (let changesLeft = 0; changesLeft <= 6; changesLeft++) {
    const provider = new MemoryDnsProvider('p', { 'a.test': [] });
    const steps = stepsFor(provider, ['x.a.test', 'y.a.test', 'z.a.test']);
    provider.misbehaviour.changesLeft = changesLeft;
    const first = await outcomesOf([provider], steps);
    delete provider.misbehaviour.changesLeft;
    const done = Object.entries(first).filter(([, { state }]) => state === 'applied');
    assert.equal(done.length, changesLeft >> 1);
    // What stands in half is planned anew; what stands as planned counts as done.
    const again = await outcomesOf([provider], steps);
    for (const [name] of done) assert.deepEqual(again[name], { state: 'applied' });
    const rest = await outcomesOf([provider], stepsFor(provider, ['x.a.test', 'y.a.test', 'z.a.test']));
    assert.ok(Object.values(rest).every(({ state }) => state === 'applied'));
    assert.equal(provider.records('a.test').length, 6);
  }
});

test('a signal ends a run at a slow provider', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  const stop = new AbortController();
  provider.misbehaviour.gate = async () => stop.abort(new Error('enough'));
  await assert.rejects(outcomesOf([provider], stepsFor(provider, ['x.a.test']), stop.signal), /enough/);
});

test('a record put there between plan and apply is left, and the step says so', async () => {
  const provider = new MemoryDnsProvider('p', { 'a.test': [] });
  const steps = stepsFor(provider, ['x.a.test', 'y.a.test']);
  const theirs = recordSet('x.a.test', 'A', 60, ['198.51.100.1']);
  provider.put('a.test', theirs);
  const outcomes = await outcomesOf([provider], steps);
  assert.equal(outcomes['x.a.test']!.state, 'conflict');
  assert.equal(outcomes['y.a.test']!.state, 'applied');
  assert.deepEqual(provider.zones.get('a.test')!.get(setKey('x.a.test', 'A')), theirs);
  assert.equal(provider.zones.get('a.test')!.has(setKey('_sallyport.x.a.test', 'TXT')), false);
});

test('a survey names zones that are missing or cannot be read, and remembers those of a provider that is away', async () => {
  const one = new MemoryDnsProvider('one', { 'a.test': [], 'b.test': [] });
  const two = new MemoryDnsProvider('two', { 'c.test': [] });
  const surveyor = new Surveyor();
  const providers = [
    { provider: one, zones: ['a.test', 'moved.test'] },
    { provider: two, zones: [] },
  ];
  const first = await surveyor.survey(providers, noSignal);
  assert.deepEqual(
    first.zones.map(({ zone }) => zone.name),
    ['a.test', 'c.test'],
  );
  assert.deepEqual(
    first.unreadable.map(({ name }) => name),
    ['moved.test'],
  );
  assert.match(first.unreadable[0]!.cure, /another account/);
  assert.throws(() => requireWhole(first), /moved\.test/);
  two.misbehaviour.error = new SallyportError('dns-unreachable', 'two is away.');
  const second = await surveyor.survey(providers, noSignal);
  assert.deepEqual(
    second.unreadable.map(({ name }) => name),
    ['moved.test', 'c.test'],
  );
  // Whose zones were never known could hold anything, so nothing can be planned.
  await assert.rejects(new Surveyor().survey(providers, noSignal), /two is away/);
});
