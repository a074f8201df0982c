import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderFailure } from '#model/certificates/certificate-record.ts';
import { certificateRecord, orderRecord, pendingOrder } from '#testkit/certificate-vault-suite.ts';
import type { AuthoritySettings } from './acme-settings.ts';
import type { MethodChoice } from './method-choice.ts';
import { type OrderPlan, type PlanInput, planOrders } from './order-plan.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);
const http: MethodChoice = { method: 'http-01', reason: 'port 80' };
const tls: MethodChoice = { method: 'tls-alpn-01', reason: 'port 443' };
const dns: MethodChoice = { method: 'dns-01', reason: 'a zone' };

function authority(name: string, isPublic = true): AuthoritySettings {
  return {
    ...{ directoryUrl: `https://${name}.example/directory`, label: name, isPublic },
    ...{ ca: undefined, externalAccount: undefined, profile: undefined },
  };
}

/** A plan on the first day of 2026, with nothing there but what a test says. */
function plan(
  change: Partial<PlanInput> & { readonly authorities?: readonly AuthoritySettings[] } = {},
): OrderPlan {
  const { authorities = [authority('ca')], ...rest } = change;
  return planOrders({
    nowMs: startMs,
    ...{ wanted: [], certificates: [], orders: [], pending: [] },
    settings: {
      ...{
        email: '',
        authorities,
        keepUnusedMs: 0,
        wildcards: false,
        namesPerCertificate: 25,
        onDemand: true,
      },
      methods: ['dns-01', 'tls-alpn-01', 'http-01'],
    },
    methodsOf: (name) => (name.startsWith('*.') ? [dns] : [tls, http]),
    ...{ busy: new Set<string>(), forced: new Set<string>() },
    ...rest,
  });
}

const namesOf = ({ due }: OrderPlan): string[] => due.map(({ names }) => names.join(' '));
const hosts = (count: number, family = 'example.com'): string[] =>
  Array.from({ length: count }, (_, i) => `n${i}.${family}`);

function failed(failure: Partial<OrderFailure>, change: Parameters<typeof orderRecord>[0] = {}) {
  return orderRecord({
    ...{ names: ['a.example.com'], authority: authority('ca').directoryUrl, endedAtMs: startMs - 10 },
    failure: { code: 'validation-failed', message: '', problem: '', failedNames: {}, ...failure },
    ...change,
  });
}

test('a few new names have a certificate each; the first that came is first', () => {
  assert.deepEqual(namesOf(plan({ wanted: ['b.example.com', 'a.example.com', 'c.example.org'] })), [
    'b.example.com',
    'a.example.com',
    'c.example.org',
  ]);
});

test('two hundred new names are put together, in the order in which they came', () => {
  const wanted = hosts(200);
  const { due } = plan({ wanted });
  assert.equal(due.length, 8);
  assert.deepEqual(
    due.flatMap(({ names }) => names),
    wanted,
  );
});

test('names of different families and methods are kept apart', () => {
  const wanted = [...hosts(4), '*.example.com', ...hosts(4, 'example.org')];
  assert.deepEqual(
    plan({ wanted }).due.map(({ names }) => names.length),
    [4, 1, 4],
  );
});

test('a name that failed goes alone, later, by the next method, and holds up no other', () => {
  const orders = [failed({ failedNames: { 'n3.example.com': 'no address' } }, { names: hosts(20) })];
  const now = plan({ wanted: hosts(20), orders });
  assert.deepEqual(
    now.due.flatMap(({ names }) => names),
    hosts(20).filter((name) => name !== 'n3.example.com'),
  );
  assert.ok(now.nextMs > startMs && now.nextMs <= startMs + 60_000);
  const later = plan({ wanted: hosts(20), orders, nowMs: now.nextMs });
  const alone = later.due.find(({ names }) => names.includes('n3.example.com'))!;
  assert.deepEqual(alone.names, ['n3.example.com']);
  assert.equal(alone.method, 'http-01');
  assert.match(alone.methodReason, /another method failed before/);
});

test('a certificate is renewed when its time has come, keeps its id and drops names that nobody wants', () => {
  const certificate = certificateRecord({ names: ['a.example.com', 'gone.example.com'] });
  const input = { wanted: ['a.example.com'], certificates: [certificate] };
  const early = plan(input);
  assert.deepEqual(early.due, []);
  assert.equal(early.nextMs, startMs + 60 * dayMs);
  const [due] = plan({ ...input, nowMs: startMs + 60 * dayMs }).due;
  assert.deepEqual(due!.names, ['a.example.com']);
  assert.equal(due!.renews, certificate);
  assert.equal(due!.keepsOld, false);
  assert.deepEqual(plan({ ...input, wanted: [], nowMs: startMs + 60 * dayMs }).due, []);
});

