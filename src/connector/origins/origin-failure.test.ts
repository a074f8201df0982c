import assert from 'node:assert/strict';
import { test } from 'node:test';
import { originFailure } from './origin-failure.ts';

const coded = (code: string): Error => Object.assign(new Error(`text of ${code}`), { code });

for (const [error, phase, reason, detail] of [
  [coded('ECONNREFUSED'), 'connect', 'origin-refused', 'a:1: ECONNREFUSED'],
  [coded('ETIMEDOUT'), 'connect', 'origin-timeout', 'a:1: ETIMEDOUT'],
  [coded('ENOTFOUND'), 'connect', 'origin-unreachable', 'a:1: ENOTFOUND'],
  [coded('EHOSTUNREACH'), 'connect', 'origin-unreachable', 'a:1: EHOSTUNREACH'],
  [coded('ECONNRESET'), 'tls', 'origin-tls', 'a:1: ECONNRESET'],
  [coded('ECONNRESET'), 'lost', 'origin-lost', 'a:1: ECONNRESET'],
  [new Error('no code'), 'connect', 'origin-unreachable', 'a:1: no code'],
  [
    new AggregateError([coded('ENETUNREACH'), coded('ECONNREFUSED')]),
    'connect',
    'origin-refused',
    'a:1: ECONNREFUSED',
  ],
] as const) {
  test(`${detail} in phase ${phase} is ${reason}`, () => {
    assert.deepEqual(originFailure(error, 'a:1', phase), { reason, detail });
  });
}
