import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlWorld, tester } from '#testkit/control-world.ts';
import { createShareLink, deleteShareLink, useShareLink } from './share-links.ts';

const day = 86_400_000;
const album = { hostname: 'photos.example.com', path: '/album', note: '', maxUses: 2, madeBy: 'ada' };

test('openings are counted in the store: after a restart a link has no more of them than before', async () => {
  const { control, store, clock } = await controlWorld();
  const { id } = await control.run(createShareLink({ ...album, expiresAtMs: clock.wallMs() + day }), tester);
  assert.equal(await control.run(useShareLink(id), tester), true);
  const again = (await controlWorld({ store })).control;
  assert.equal(again.state.shareLinks.get(id)?.uses, 1);
  assert.equal(await again.run(useShareLink(id), tester), true);
  assert.equal(await again.run(useShareLink(id), tester), false);
});

test('two edges with one store count together', async () => {
  const { control, store, clock } = await controlWorld();
  const { id } = await control.run(createShareLink({ ...album, expiresAtMs: clock.wallMs() + day }), tester);
  const other = (await controlWorld({ store })).control;
  const opened = await Promise.all(
    [control, other, control, other].map((each) => each.run(useShareLink(id), tester)),
  );
  assert.equal(opened.filter(Boolean).length, 2);
});

test('what has run out or was revoked is not opened, and makes room for new ones', async () => {
  const { control, clock } = await controlWorld();
  const make = () => control.run(createShareLink({ ...album, expiresAtMs: clock.wallMs() + day }), tester);
  const [old, gone] = [await make(), await make()];
  await control.run(deleteShareLink(gone.id), tester);
  assert.equal(await control.run(useShareLink(gone.id), tester), false);
  clock.advance(day);
  assert.equal(await control.run(useShareLink(old.id), tester), false);
  await make();
  assert.deepEqual([...control.state.shareLinks.values()].length, 1);
});