test('a name that fails is left out of a renewal and stays with the old certificate', () => {
  const certificates = [certificateRecord({ names: hosts(3) })];
  const nowMs = startMs + 61 * dayMs;
  const orders = [
    failed({ failedNames: { 'n1.example.com': '' } }, { names: hosts(3), endedAtMs: nowMs - 10 }),
  ];
  const [due, ...more] = plan({ wanted: hosts(3), certificates, orders, nowMs }).due;
  assert.deepEqual(due!.names, ['n0.example.com', 'n2.example.com']);
  assert.equal(due!.keepsOld, true);
  assert.deepEqual(more, []);
});

test('renewals that are running out of time come before new names, and these before renewals that have time', () => {
  const certificates = [
    certificateRecord({ id: 'calm', names: ['calm.example.com'] }),
    certificateRecord({ id: 'late', names: ['late.example.com'], notAfterMs: startMs + 70 * dayMs }),
  ];
  const wanted = ['calm.example.com', 'new.example.com', 'late.example.com'];
  assert.deepEqual(namesOf(plan({ wanted, certificates, nowMs: startMs + 61 * dayMs })), [
    'late.example.com',
    'new.example.com',
    'calm.example.com',
  ]);
});

test('a wildcard certificate serves the names below it and is renewed for them', () => {
  const certificates = [certificateRecord({ names: ['*.example.com'] })];
  const [due] = plan({ wanted: hosts(2), certificates, nowMs: startMs + 61 * dayMs }).due;
  assert.deepEqual(due!.names, ['*.example.com']);
  assert.equal(due!.method, 'dns-01');
});

test('an imported certificate is left alone until its time has come; then one is got beside it', () => {
  const certificates = [certificateRecord({ source: 'imported', authority: '', method: '' })];
  const input = { wanted: ['a.example.com'], certificates };
  assert.deepEqual(plan(input).due, []);
  const [due] = plan({ ...input, nowMs: startMs + 61 * dayMs }).due;
  assert.equal(due!.renews, undefined);
});

test('an authority that is away or refuses is followed by the next', () => {
  const authorities = [authority('ca'), authority('second')];
  const labels = (orders: PlanInput['orders']): string[] =>
    plan({ wanted: ['a.example.com'], authorities, orders, nowMs: startMs + dayMs }).due.map(
      ({ authority: { label } }) => label,
    );
  assert.deepEqual(labels([]), ['ca']);
  assert.deepEqual(labels([failed({ code: 'authority-refused' })]), ['second']);
  assert.deepEqual(labels([failed({ code: 'authority-unreachable' }, { endedAtMs: startMs + dayMs - 1 })]), [
    'second',
  ]);
  assert.deepEqual(labels([failed({ code: 'authority-busy', retryAtMs: startMs + 2 * dayMs })]), ['second']);
  assert.deepEqual(labels([failed({ code: 'validation-failed' })]), ['ca']);
});

test("only an authority of one's own is asked for names that no public one vouches for", () => {
  const wanted = ['nas.lan'];
  assert.deepEqual(plan({ wanted }).due, []);
  const own = plan({ wanted, authorities: [authority('ca'), authority('own', false)] });
  assert.deepEqual(
    own.due.map(({ authority: { label } }) => label),
    ['own'],
  );
});

test('what is under way is not begun a second time', () => {
  assert.deepEqual(plan({ wanted: ['a.example.com'], busy: new Set(['a.example.com']) }).due, []);
});

test('an order that was begun before a crash is gone on with, and nothing else is ordered for its names', () => {
  const pending = [
    pendingOrder({ authority: authority('ca').directoryUrl, orderUrl: 'https://ca.example/order/1' }),
  ];
  const { due } = plan({ wanted: ['a.example.com', 'b.example.com'], pending });
  assert.deepEqual(
    due.map(({ names, resumes }) => [names.join(), resumes?.orderUrl]),
    [
      ['a.example.com', 'https://ca.example/order/1'],
      ['b.example.com', undefined],
    ],
  );
  const answered = certificateRecord({ obtainedAtMs: startMs + 1 });
  assert.deepEqual(plan({ wanted: ['a.example.com'], pending, certificates: [answered] }).due, []);
});

test('a certificate is renewed at any time when somebody asks for it', () => {
  const certificates = [certificateRecord()];
  const { due } = plan({ wanted: ['a.example.com'], certificates, forced: new Set(['first']) });
  assert.equal(due[0]?.cause, 'renewal asked for by hand');
});

test('orders of a time when the clock was ahead do not hold anything up', () => {
  const orders = [failed({}, { endedAtMs: startMs + 30 * dayMs })];
  assert.deepEqual(namesOf(plan({ wanted: ['a.example.com'], orders })), ['a.example.com']);
});
