// Properties of planning and applying under any history: edges that come and go, people who edit the zone, and runs that
// are cut off after any change, as they may be at a provider without transactions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EdgeTarget } from '#model/dns/desired-name.ts';
import { isSameSet, recordSet, type RecordSet, setKey } from '#model/dns/record-set.ts';
import { MemoryDnsProvider } from '#testkit/memory-dns-provider.ts';
import { applySteps } from './apply-plan.ts';
import { checksums, isWritten, markerName, markersIn, parseMarker } from './ownership-marker.ts';
import { type Plan, plan, type PlanInput } from './plan.ts';
import { leadingTypes, leadsHere } from './wanted-sets.ts';

const zone = 'example.com';
const hostnames = ['a.example.com', 'b.example.com', '*.example.com', 'example.com', 'x.b.example.com'];
const targets: readonly EdgeTarget[] = [
  { addresses: ['203.0.113.1'], alias: undefined },
  { addresses: ['203.0.113.2', '2001:db8::2'], alias: undefined },
  { addresses: ['203.0.113.1'], alias: 'edge.example.net' },
];
const noSignal = new AbortController().signal;

type Event =
  | {
      readonly kind: 'reconcile';
      readonly edge: string;
      readonly names: readonly string[];
      readonly target: number;
      readonly cutAfter: number;
    }
  | { readonly kind: 'edit'; readonly set: RecordSet; readonly removes: boolean };

const handMade = fc
  .tuple(fc.constantFrom(...hostnames), fc.constantFrom('A', 'AAAA', 'CNAME', 'TXT', 'MX'), fc.nat(3))
  .map(([name, type, n]) => {
    const values = {
      A: `198.51.100.${n}`,
      AAAA: `2001:db8:1::${n + 1}`,
      CNAME: `c${n}.example.net.`,
      TXT: `"t${n}"`,
    };
    return recordSet(name, type, 60, [values[type as 'A'] ?? `10 m${n}.example.net.`]);
  });
const events: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    kind: fc.constant('reconcile' as const),
    edge: fc.constantFrom('one', 'two'),
    names: fc.subarray(hostnames),
    target: fc.nat(targets.length - 1),
    cutAfter: fc.oneof(fc.constant(Infinity), fc.nat(6)),
  }),
  fc.record({ kind: fc.constant('edit' as const), set: handMade, removes: fc.boolean() }),
);

function inputFor(
  provider: MemoryDnsProvider,
  edge: string,
  names: readonly string[],
  target: number,
): PlanInput {
  return {
    ...{
      owner: edge,
      target: targets[target]!,
      ttls: { address: 60, alias: 300 },
      unreadable: [],
      isHeld: () => false,
    },
    names: names.map((hostname) => ({ hostname, routeId: 'home' })),
    zones: [
      {
        provider: provider.name,
        zone: { name: zone, id: zone, nameServers: [], minTtlSeconds: 0 },
        records: provider.records(zone),
      },
    ],
  };
}

async function carryOut(provider: MemoryDnsProvider, { steps }: Plan): Promise<void> {
  await applySteps(steps, { providers: new Map([[provider.name, provider]]), report() {} }, noSignal);
}

/** Every write has its proof: a free place, or our marker with the checksum of what is overwritten. */
function assertProven(provider: MemoryDnsProvider, edge: string, { steps }: Plan): void {
  const standing = new Map(provider.records(zone).map((set) => [setKey(set.name, set.type), set]));
  for (const { hostname, changes } of steps) {
    const markers = markersIn(standing.get(setKey(markerName(hostname), 'TXT')));
    const wrote = markers.filter((marker) => marker.edge === edge).flatMap((marker) => marker.wrote);
    for (const { name, type, before, after } of changes) {
      assert.deepEqual(standing.get(setKey(name, type)), before, 'a change names what stands');
      if (isSameSet(before, after)) continue;
      if (type === 'TXT') {
        assert.equal(name, markerName(hostname));
        const others = (set: RecordSet | undefined): string[] =>
          (set?.values ?? []).filter((value) => parseMarker(value)?.edge !== edge);
        assert.deepEqual(others(after), others(before), 'texts of others stay');
      } else {
        assert.equal(name, hostname);
        assert.ok((leadingTypes as readonly string[]).includes(type));
        const known = new Set([...wrote, ...(after ? checksums(after) : [])]);
        if (before) assert.ok(isWritten(before, known), `${name} ${type} is ours`);
        else
          assert.ok(
            markers.every((marker) => marker.edge === edge),
            'nobody else has marked the name',
          );
      }
    }
  }
}

