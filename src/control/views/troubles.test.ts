import assert from 'node:assert/strict';
import { test } from 'node:test';
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
