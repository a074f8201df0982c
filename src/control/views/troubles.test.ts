import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthPart } from '#model/live/health.ts';
import { emptyLook } from '../edge-view.ts';
import { ControlState } from '../control-state.ts';
import { bySeverity, troublesOf } from './troubles.ts';
import type { ViewSources } from './tunnel-view.ts';

const nowMs = Date.UTC(2026, 0, 5, 23);

function sourcesWith(look: Partial<ViewSources['look']>): ViewSources {
  return {
    state: ControlState.from({ revision: 1, objects: [] }),
    declared: { tunnels: [], routes: [] },
    facts: {
      ...{ name: 'edge', version: '0', edgeAddress: '', startedAtMs: 0, httpsPort: 443 },
      ...{ dashboardUrl: '', caPin: '' },
    },
    look: { ...emptyLook, ...look },
    nowMs,
  } as ViewSources;
}

test('S0-38 a name that another tunnel holds is a trouble for a night, a warning where no route says so', () => {
  const move = { hostname: 'nas.example.com', path: '/', from: 'home', to: 'cabin', atMs: nowMs - 60_000 };
  const sources = sourcesWith({
    moves: [
      { ...move, isDeclared: false },
      { ...move, hostname: 'blog.example.com', isDeclared: true },
      { ...move, hostname: 'old.example.com', isDeclared: false, atMs: nowMs - 13 * 3_600_000 },
    ],
  });
  const found = troublesOf(sources, { store: '', lastEnd: undefined, nowMs });
  assert.deepEqual(
    found.map(({ severity, title, isEvent }) => [severity, title, isEvent]),
    [
      ['warning', 'nas.example.com has gone from home to cabin', true],
      ['notice', 'blog.example.com has gone from home to cabin', true],
    ],
  );
  assert.match(found[0]!.detail, /the connector of cabin publishes it/);
  assert.match(found[0]!.cure, /what cabin may claim/);
  assert.deepEqual(bySeverity(found.toReversed()), found);
});

test('what health knows beyond the look is told: origins, renewals, probes, members, ports; nothing twice', () => {
  const part = (kind: HealthPart['kind'], name: string, state: HealthPart['state']): HealthPart => ({
    ...{ kind, name, state, sinceMs: nowMs - 60_000, sentence: `${name} it is.`, cure: 'Mend it.' },
    ...{ isVital: false, ...(kind === 'origin' && { tunnelId: 't1' }) },
  });
  const member = { isBackup: false, weight: 1, active: 0, requests: 0, failures: 0 };
  const sources = sourcesWith({
    parts: [
      part('origin', 'http://nas:80 of home', 'down'),
      part('origin', 'http://tv:80 of home', 'degraded'),
      part('certificate', 'nas.example.com', 'degraded'),
      part('certificate', 'edge.example.com', 'down'),
      part('certificate', 'old.example.com', 'down'),
      part('probe', 'tv.example.com from cabin', 'down'),
      part('probe', 'old.example.com', 'down'),
      part('probe', 'new.example.com', 'degraded'),
      part('store', 'store', 'down'),
      part('store', 'keys of access', 'degraded'),
    ],
    certificates: new Map([
      ['nas.example.com', { state: 'good', detail: '', expiresAtMs: null }],
      ['old.example.com', { state: 'bad', detail: 'It expired.', expiresAtMs: null }],
    ]),
    members: new Map([
      [
        'www.example.com',
        [
          { ...member, name: 'home', state: 'up', trouble: '' },
          { ...member, name: 'cabin', state: 'down', trouble: 'it answered the check with 500' },
        ],
      ],
    ]),
    ports: [
      {
        ...{ name: 'tcp:5432', isOpen: false, trouble: 'EADDRINUSE', active: 0, connections: 0 },
        ...{ bytesIn: 0, bytesOut: 0 },
      },
    ],
  });
  const found = troublesOf(sources, { store: '', lastEnd: undefined, nowMs });
  assert.deepEqual(
    found.map(({ severity, id }) => `${severity} ${id}`),
    [
      'error certificate:old.example.com',
      'error renewal:edge.example.com',
      'error origin:http://nas:80 of home',
      'error port:tcp:5432',
      'error probe:tv.example.com from cabin',
      'warning keys:keys of access',
      'warning renewal:nas.example.com',
      'warning member:www.example.com cabin',
    ],
  );
  for (const { cure, detail } of found) assert.ok(cure !== '' && detail !== '');
  assert.equal(found[4]!.title, 'tv.example.com cannot be reached from cabin');
});
