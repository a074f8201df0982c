// Numbers as people read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as units from './units.ts';

test('numbers carry their unit and no more digits than they are worth', () => {
  const cases: [string, string][] = [
    [units.formatBytes(0), '0 B'],
    [units.formatBytes(831), '831 B'],
    [units.formatBytes(999.6), '1 kB'],
    [units.formatBytes(1_449), '1.4 kB'],
    [units.formatBytes(23_456_789), '23.5 MB'],
    [units.formatBytes(234_567_890), '235 MB'],
    [units.formatMs(0.417), '0.42 ms'],
    [units.formatMs(4.26), '4.3 ms'],
    [units.formatMs(12.6), '13 ms'],
    [units.formatMs(1_350), '1.35 s'],
    [units.formatMs(61_000), '1 min 1 s'],
    [units.formatDuration(0), '0 s'],
    [units.formatDuration(3 * 86_400_000 + 4 * 3_600_000 + 5_000), '3 d 4 h'],
    [units.formatDuration(86_400_000 + 5_000), '1 d'],
    [units.formatRate(0), '0 /s'],
    [units.formatRate(0.04), '0.04 /s'],
    [units.formatRate(0.004), '< 0.01 /s'],
    [units.formatRate(1_234), '1,234 /s'],
    [units.formatShare(1, 3_000), '0.03 %'],
    [units.formatShare(0, 0), '0 %'],
    [units.formatAmount(0, 'route'), 'no routes'],
    [units.formatAmount(1, 'route'), '1 route'],
    [units.formatAmount(2, 'entry', 'entries'), '2 entries'],
  ];
  for (const [actual, expected] of cases) assert.equal(actual, expected);
});

test('times are told from now, in one unit', () => {
  const now = Date.UTC(2026, 10, 27);
  assert.equal(units.formatAgo(now - 2_000, now), 'just now');
  assert.equal(units.formatAgo(now - 45_000, now), '45 s ago');
  assert.equal(units.formatAgo(now - 3 * 3_600_000 - 59 * 60_000, now), '3 h ago');
  assert.equal(units.formatAgo(now + 12 * 86_400_000, now), 'in 12 d');
  assert.match(units.formatMoment(now), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/);
});
