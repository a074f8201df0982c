// What every DNS provider must do, whoever stands behind it. Run against real name servers and against fakes of HTTP
// interfaces that hold to their documented rules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import type { ChangeGroup, ChangeOutcome, DnsProvider, RecordChange } from '#dns/provider/dns-provider.ts';
import { recordSet, type RecordSet, setKey } from '#model/dns/record-set.ts';

/** A provider with one zone to play in. */
export interface ProviderWorld {
  readonly provider: DnsProvider;
  /** The same place with credentials that are wrong, and text that no message may contain; undefined where none are needed. */
  readonly stranger: DnsProvider | undefined;
  readonly secret: string;
  readonly zone: string;
  /** Puts a set there (or takes the one of its name and type away) as its owner would, behind our back. */
  byHand(name: string, type: string, set: RecordSet | undefined): Promise<void>;
  close(): Promise<void>;
}

const noSignal = new AbortController().signal;

/** What is in the zone beside SOA and NS before a test begins; relative names, '' for the zone itself. */
export const seedRecords: readonly (readonly [
  name: string,
  type: string,
  ttl: number,
  values: readonly string[],
])[] = [
  ['', 'MX', 3600, ['10 mail.elsewhere.test.', '20 mail2.elsewhere.test.']],
  ['', 'TXT', 3600, ['"v=spf1 include:elsewhere.test -all"', '"with \\"quotes\\" and ; semicolons"']],
  ['', 'CAA', 3600, ['0 issue "letsencrypt.org"']],
  ['www', 'A', 300, ['192.0.2.10', '192.0.2.11']],
  ['www', 'AAAA', 300, ['2001:db8::10']],
  ['alias', 'CNAME', 600, ['www.elsewhere.test.']],
  ['*.wild', 'A', 300, ['192.0.2.12']],
  ['_sip._tcp', 'SRV', 300, ['1 2 5060 sip.elsewhere.test.']],
];

