import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { askRenewalAgainMs, type Renewable, renewalTime } from './renewal-time.ts';

const dayMs = 86_400_000;
const startMs = Date.UTC(2026, 0, 1);

function certificate(days: number, change: Partial<Renewable> = {}): Renewable {
  return {
    notBeforeMs: startMs,
    notAfterMs: startMs + days * dayMs,
    jitter: 0,
    renewal: undefined,
    ...change,
  };
}

function suggestion(fromDay: number, toDay: number): NonNullable<Renewable['renewal']> {
  const at = (day: number): number => startMs + day * dayMs;
  return { startMs: at(fromDay), endMs: at(toDay), explanationUrl: '', askAgainAtMs: 0 };
}

const dayOf = (renewable: Renewable): number => (renewalTime(renewable).atMs - startMs) / dayMs;

test('S0-19 a certificate is renewed at two thirds of its life, be it six days or a year', () => {
  for (const days of [6, 45, 90, 398])
    assert.equal(Math.abs(dayOf(certificate(days)) - (days * 2) / 3) < 0.001, true);
});

test('jitter brings a renewal forward, by days of ninety and by hours of six days', () => {
  assert.ok(dayOf(certificate(90, { jitter: 0.999 })) > 55 && dayOf(certificate(90, { jitter: 0.999 })) < 57);
  assert.ok(dayOf(certificate(6, { jitter: 0.999 })) > 3.7 && dayOf(certificate(6, { jitter: 0.999 })) < 3.8);
});

test('the authority is followed where it suggests a time, at a moment of the window that stays the same', () => {
  const asked = certificate(90, { jitter: 0.25, renewal: suggestion(40, 44) });
  assert.equal(dayOf(asked), 41);
  assert.match(renewalTime(asked).reason, /authority suggests/);
});

test('a window that has come early means now: that is how a revocation shows', () => {
  assert.ok(dayOf(certificate(90, { renewal: suggestion(-1, 0) })) <= 0);
});

test('a suggestion that makes no sense or leaves no time for a second try is not followed', () => {
  for (const [from, to] of [
    [50, 50],
    [50, 40],
    [88, 89],
    [100, 101],
  ] as const)
    assert.equal(
      Math.round(dayOf(certificate(90, { renewal: suggestion(from, to) }))),
      60,
      `${from} to ${to}`,
    );
});

test('whatever the dates, without a suggestion a third of life is left at least', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4000 }),
      fc.double({ min: 0, max: 0.9999, noNaN: true }),
      (days, jitter) => {
        const at = dayOf(certificate(days, { jitter }));
        return at > days * 0.6 && at <= days * 0.667;
      },
    ),
  );
});

test('an authority is asked again when it likes, within a minute and a day; else in six hours', () => {
  assert.equal(askRenewalAgainMs(undefined), 6 * 3_600_000);
  assert.equal(askRenewalAgainMs(0), 60_000);
  assert.equal(askRenewalAgainMs(90 * dayMs), dayMs);
  assert.equal(askRenewalAgainMs(7_200_000), 7_200_000);
});
