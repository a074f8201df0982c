// A connector that is about to take new rules: what is told of routes and ports in the meantime.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { portShape } from '#model/port.ts';
import { controlWorld, tester } from '#testkit/control-world.ts';
import { createPort } from '../commands/ports.ts';
import { createTunnel } from '../commands/tunnels.ts';
import { emptyLook, type TunnelConnector } from '../edge-view.ts';
import { findPort } from './port-view.ts';
import { allRoutes } from './route-view.ts';
import type { ViewSources } from './tunnel-view.ts';

async function viewsWhile(state: TunnelConnector['config']['state'], version: number) {
  const { control } = await controlWorld();
  const tunnel = { name: 'home', management: 'remote', hostnames: [], access: 'public', note: '' } as const;
  await control.run(createTunnel(tunnel), tester);
  const port = z.strictObject(portShape).parse({ protocol: 'tcp', port: 5432, hostname: 'db.example.com' });
  const more = { tunnel: 'home', note: '', isEnabled: true, service: 'tcp://localhost:5432' };
  const { tunnelId } = await control.run(createPort({ ...port, ...more }), tester);
  const connector = {
    ...{ tunnelId, isDraining: false, config: { version, state, detail: '' } },
    rules: [{ hostname: '', path: '', service: 'http_status:404' }],
  } as unknown as TunnelConnector;
  const live = { name: 'tcp:5432', isOpen: true, trouble: '' };
  const counts = { active: 0, connections: 0, bytesIn: 0, bytesOut: 0 };
  const sources = {
    ...{ state: control.state, nowMs: 0 },
    declared: { tunnels: [], routes: [{ hostname: 'blog.example.com', path: '/', tunnelId }] },
    look: { ...emptyLook, connectors: [connector], ports: [{ ...live, ...counts }] },
  } as unknown as ViewSources;
  return [findPort(sources, 'tcp:5432')!, allRoutes(sources)[0]!];
}

test('rules that are on their way to the connector are not said to be missing', async () => {
  for (const [state, version] of [
    ['pending', 2],
    ['current', 1],
  ] as const)
    for (const { service, trouble } of await viewsWhile(state, version))
      assert.deepEqual(
        [service, trouble],
        ['', "The connector of home is about to take the tunnel's new rules."],
      );
});

test('rules that a connector has, or refused, and that lead nowhere are told of', async () => {
  for (const state of ['current', 'refused'] as const)
    for (const { service, trouble } of await viewsWhile(state, 2)) {
      assert.equal(service, 'http_status:404');
      assert.match(trouble, /has no ingress rule for .*; add one/);
    }
});
