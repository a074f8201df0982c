import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListFields } from './list-fields.ts';
import { formatTraceparent, parseTraceparent, parseTracestate, readTraceContext } from './trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const parentId = '00f067aa0ba902b7';
const good = `00-${traceId}-${parentId}-01`;

test('traceparent is read as the specification writes it, and nothing else', () => {
  assert.deepEqual(parseTraceparent(good), { traceId, parentId, isSampled: true });
  assert.equal(parseTraceparent(good.replace(/01$/, '00'))?.isSampled, false);
  // Unknown flags mean nothing; a later version may say more after a dash.
  assert.equal(parseTraceparent(good.replace(/01$/, 'fe'))?.isSampled, false);
  assert.equal(parseTraceparent(`cc-${good.slice(3)}-what-the-future`)?.traceId, traceId);
  const wrong = [
    '',
    good.toUpperCase(),
    good.slice(0, -1),
    `${good}-00`,
    `${good} `,
    `cc-${good.slice(3)}.x`,
    `ff-${good.slice(3)}`,
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    good.replace('4b', '4g'),
    good.replaceAll('-', '_'),
  ];
  for (const text of wrong) assert.equal(parseTraceparent(text), undefined, JSON.stringify(text));
  for (let length = 0; length < good.length; length++)
    assert.equal(parseTraceparent(good.slice(0, length)), undefined);
  assert.equal(formatTraceparent(traceId, parentId, true), good);
});

test('two traceparent fields are as none, and tracestate without a traceparent is none', () => {
  const one = ['traceparent', good, 'tracestate', 'a=1', 'TraceState', 'b=2'];
  assert.deepEqual(readTraceContext(new ListFields(one)), {
    traceId,
    parentId,
    isSampled: true,
    state: 'a=1,b=2',
  });
  assert.equal(readTraceContext(new ListFields([...one, 'Traceparent', good])), undefined);
  assert.equal(readTraceContext(new ListFields(['tracestate', 'a=1'])), undefined);
});

test('tracestate: lists are joined in order, and one wrong member loses them all', () => {
  assert.equal(
    parseTracestate(['rojo=00f067aa0ba902b7 ,\tcongo=t61rcWkgMzE', '', 'x@y=a b']),
    'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE,x@y=a b',
  );
  for (const wrong of [
    'A=1',
    'a',
    'a=',
    'a==1',
    'a=1,a=2',
    '1=2',
    `a=${'x'.repeat(257)}`,
    'a=\u00fc',
    'x@1=2',
  ])
    assert.equal(parseTracestate([wrong]), '', wrong);
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=1`).join(',');
  assert.equal(parseTracestate([many(32)]).split(',').length, 32);
  assert.equal(parseTracestate([many(33)]), '');
  const long = parseTracestate([Array.from({ length: 20 }, (_, i) => `k${i}=${'x'.repeat(200)}`).join(',')]);
  assert.ok(long.length <= 2_048 && long.startsWith('k0=') && long.endsWith('x'));
});