/** Registers the suite; `open` makes a fresh world, seeded with `seedRecords`. */
export function dnsProviderSuite(title: string, open: () => Promise<ProviderWorld>): void {
  const scenario = (name: string, run: (world: Playground) => Promise<void>): void => {
    test(`${title}: ${name}`, async () => {
      const world = await open();
      try {
        await run(await Playground.in(world));
      } finally {
        await world.close();
      }
    });
  };

  scenario('zones and their records are listed in normal form', async ({ world, zone, all }) => {
    assert.equal(zone.name, world.zone);
    assert.ok(zone.nameServers.length > 0);
    const listed = await all();
    for (const [name, type, ttl, values] of seedRecords) {
      const full = name === '' ? world.zone : `${name}.${world.zone}`;
      const expected = recordSet(full, type, Math.max(ttl, zone.minTtlSeconds), values);
      assert.deepEqual(listed.get(setKey(full, type)), expected);
    }
  });

  scenario('sets are created, changed and taken away', async ({ set, apply, all }) => {
    const first = set('new', 'A', ['192.0.2.1', '192.0.2.2']);
    const text = set('_sallyport.new', 'TXT', ['"heritage=sallyport,sallyport/edge=a"']);
    const created = [change(undefined, text), change(undefined, first)];
    assert.deepEqual(await apply([{ id: 'new', changes: created }]), [['new', { state: 'applied' }]]);
    assert.deepEqual((await all()).get(setKey(first.name, 'A')), first);
    assert.deepEqual((await all()).get(setKey(text.name, 'TXT')), text);
    const second = set('new', 'A', ['192.0.2.2', '192.0.2.3']);
    assert.deepEqual(await apply([{ id: 'x', changes: [change(text, text), change(first, second)] }]), [
      ['x', { state: 'applied' }],
    ]);
    assert.deepEqual((await all()).get(setKey(first.name, 'A')), second);
    const gone = [change(second, undefined), change(text, undefined)];
    assert.deepEqual(await apply([{ id: 'x', changes: gone }]), [['x', { state: 'applied' }]]);
    assert.equal((await all()).get(setKey(first.name, 'A')), undefined);
    assert.equal((await all()).get(setKey(text.name, 'TXT')), undefined);
  });

  scenario('nothing else in the zone is touched', async ({ set, apply, all }) => {
    const before = await all();
    const made = set('new', 'CNAME', ['edge.elsewhere.test.']);
    await apply([{ id: 'a', changes: [change(undefined, made)] }]);
    await apply([{ id: 'a', changes: [change(made, undefined)] }]);
    const after = await all();
    // The serial number counts changes.
    for (const map of [before, after])
      for (const key of map.keys()) if (key.endsWith(' SOA')) map.delete(key);
    assert.deepEqual(after, before);
  });

  scenario('the apex, wildcards, long texts and only a TTL', async ({ set, apply, all, zone }) => {
    const texts = [`"${'x'.repeat(255)}" "${'y'.repeat(45)}"`, '"a \\"b\\" c\\\\d"'];
    const sets = [
      set('', 'A', ['192.0.2.1']),
      set('', 'AAAA', ['2001:db8::1']),
      set('*', 'A', ['192.0.2.1']),
      set('long', 'TXT', texts),
    ];
    const groups = sets.map((one, i) => ({ id: `${i}`, changes: [change(undefined, one)] }));
    const outcomes = await apply(groups);
    assert.deepEqual(
      outcomes.map(([, { state }]) => state),
      ['applied', 'applied', 'applied', 'applied'],
    );
    for (const one of sets) assert.deepEqual((await all()).get(setKey(one.name, one.type)), one);
    const slower = { ...sets[0]!, ttlSeconds: zone.minTtlSeconds + 7200 };
    await apply([{ id: 'ttl', changes: [change(sets[0], slower)] }]);
    assert.deepEqual((await all()).get(setKey(slower.name, 'A')), slower);
  });

  scenario('a CNAME gives way to addresses and comes back, in one group', async ({ set, apply, all }) => {
    const alias = set('switch', 'CNAME', ['edge.elsewhere.test.']);
    const address = set('switch', 'A', ['192.0.2.1']);
    await apply([{ id: 'a', changes: [change(undefined, alias)] }]);
    for (const changes of [
      [change(alias, undefined), change(undefined, address)],
      [change(address, undefined), change(undefined, alias)],
    ]) {
      assert.deepEqual(await apply([{ id: 'a', changes }]), [['a', { state: 'applied' }]]);
      const wanted = changes[1]!.after!;
      assert.deepEqual((await all()).get(setKey(wanted.name, wanted.type)), wanted);
      assert.equal((await all()).get(setKey(wanted.name, changes[0]!.type)), undefined);
    }
  });

  scenario('what stands there by another hand is never overwritten', async ({ world, set, apply, all }) => {
    const theirs = set('mine', 'A', ['198.51.100.1']);
    await world.byHand(theirs.name, 'A', theirs);
    const ours = set('mine', 'A', ['192.0.2.1']);
    const marker = set('_sallyport.mine', 'TXT', ['"marker"']);
    const other = set('other', 'A', ['192.0.2.1']);
    const outcomes = new Map(
      await apply([
        { id: 'creates', changes: [change(undefined, ours), change(undefined, marker)] },
        { id: 'fine', changes: [change(undefined, other)] },
      ]),
    );
    assert.equal(outcomes.get('creates')?.state, 'conflict');
    assert.equal(outcomes.get('fine')?.state, 'applied');
    assert.deepEqual((await all()).get(setKey(theirs.name, 'A')), theirs);
    assert.equal((await all()).get(setKey(marker.name, 'TXT')), undefined, 'a group is all or nothing here');
    assert.deepEqual((await all()).get(setKey(other.name, 'A')), other);
    // Changed since the plan: neither updated nor deleted.
    for (const after of [set('mine', 'A', ['192.0.2.9']), undefined]) {
      const [[, outcome]] = (await apply([{ id: 'stale', changes: [change(ours, after)] }])) as [
        [string, ChangeOutcome],
      ];
      assert.equal(outcome.state, 'conflict');
      assert.match(outcome.state === 'conflict' ? outcome.detail : '', /198\.51\.100\.1/);
    }
    assert.deepEqual((await all()).get(setKey(theirs.name, 'A')), theirs);
  });

  scenario('a condition that does not hold stops its group', async ({ set, apply, all, world }) => {
    const marker = set('_sallyport.kept', 'TXT', ['"ours"']);
    const kept = set('kept', 'A', ['192.0.2.1']);
    await apply([{ id: 'a', changes: [change(undefined, marker), change(undefined, kept)] }]);
    const theirs = set('_sallyport.kept', 'TXT', ['"of another edge"']);
    await world.byHand(marker.name, 'TXT', theirs);
    const [[, outcome]] = (await apply([
      { id: 'b', changes: [change(marker, marker), change(kept, undefined)] },
    ])) as [[string, ChangeOutcome]];
    assert.equal(outcome.state, 'conflict');
    assert.deepEqual((await all()).get(setKey(kept.name, 'A')), kept);
    // Nor may there be an alias where addresses come.
    const [[, second]] = (await apply([
      {
        id: 'c',
        changes: [absent(set('alias', 'CNAME', [])), change(undefined, set('alias', 'A', ['192.0.2.1']))],
      },
    ])) as [[string, ChangeOutcome]];
    assert.equal(second.state, 'conflict');
  });

  scenario('groups that stand already are applied, so a run may be repeated', async ({ set, apply, all }) => {
    const sets = ['a', 'b', 'c'].map((name) => set(name, 'A', ['192.0.2.1']));
    const groups = sets.map((one, i) => ({ id: `${i}`, changes: [change(undefined, one)] }));
    await apply(groups.slice(0, 2));
    const states = (await apply(groups)).map(([, { state }]) => state);
    assert.deepEqual(states, ['applied', 'applied', 'applied']);
    const taken = sets.map((one, i) => ({ id: `${i}`, changes: [change(one, undefined)] }));
    await apply(taken.slice(1));
    assert.deepEqual(
      (await apply(taken)).map(([, { state }]) => state),
      ['applied', 'applied', 'applied'],
    );
    for (const one of sets) assert.equal((await all()).get(setKey(one.name, 'A')), undefined);
  });

  scenario('two hundred hostnames at once, each reported once', async ({ set, apply, all }) => {
    const names = Array.from({ length: 200 }, (_, i) => `host-${i}`);
    const groups = names.map((name) => ({
      id: name,
      changes: [
        change(
          undefined,
          set(`_sallyport.${name}`, 'TXT', [`"heritage=sallyport,sallyport/edge=a,${name}"`]),
        ),
        change(undefined, set(name, 'A', ['192.0.2.1'])),
        change(undefined, set(name, 'AAAA', ['2001:db8::1'])),
      ],
    }));
    const outcomes = await apply(groups);
    assert.deepEqual(outcomes.map(([id]) => id).toSorted(), names.toSorted());
    assert.ok(outcomes.every(([, { state }]) => state === 'applied'));
    const listed = await all();
    for (const { changes } of groups) {
      for (const { name, type, after } of changes) assert.deepEqual(listed.get(setKey(name, type)), after);
    }
    const gone = groups.map(({ id, changes }) => ({
      id,
      changes: changes
        .toReversed()
        .map(({ name, type, after }) => ({ name, type, before: after, after: undefined })),
    }));
    assert.ok((await apply(gone)).every(([, { state }]) => state === 'applied'));
    assert.equal([...(await all()).keys()].filter((key) => key.includes('host-')).length, 0);
  });

  scenario(
    'a signal stops a run, and what was reported until then stands',
    async ({ set, all, world, zone }) => {
      const sets = Array.from({ length: 1000 }, (_, i) => set(`stop-${i}`, 'A', ['192.0.2.1']));
      const stop = new AbortController();
      const reported: string[] = [];
      await assert.rejects(
        world.provider.apply(
          zone,
          sets.map((one) => ({ id: one.name, changes: [change(undefined, one)] })),
          (id, outcome) => {
            if (outcome.state === 'applied') reported.push(id);
            stop.abort(new Error('enough'));
          },
          stop.signal,
        ),
        /enough/,
      );
      assert.ok(reported.length < sets.length);
      const listed = await all();
      for (const name of reported) assert.ok(listed.has(setKey(name, 'A')), name);
    },
  );

  scenario(
    'what was applied is published, what is gone is not, and something else is neither',
    async (playground) => {
      const { set, apply, world, zone } = playground;
      const one = set('seen', 'A', ['192.0.2.1']);
      const isPublished = (after: RecordSet | undefined): Promise<boolean> =>
        world.provider.isPublished(zone, { name: one.name, type: 'A', after }, noSignal);
      assert.equal(await isPublished(one), false);
      assert.equal(await isPublished(undefined), true);
      await apply([{ id: 'a', changes: [change(undefined, one)] }]);
      await eventually(() => isPublished(one));
      assert.equal(await isPublished(set('seen', 'A', ['192.0.2.2'])), false);
      await apply([{ id: 'a', changes: [change(one, undefined)] }]);
      await eventually(() => isPublished(undefined));
    },
  );

  scenario('wrong credentials are one sentence that keeps the secret', async ({ world, zone, set }) => {
    const { stranger } = world;
    if (!stranger) return;
    const isClear = (error: unknown): boolean => {
      assert.ok(isSallyportError(error, 'dns-refused'), String(error));
      assert.ok(!error.message.includes(world.secret));
      assert.match(error.message, /\.$/);
      return true;
    };
    await assert.rejects(stranger.listRecords(zone, noSignal), isClear);
    const group = { id: 'a', changes: [change(undefined, set('strange', 'A', ['192.0.2.1']))] };
    await assert.rejects(
      stranger.apply(zone, [group], () => {}, noSignal),
      isClear,
    );
  });
}

