import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameSet, recordSet, type RecordSet } from '#model/dns/record-set.ts';
import { checksums, formatMarker, markerName } from './ownership-marker.ts';
import { type ActualZone, plan, type PlanInput } from './plan.ts';

const owner = 'edge.example.com';
const ttls = { address: 60, alias: 300 };
const addresses = ['203.0.113.7', '2001:db8::7'];
const toAddresses = { addresses, alias: undefined };
const toAlias = { addresses, alias: 'edge.example.com' };

const a = (name: string, ...values: string[]): RecordSet => recordSet(name, 'A', 60, values);
const aaaa = (name: string, ...values: string[]): RecordSet => recordSet(name, 'AAAA', 60, values);
const marker = (hostname: string, sets: readonly RecordSet[], edge = owner, route = 'home'): RecordSet =>
  recordSet(markerName(hostname), 'TXT', 300, [
    formatMarker({ edge, route, wrote: sets.flatMap(checksums) }),
  ]);
/** A hostname as this edge makes it. */
const made = (hostname: string): RecordSet[] => {
  const sets = [a(hostname, '203.0.113.7'), aaaa(hostname, '2001:db8::7')];
  return [...sets, marker(hostname, sets)];
};

function zone(name: string, records: readonly RecordSet[] = [], more: Partial<ActualZone> = {}): ActualZone {
  return { provider: 'p', zone: { name, id: name, nameServers: [], minTtlSeconds: 0 }, records, ...more };
}

function planFor(hostnames: readonly string[], zones: readonly ActualZone[], more: Partial<PlanInput> = {}) {
  return plan({
    ...{ owner, target: toAddresses, ttls, zones, unreadable: [], isHeld: () => false },
    names: hostnames.map((hostname) => ({ hostname, routeId: 'home' })),
    ...more,
  });
}

test('S0-27: a new hostname becomes its records and a marker, the marker first', () => {
  const { steps, names } = planFor(['blog.example.com'], [zone('example.com')]);
  assert.equal(steps.length, 1);
  const [step] = steps;
  assert.equal(step!.action, 'create');
  assert.equal(step!.id, 'example.com/blog.example.com');
  assert.equal(step!.detail, 'Make A 203.0.113.7 and AAAA 2001:db8::7 (TTL 60).');
  const written = step!.changes.filter(({ after }) => after).map(({ after }) => after);
  const [first, second, mark] = made('blog.example.com');
  assert.deepEqual(written, [mark, first, second]);
  // No alias may stand there, unseen, when the addresses come.
  assert.ok(step!.changes.some(({ type, before, after }) => type === 'CNAME' && !before && !after));
  assert.equal(names[0]!.state, 'pending');
});

test('what stands as we made it needs nothing', () => {
  const { steps, names } = planFor(['blog.example.com'], [zone('example.com', made('blog.example.com'))]);
  assert.deepEqual(steps, []);
  assert.equal(names[0]!.state, 'good');
});

test('with an alias other names point to the edge’s own, save the top of the zone, that name itself, and where no alias may stand', () => {
  const hostnames = [
    'blog.example.com',
    '*.example.com',
    'example.com',
    'edge.example.com',
    'mail.example.com',
  ];
  const records = [recordSet('mail.example.com', 'MX', 300, ['10 mx.example.net.'])];
  const { steps } = planFor(hostnames, [zone('example.com', records)], { target: toAlias });
  const types = steps.map(({ hostname, changes }) => [
    hostname,
    changes
      .filter(({ name, after }) => name === hostname && after)
      .map(({ after }) => `${after!.type} ${after!.values.join()}`),
  ]);
  const both = ['A 203.0.113.7', 'AAAA 2001:db8::7'];
  assert.deepEqual(types, [
    ['blog.example.com', ['CNAME edge.example.com.']],
    ['*.example.com', ['CNAME edge.example.com.']],
    ['example.com', both],
    ['edge.example.com', both],
    ['mail.example.com', both],
  ]);
});

test('where only an alias is known, a name that cannot have one says what to set', () => {
  const target = { addresses: [], alias: 'edge.example.net' };
  const records = [recordSet('mail.example.com', 'MX', 300, ['10 mx.example.net.'])];
  const { names, steps } = planFor(['example.com', 'mail.example.com'], [zone('example.com', records)], {
    target,
  });
  assert.deepEqual(steps, []);
  assert.deepEqual(
    names.map(({ state }) => state),
    ['failed', 'failed'],
  );
  assert.match(names[0]!.detail, /top of its zone/);
  assert.match(names[1]!.detail, /Beside the MX records/);
  for (const { cure } of names) assert.match(cure, /dns\.addresses/);
});

test('wildcards have a marker without an asterisk', () => {
  assert.equal(markerName('*.lab.example.com'), '_sallyport-wildcard.lab.example.com');
  const { steps } = planFor(['*.example.com'], [zone('example.com')]);
  assert.ok(steps[0]!.changes.some(({ name }) => name === '_sallyport-wildcard.example.com'));
});

