import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf, type HealthPart } from '#model/live/health.ts';
import { healthText } from './health-text.ts';

const part = (kind: HealthPart['kind'], name: string, state: HealthPart['state']): HealthPart => ({
  ...{ kind, name, state, sinceMs: Date.UTC(2026, 0, 5, 12, 0, 40), isVital: false },
  ...{ sentence: state === 'ok' ? 'It answers.' : 'It does not.', cure: state === 'ok' ? '' : 'Start it.' },
});

test('what is not well comes first, with since when and the cure; the rest is counted', () => {
  const text = healthText(
    healthOf([
      part('listener', 'https', 'ok'),
      part('origin', 'http://nas:80 of home', 'down'),
      part('origin', 'http://tv:80 of home', 'ok'),
    ]),
  );
  assert.equal(
    text,
    [
      'degraded: 1 down, 2 ok',
      'DOWN      origin http://nas:80 of home, since 2026-01-05 12:00:40 UTC',
      '          It does not.',
      '          Start it.',
      'listener    1 ok',
      'origin      1 down, 1 ok',
      '',
    ].join('\n'),
  );
});