async function play(provider: MemoryDnsProvider, event: Event): Promise<void> {
  if (event.kind === 'edit') {
    if (event.removes) provider.zones.get(zone)!.delete(setKey(event.set.name, event.set.type));
    else provider.put(zone, event.set);
    return;
  }
  const made = plan(inputFor(provider, event.edge, event.names, event.target));
  assertProven(provider, event.edge, made);
  if (event.cutAfter !== Infinity) provider.misbehaviour.changesLeft = event.cutAfter;
  await carryOut(provider, made);
  delete provider.misbehaviour.changesLeft;
}

test('whatever happened before, every write is proven, and one whole run settles all that can be', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(events, { maxLength: 10 }),
      fc.subarray(hostnames),
      fc.nat(2),
      async (history, names, target) => {
        const provider = new MemoryDnsProvider('p', { [zone]: [] });
        for (const event of history) await play(provider, event);
        const first = plan(inputFor(provider, 'one', names, target));
        assertProven(provider, 'one', first);
        await carryOut(provider, first);
        const second = plan(inputFor(provider, 'one', names, target));
        assert.deepEqual(second.steps, [], 'nothing is left to do');
        for (const { hostname, state } of second.names) {
          if (state !== 'good') assert.equal(state, 'conflict');
          else {
            const sets = leadingTypes.flatMap(
              (type) => provider.zones.get(zone)!.get(setKey(hostname, type)) ?? [],
            );
            assert.ok(sets.length > 0 && sets.every((set) => leadsHere(set, targets[target]!)), hostname);
          }
        }
      },
    ),
    { numRuns: 400 },
  );
});

test('an edge that is alone is never in conflict with itself, wherever its runs are cut off', async () => {
  const alone = events
    .filter((event) => event.kind === 'reconcile')
    .map((event) => ({ ...event, edge: 'one' }));
  await fc.assert(
    fc.asyncProperty(fc.array(alone, { maxLength: 8 }), async (history) => {
      const provider = new MemoryDnsProvider('p', { [zone]: [] });
      for (const event of history) await play(provider, event);
      const { names } = plan(inputFor(provider, 'one', hostnames, 1));
      assert.deepEqual(
        names.filter(({ state }) => state === 'conflict'),
        [],
      );
    }),
    { numRuns: 400 },
  );
});

test('when all routes go, what people made is there as they made it, and nothing of ours', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(events, { maxLength: 10 }), async (history) => {
      const provider = new MemoryDnsProvider('p', { [zone]: [] });
      const byHand = new Map<string, RecordSet>();
      for (const event of history) {
        await play(provider, event);
        if (event.kind === 'edit' && event.removes) byHand.delete(setKey(event.set.name, event.set.type));
        else if (event.kind === 'edit') byHand.set(setKey(event.set.name, event.set.type), event.set);
      }
      for (const edge of ['one', 'two']) await carryOut(provider, plan(inputFor(provider, edge, [], 0)));
      const left = provider.records(zone);
      assert.deepEqual(
        left,
        [...byHand].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, set]) => set),
      );
    }),
    { numRuns: 400 },
  );
});

test('the order of names does not change what is done', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(hostnames), fc.array(handMade, { maxLength: 4 }), (names, sets) => {
      const provider = new MemoryDnsProvider('p', { [zone]: sets });
      const steps = (order: readonly string[]) =>
        plan(inputFor(provider, 'one', order, 0)).steps.toSorted((x, y) => (x.id < y.id ? -1 : 1));
      assert.deepEqual(steps(names), steps(names.toSorted()));
    }),
  );
});
