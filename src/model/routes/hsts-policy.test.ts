import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hstsPolicySchema, hstsValueOf, routeHstsSchema } from './hsts-policy.ts';

const values: readonly (readonly [settings: unknown, value: string | undefined])[] = [
  [undefined, undefined],
  ['off', undefined],
  [{}, 'max-age=31536000'],
  [{ maxAge: '0s' }, 'max-age=0'],
  [{ maxAge: '1h30m', includeSubDomains: true }, 'max-age=5400; includeSubDomains'],
  [{ includeSubDomains: true, preload: true }, 'max-age=31536000; includeSubDomains; preload'],
];

for (const [settings, value] of values) {
  test(`Strict-Transport-Security of ${JSON.stringify(settings)} is ${value ?? 'none'}`, () => {
    assert.equal(hstsValueOf(settings === undefined ? undefined : routeHstsSchema.parse(settings)), value);
  });
}

test('what the preload lists would refuse is refused, and so is what is no duration', () => {
  for (const settings of [
    { preload: true },
    { preload: true, includeSubDomains: true, maxAge: '8759h' },
    { maxAge: '-1s' },
    { maxAge: 31_536_000 },
    { max: '1h' },
  ]) {
    assert.equal(hstsPolicySchema.safeParse(settings).success, false, JSON.stringify(settings));
  }
});
