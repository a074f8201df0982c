// The Caddyfile of the public edge cluster's story, imported and run: every hostname answers as its author meant, to the public and
// to the mesh.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { meshAddress, publicAddress, type SeedWorld, startSeedWorld } from './seed-world.ts';

let world: SeedWorld;
before(async () => void (world = await startSeedWorld()));
after(() => world?.close());

const wanted: readonly (readonly [url: string, toPublic: string, toMesh: string])[] = [
  ['headscale.hop.derio.net/', '200 saw /', '200 saw /'],
  ['headscale.hop.derio.net/key?v=88', '200 saw /key?v=88', '200 saw /key?v=88'],
  ['blog.derio.net/frank/', '200 saw /', '200 saw /'],
  ['blog.derio.net/frank/posts/a.html', '200 saw /posts/a.html', '200 saw /posts/a.html'],
  ['blog.derio.net/frank', '301 /frank/', '301 /frank/'],
  ['blog.derio.net/frankly', '404 no-such-path', '404 no-such-path'],
  ['blog.derio.net/', '404 no-such-path', '404 no-such-path'],
  ['headplane.hop.derio.net/', '403 access-denied', '301 /admin/'],
  ['headplane.hop.derio.net/machines', '403 access-denied', '301 /admin/'],
  ['headplane.hop.derio.net/administrator', '403 access-denied', '301 /admin/'],
  ['headplane.hop.derio.net/admin', '403 access-denied', '200 saw /admin'],
  ['headplane.hop.derio.net/admin/machines', '403 access-denied', '200 saw /admin/machines'],
  ['headplane.hop.derio.net/%2e%2e/admin/x', '403 access-denied', '200 saw /admin/x'],
  ['entry.hop.derio.net/', '403 access-denied', '200 saw /'],
];

for (const [url, toPublic, toMesh] of wanted) {
  test(`S4-7 S4-42 S4-60 ${url}: the public gets "${toPublic}", the mesh "${toMesh}"`, async () => {
    assert.equal(await world.ask(url, publicAddress), toPublic);
    assert.equal(await world.ask(url, meshAddress), toMesh);
  });
}