/** A change between two states of which at least one is there. */
export function change(before: RecordSet | undefined, after: RecordSet | undefined): RecordChange {
  const { name, type } = (before ?? after)!;
  return { name, type, before, after };
}

/** The condition that nothing of a set's name and type is there. */
function absent({ name, type }: RecordSet): RecordChange {
  return { name, type, before: undefined, after: undefined };
}

class Playground {
  readonly world: ProviderWorld;
  readonly zone: Awaited<ReturnType<DnsProvider['listZones']>>[number];

  static async in(world: ProviderWorld): Promise<Playground> {
    const zones = await world.provider.listZones(noSignal);
    const zone = zones.find(({ name }) => name === world.zone);
    assert.ok(zone, `${world.zone} is among ${zones.map(({ name }) => name).join(' ')}`);
    return new Playground(world, zone);
  }

  private constructor(world: ProviderWorld, zone: Playground['zone']) {
    this.world = world;
    this.zone = zone;
  }

  /** A set by relative name, with a TTL that the provider takes. */
  readonly set = (name: string, type: string, values: readonly string[]): RecordSet => {
    const full = name === '' ? this.world.zone : `${name}.${this.world.zone}`;
    return recordSet(full, type, Math.max(60, this.zone.minTtlSeconds), values);
  };

  readonly all = async (): Promise<Map<string, RecordSet>> => {
    const sets = await this.world.provider.listRecords(this.zone, noSignal);
    const map = new Map(sets.map((one) => [setKey(one.name, one.type), one]));
    assert.equal(map.size, sets.length, 'each set is listed once');
    return map;
  };

  readonly apply = async (groups: readonly ChangeGroup[]): Promise<[string, ChangeOutcome][]> => {
    const outcomes: [string, ChangeOutcome][] = [];
    await this.world.provider.apply(
      this.zone,
      groups,
      (id, outcome) => void outcomes.push([id, outcome]),
      noSignal,
    );
    return outcomes;
  };
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await check())) {
    assert.ok(performance.now() < deadlineMs, 'waited for 20 s in vain');
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
}
