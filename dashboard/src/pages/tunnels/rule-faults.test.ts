// Faults find their line in whatever words the API names it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsByLine } from './rule-faults.ts';

test('faults stand at their lines', () => {
  const errors = [
    { path: 'line 3', message: 'needs a service' },
    { path: 'ingress[1].path', message: 'line 5: this is no pattern' },
    { path: 'ingress', message: 'the last rule must match everything' },
    { path: 'line 3', message: 'has an unknown key' },
  ];
  assert.deepEqual(
    [...faultsByLine({ detail: '', errors })],
    [
      [3, 'needs a service; has an unknown key'],
      [5, 'line 5: this is no pattern'],
    ],
  );
  assert.deepEqual(
    [...faultsByLine({ detail: 'rules:7: unexpected end' })],
    [[7, 'rules:7: unexpected end']],
  );
  assert.deepEqual([...faultsByLine({ detail: 'Something else is wrong.' })], []);
});