test('the longest zone wins, over providers and accounts', () => {
  const zones = [zone('example.com'), zone('lab.example.com', [], { provider: 'q' }), zone('example.net')];
  const { steps, names } = planFor(
    ['a.lab.example.com', 'lab.example.com', 'a.example.com', 'xlab.example.com'],
    zones,
  );
  assert.deepEqual(
    steps.map(({ hostname, provider, zone: { name } }) => `${hostname} ${provider} ${name}`),
    [
      'a.lab.example.com q lab.example.com',
      'lab.example.com q lab.example.com',
      'a.example.com p example.com',
      'xlab.example.com p example.com',
    ],
  );
  assert.equal(names[0]!.provider, 'q');
});

test('a name that no zone covers is said to be unmanaged', () => {
  const { names, steps } = planFor(['blog.example.org'], [zone('example.com')]);
  assert.deepEqual(steps, []);
  assert.equal(names[0]!.state, 'unmanaged');
});

test('names of a zone that cannot be read wait, and are not made in a shorter one', () => {
  const unreadable = [
    { provider: 'q', name: 'lab.example.com', detail: 'q is away.', cure: 'Wait.', isMissing: false },
  ];
  const { names, steps } = planFor(['a.lab.example.com'], [zone('example.com')], { unreadable });
  assert.deepEqual(steps, []);
  assert.deepEqual(names[0], {
    ...{ hostname: 'a.lab.example.com', state: 'failed', detail: 'q is away.', cure: 'Wait.' },
    ...{ zone: 'lab.example.com', provider: 'q' },
  });
});

test('records made by hand in our place are a conflict that names them, and nothing is done', () => {
  const { names, steps } = planFor(
    ['blog.example.com'],
    [zone('example.com', [a('blog.example.com', '198.51.100.1')])],
  );
  assert.deepEqual(steps, []);
  assert.equal(names[0]!.state, 'conflict');
  assert.match(names[0]!.detail, /A 198\.51\.100\.1 .*made by hand/);
  assert.match(names[0]!.cure, /^Delete it/);
});

test('records made by hand that lead here already are good, and left when the route goes', () => {
  const records = [a('blog.example.com', '203.0.113.7')];
  assert.equal(planFor(['blog.example.com'], [zone('example.com', records)]).names[0]!.state, 'good');
  assert.deepEqual(planFor([], [zone('example.com', records)]).steps, []);
});

test('a name that another edge has marked is a conflict that names the edge', () => {
  const theirs = [a('blog.example.com', '198.51.100.1')];
  const records = [...theirs, marker('blog.example.com', theirs, 'other.example.net')];
  const { names, steps } = planFor(['blog.example.com'], [zone('example.com', records)]);
  assert.deepEqual(steps, []);
  assert.match(names[0]!.detail, /belongs to the edge "other\.example\.net"/);
  assert.deepEqual(planFor([], [zone('example.com', records)]).steps, []);
});

test('other texts beside the marker stay', () => {
  const note = recordSet('_sallyport.blog.example.com', 'TXT', 60, ['"a note"']);
  const { steps } = planFor(['blog.example.com'], [zone('example.com', [note])]);
  const written = steps[0]!.changes.find(({ type }) => type === 'TXT')!.after!;
  assert.equal(written.values.length, 2);
  assert.ok(written.values.includes('"a note"'));
  const gone = planFor([], [zone('example.com', [written])]).steps[0]!;
  assert.deepEqual(gone.changes.find(({ type }) => type === 'TXT')!.after!.values, ['"a note"']);
});

test('a removed record is drift and is restored', () => {
  const [first, second, mark] = made('blog.example.com');
  const { steps } = planFor(['blog.example.com'], [zone('example.com', [second!, mark!])]);
  assert.equal(steps[0]!.isDrift, true);
  assert.match(steps[0]!.detail, /^Restore A 203/);
  // The marker is the condition: if it goes meanwhile, nothing is written.
  assert.deepEqual(steps[0]!.changes[0], { name: mark!.name, type: 'TXT', before: mark, after: mark });
  assert.deepEqual(
    steps[0]!.changes.find(({ type }) => type === 'A'),
    {
      ...{ name: 'blog.example.com', type: 'A', before: undefined, after: first },
    },
  );
});

test('a value that somebody changed is theirs from then on: a conflict, and not removed with the route', () => {
  const [, second, mark] = made('blog.example.com');
  const theirs = a('blog.example.com', '198.51.100.1');
  const records = [theirs, second!, mark!];
  const { steps, names } = planFor(['blog.example.com'], [zone('example.com', records)]);
  assert.deepEqual(steps, []);
  assert.equal(names[0]!.state, 'conflict');
  assert.match(names[0]!.detail, /not what this edge wrote/);
  const [gone] = planFor([], [zone('example.com', records)]).steps;
  assert.deepEqual(
    gone!.changes.map(({ type, after }) => `${type} ${after ? 'stays' : 'goes'}`),
    ['AAAA goes', 'TXT goes'],
  );
  assert.match(gone!.detail, /did not write stay/);
});

