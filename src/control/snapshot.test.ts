import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleRoute, sampleTunnel } from '#testkit/sample-objects.ts';
import { ControlState } from './control-state.ts';
import { formatServed, parseServed, servedBy } from './snapshot.ts';

test('who may pass survives the file that an edge starts from when its store is away', () => {
  const state = ControlState.from({
    revision: 7,
    objects: [
      { kind: 'tunnel', object: sampleTunnel(1, { access: 'private' }) },
      { kind: 'tunnel', object: sampleTunnel(2) },
      { kind: 'route', object: sampleRoute(3) },
      { kind: 'route', object: sampleRoute(4, { access: [{ allow: 'signed-in', paths: '/x' }] }) },
      { kind: 'route', object: sampleRoute(5, { access: 'public' }) },
    ],
  });
  const served = servedBy(state, { tunnels: [], routes: [] });
  const read = parseServed(formatServed(served))!;
  assert.deepEqual(read, served);
  assert.deepEqual(
    read.routes.map(({ access }) => access),
    [['group:family', 'ip:192.0.2.0/24'], [{ allow: 'signed-in', paths: '/x' }], undefined],
  );
  assert.deepEqual(
    read.tunnels.map(({ access }) => access),
    ['private', undefined],
  );
});
