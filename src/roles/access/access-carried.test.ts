// Every place that copies routes or tunnels carries who may pass: a policy that is lost on the way opens a door. One list of
// routes and tunnels goes all the ways that there are, and comes out with the policies it went in with.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import { applyLab } from '#control/commands/lab-apply.ts';
import { createRoute, updateRoute } from '#control/commands/routes.ts';
import { createTunnel, updateTunnel } from '#control/commands/tunnels.ts';
import { exportLab } from '#control/lab-export.ts';
import { formatServed, parseServed, type Served, servedBy } from '#control/snapshot.ts';
import { accessTunnelId, withSignInPaths } from '#edge/access/sign-in-paths.ts';
import { ClaimedRoutes } from '#edge/routes/claimed-routes.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import { allScopes } from '#model/users/role.ts';
import { controlWorld, tester } from '#testkit/control-world.ts';
import { composeConfig, declaredBy } from '../edge-composition.ts';

const policies: readonly AccessPolicy[] = [
  'private',
  ['group:family', { deny: 'ip:203.0.113.0/24', paths: ['/admin', '=/x'], methods: 'GET' }],
  { rules: ['token:*', 'link'], cache: 'shared', identity: ['cloudflare'], audience: 'me' },
];

const key = Buffer.alloc(32, 7).toString('base64');
const edgeYml = `
hostname: edge.example.com
internalCa: true
dashboard: { hostname: sallyport.example.com }
tunnels:
  - name: declared
    id: 0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e
    publicKeys: ["${key}"]
    hostnames: ["*.claimed.example.com"]
    access: ${JSON.stringify(policies[0])}
routes:
${policies.map((access, i) => `  - { hostname: file${i}.example.com, tunnel: declared, access: ${JSON.stringify(access)} }`).join('\n')}
  - { hostname: two.example.com, tunnel: declared, canonicalHost: www, access: private }
`;

/** Every stored route and tunnel with its policy, made and then changed in something else. */
async function filled() {
  const world = await controlWorld();
  const { control } = world;
  for (const [i, access] of policies.entries()) {
    const tunnel = {
      name: `t${i}`,
      management: 'remote',
      hostnames: [`*.c${i}.example.com`],
      note: '',
    } as const;
    await control.run(createTunnel({ ...tunnel, access }), tester);
    await control.run(updateTunnel(`t${i}`, { note: 'changed' }), tester);
    const route = { hostname: `r${i}.example.com`, path: '/', tunnel: `t${i}`, note: '', isEnabled: true };
    const { id } = await control.run(createRoute({ ...route, access }), tester);
    await control.run(updateRoute(id, { note: 'changed', path: '/moved' }), tester);
  }
  return world;
}

const served = (control: Awaited<ReturnType<typeof filled>>['control']): Served =>
  servedBy(control.state, declaredBy(parseEdgeConfig(edgeYml, 'edge.yml')));

/** What the edge routes by in the end, claims and its own paths among it. */
function routed(from: Served): Map<string, AccessPolicy | undefined> {
  const config = parseEdgeConfig(edgeYml, 'edge.yml');
  const snapshot = snapshotOf(composeConfig(config, from), 1);
  const claims = new ClaimedRoutes();
  for (const tunnel of snapshot.tunnels) {
    const hostname = tunnel.hostnames[0]!.replace('*', 'site');
    claims.publish(tunnel.id, { version: 1, rules: [{ hostname }] } as never);
  }
  const routes = withSignInPaths({ routes: claims.routes(snapshot) }).filter(
    // What the edge answers itself, whoever asks.
    ({ tunnelId }) => tunnelId !== accessTunnelId,
  );
  return new Map(routes.map(({ hostname, access }) => [hostname, access]));
}

const expected = new Map<string, AccessPolicy | undefined>([
  ['sallyport.example.com', undefined],
  ['site.claimed.example.com', policies[0]],
  // The second name of a site only leads to the first, and is as shut.
  ['two.example.com', 'private'],
  ['www.two.example.com', 'private'],
  ...policies.flatMap((access, i): [string, AccessPolicy][] => [
    [`file${i}.example.com`, access],
    [`r${i}.example.com`, access],
    [`site.c${i}.example.com`, access],
  ]),
]);

/** As they mean, whatever was left out. */
const inOrder = (routes: Map<string, AccessPolicy | undefined>) =>
  [...routes].toSorted(([a], [b]) => a.localeCompare(b));

test('from edge.yml and the store to what the edge routes by, no route and no claim loses its policy', async () => {
  const { control } = await filled();
  assert.deepEqual(inOrder(routed(served(control))), inOrder(expected));
});

test('what an edge starts from when its store is away has the same policies', async () => {
  const { control } = await filled();
  const read = parseServed(formatServed(served(control)));
  assert.ok(read);
  assert.deepEqual(inOrder(routed(read)), inOrder(expected));
});

test('an exported lab, applied elsewhere, has the same policies; applied again, it changes nothing', async () => {
  const lab = exportLab((await filled()).control.state);
  const { control } = await controlWorld();
  const options = { prune: false, isPlan: false, scopes: new Set(allScopes) };
  await control.run(applyLab(lab, options), tester);
  assert.deepEqual(inOrder(routed(served(control))), inOrder(expected));
  assert.deepEqual((await control.run(applyLab(lab, options), tester)).steps, []);
});