test('only another TTL is brought back without a word of drift', () => {
  const [first, ...rest] = made('blog.example.com');
  const { steps } = planFor(
    ['blog.example.com'],
    [zone('example.com', [{ ...first!, ttlSeconds: 3600 }, ...rest])],
  );
  assert.equal(steps[0]!.action, 'update');
  assert.equal(steps[0]!.isDrift, false);
});

test('a provider’s smallest TTL is taken, and is no difference', () => {
  const world = zone('example.com', []);
  const slow = { ...world, zone: { ...world.zone, minTtlSeconds: 3600 } };
  const { steps } = planFor(['blog.example.com'], [slow]);
  const records = steps[0]!.changes.flatMap(({ after }) => after ?? []);
  assert.ok(records.every(({ ttlSeconds }) => ttlSeconds === 3600));
  assert.deepEqual(planFor(['blog.example.com'], [{ ...slow, records }]).steps, []);
});

test('a new address is a step, and the marker knows old and new while it is taken', () => {
  const records = made('blog.example.com');
  const target = { addresses: ['203.0.113.8'], alias: undefined };
  const { steps } = planFor(['blog.example.com'], [zone('example.com', records)], { target });
  assert.equal(steps[0]!.isDrift, false);
  const [mark] = steps[0]!.changes;
  const sums = [a('b', '203.0.113.8'), ...records.slice(0, 2)].flatMap(checksums);
  for (const sum of sums) assert.ok(mark!.after!.values[0]!.includes(sum));
  assert.deepEqual(
    steps[0]!.changes.slice(1).map(({ type, before, after }) => [type, before?.values[0], after?.values[0]]),
    [
      ['CNAME', undefined, undefined],
      ['AAAA', '2001:db8::7', undefined],
      ['A', '203.0.113.7', '203.0.113.8'],
    ],
  );
});

test('another route for the same name changes only the marker', () => {
  const records = made('blog.example.com');
  const { steps } = planFor([], [zone('example.com', records)], {
    names: [{ hostname: 'blog.example.com', routeId: 'other' }],
  });
  assert.equal(steps[0]!.action, 'adopt');
  const written = steps[0]!.changes.filter(({ before, after }) => !isSameSet(before, after));
  assert.deepEqual(
    written.map(({ type }) => type),
    ['TXT'],
  );
});

test('when the route goes, the records go and the marker last', () => {
  const { steps } = planFor([], [zone('example.com', made('blog.example.com'))]);
  assert.equal(steps[0]!.action, 'delete');
  assert.deepEqual(
    steps[0]!.changes.map(({ type, after }) => [type, after]),
    [
      ['A', undefined],
      ['AAAA', undefined],
      ['TXT', undefined],
    ],
  );
});

test('a name that may be claimed again is kept', () => {
  const { steps, kept } = planFor([], [zone('example.com', made('blog.example.com'))], {
    isHeld: (hostname, route) => hostname === 'blog.example.com' && route === 'home',
  });
  assert.deepEqual(steps, []);
  assert.equal(kept[0]!.hostname, 'blog.example.com');
});

test('a name that moves to a longer zone is made there and pruned in the old one', () => {
  const zones = [zone('example.com', made('a.lab.example.com')), zone('lab.example.com')];
  const { steps } = planFor(['a.lab.example.com'], zones);
  assert.deepEqual(
    steps.map(({ action, zone: { name } }) => `${action} ${name}`),
    ['create lab.example.com', 'delete example.com'],
  );
});

test('a name below a delegation or a DNAME is a conflict', () => {
  for (const cut of [
    recordSet('lab.example.com', 'NS', 60, ['ns.elsewhere.net.']),
    recordSet('lab.example.com', 'DNAME', 60, ['elsewhere.net.']),
  ]) {
    const { names, steps } = planFor(['a.lab.example.com'], [zone('example.com', [cut])]);
    assert.deepEqual(steps, []);
    assert.equal(names[0]!.state, 'conflict');
    assert.match(names[0]!.detail, /lab\.example\.com is handed on/);
  }
  const top = recordSet('example.com', 'NS', 60, ['ns.example.net.']);
  assert.equal(planFor(['a.example.com'], [zone('example.com', [top])]).names[0]!.state, 'pending');
});

test('of two zones of one name the first counts, in full', () => {
  const second = zone('example.com', made('old.example.com'), { provider: 'q' });
  const { steps } = planFor(['blog.example.com'], [zone('example.com'), second]);
  assert.deepEqual(
    steps.map(({ provider, hostname }) => `${provider} ${hostname}`),
    ['p blog.example.com'],
  );
});

test('a name too long for a marker, or that looks like one, is refused in words', () => {
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}.example.com`;
  const { names } = planFor([long, '_sallyport.a.example.com'], [zone('example.com')]);
  assert.deepEqual(
    names.map(({ state }) => state),
    ['failed', 'failed'],
  );
});
