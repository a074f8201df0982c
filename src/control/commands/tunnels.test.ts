import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlWorld, refusal, tester } from '#testkit/control-world.ts';
import { createRoute } from './routes.ts';
import {
  abortRotation,
  createTunnel,
  deleteTunnel,
  finishRotation,
  revokeTunnel,
  startRotation,
  updateTunnel,
} from './tunnels.ts';

const home = { name: 'home', management: 'remote', hostnames: ['*.example.com'], note: '' } as const;
const blog = { hostname: 'blog.example.com', path: '/', tunnel: 'home', note: '', isEnabled: true };
const nobodyLeft = { force: false, stillOnOldKey: () => [] };

test('S0-16 deleting a tunnel that is in use says by what, and goes only by force', async () => {
  const { control } = await controlWorld();
  await control.run(createTunnel(home), tester);
  await control.run(createRoute(blog), tester);
  const error = await refusal(
    control.run(deleteTunnel('home', { force: false, liveConnectors: ['attic'] }), tester),
  );
  assert.equal(error.code, 'in-use');
  assert.match(error.message, /1 route leads to it, and 1 connector is connected/);
  assert.deepEqual(
    error.facts.dependents?.map(({ noun, name }) => [noun, name]),
    [
      ['route', 'blog.example.com'],
      ['connector', 'attic'],
    ],
  );
  await control.run(deleteTunnel('home', { force: true, liveConnectors: ['attic'] }), tester);
  assert.deepEqual(
    [control.state.tunnels.size, control.state.routes.size, control.state.ruleSets.size],
    [0, 0, 0],
  );
});

test('a rotation has two keys, ends with the new one, and waits for those who have not moved', async () => {
  const { control } = await controlWorld();
  const { tunnel } = await control.run(createTunnel(home), tester);
  const [oldKey] = tunnel.keys;
  const { keyId } = await control.run(startRotation('home'), tester);
  assert.deepEqual(
    control.state.findTunnel('home')!.keys.map(({ id }) => id),
    [oldKey!.id, keyId],
  );
  assert.equal((await refusal(control.run(startRotation('home'), tester))).code, 'conflict');
  const waiting = { force: false, stillOnOldKey: () => ['attic'] };
  const error = await refusal(control.run(finishRotation('home', waiting), tester));
  assert.match(error.message, /The connector on attic uses the old key of home still/);
  await control.run(finishRotation('home', { ...waiting, force: true }), tester);
  assert.deepEqual(
    control.state.findTunnel('home')!.keys.map(({ id }) => id),
    [keyId],
  );
  assert.equal((await refusal(control.run(finishRotation('home', nobodyLeft), tester))).code, 'conflict');
});

test('a rotation that is given up keeps the old key; a revocation keeps none', async () => {
  const { control } = await controlWorld();
  const { tunnel } = await control.run(createTunnel(home), tester);
  await control.run(startRotation('home'), tester);
  const kept = await control.run(abortRotation('home'), tester);
  assert.deepEqual(kept.keys, tunnel.keys);
  const { keyId } = await control.run(revokeTunnel('home'), tester);
  assert.deepEqual(
    control.state.findTunnel('home')!.keys.map(({ id }) => id),
    [keyId],
  );
});

test('a change made of an older version is refused', async () => {
  const { control } = await controlWorld();
  await control.run(createTunnel(home), tester);
  await control.run(updateTunnel('home', { note: 'a' }, 1), tester);
  const error = await refusal(control.run(updateTunnel('home', { note: 'b' }, 1), tester));
  assert.equal(error.code, 'precondition-failed');
  assert.equal(control.state.findTunnel('home')!.note, 'a');
});

test('a tunnel of edge.yml is changed in its file only, and its name is taken', async () => {
  const entry = { id: '0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e', name: 'attic', publicKeys: [], hostnames: [] };
  const { control } = await controlWorld({ declared: { tunnels: [entry], routes: [] } });
  assert.match(
    (await refusal(control.run(updateTunnel('attic', { note: 'x' }), tester))).message,
    /edge\.yml/,
  );
  assert.equal(
    (await refusal(control.run(createTunnel({ ...home, name: 'Attic' }), tester))).code,
    'conflict',
  );
});

test('a public key made elsewhere needs no token here', async () => {
  const { control } = await controlWorld();
  const publicKey = Buffer.alloc(32, 7).toString('base64');
  const { token, tunnel } = await control.run(createTunnel({ ...home, publicKey }), tester);
  assert.equal(token, null);
  assert.equal(tunnel.keys[0]!.publicKey, publicKey);
});
