import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { SallyportError } from '#base/errors.ts';
import { controlWorld, refusal, tester } from '#testkit/control-world.ts';
import { memoryStore } from '#testkit/memory-store.ts';
import { createTunnel, updateTunnel } from './commands/tunnels.ts';
import { systemCaller } from './command.ts';
import type { Control } from './control.ts';

const home = { name: 'home', management: 'remote', hostnames: [], note: '' } as const;

test('a change is kept, in force and written down with who, from where, before and after', async () => {
  const { control, store } = await controlWorld();
  const seen: number[] = [];
  control.subscribe(({ revision }) => seen.push(revision));
  const before = control.state;
  const { tunnel, token } = await control.run(createTunnel(home), tester);
  assert.equal(before.tunnels.size, 0, 'a state that somebody holds stays as it is');
  assert.equal(control.state.findTunnel('HOME')?.id, tunnel.id);
  assert.equal(token, `token-1-of-${tunnel.id}`);
  assert.deepEqual(seen, [before.revision, control.state.revision]);
  await control.run(updateTunnel('home', { note: 'attic' }), systemCaller);
  const { events } = await store.readAudit({ limit: 10 });
  assert.deepEqual(
    events.map(({ actor, address, action, noun, objectName }) => [
      actor.name,
      address,
      action,
      noun,
      objectName,
    ]),
    [
      ['the edge', '', 'changed', 'tunnel', 'home'],
      ['ada', '192.0.2.7', 'created', 'rule-set', 'home'],
      ['ada', '192.0.2.7', 'created', 'tunnel', 'home'],
    ],
  );
  const [change] = events;
  assert.equal((change!.before as { note: string }).note, '');
  assert.equal((change!.after as { note: string }).note, 'attic');
});

test('what the store holds is loaded again, the same', async () => {
  const { control, store } = await controlWorld();
  await control.run(createTunnel(home), tester);
  const again = await controlWorld({ store });
  assert.deepEqual([...again.control.state.tunnels], [...control.state.tunnels]);
  assert.equal(again.control.state.revision, control.state.revision);
});

test('a command that fails changes nothing and leaves no trace', async () => {
  const { control, store } = await controlWorld();
  await control.run(createTunnel(home), tester);
  const { revision } = control.state;
  const error = await refusal(control.run(createTunnel({ ...home, name: 'Home' }), tester));
  assert.equal(error.code, 'conflict');
  assert.equal(control.state.revision, revision);
  assert.equal((await store.readAudit({ limit: 10 })).events.length, 2);
});

test('commands that come at once are decided one after another', async () => {
  const { control } = await controlWorld();
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => control.run(createTunnel({ ...home, name: `t${i % 10}` }), tester)),
  );
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 10);
  assert.equal(control.state.tunnels.size, 10);
});

/** What is under way when it is called is over. */
async function settled(control: Control): Promise<void> {
  await control.run(() => undefined, tester);
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
}

test('two edges on one store: the second decides anew on what the first has committed', async () => {
  const store = await memoryStore();
  const one = await controlWorld({ store, seed: 1 });
  const two = await controlWorld({ store, seed: 2 });
  await one.control.run(createTunnel(home), tester);
  const error = await refusal(two.control.run(createTunnel(home), tester));
  assert.equal(error.code, 'conflict', 'the name is taken, though two had not seen it');
  await two.control.run(createTunnel({ ...home, name: 'cabin' }), tester);
  assert.deepEqual([...two.control.state.tunnels.values()].map(({ name }) => name).toSorted(), [
    'cabin',
    'home',
  ]);
});

test('a store that cannot be written refuses changes and says so; the state stays in force', async () => {
  const store = await memoryStore();
  const { control } = await controlWorld({ store });
  await control.run(createTunnel(home), tester);
  await store.close();
  const error = await refusal(control.run(createTunnel({ ...home, name: 'cabin' }), tester));
  assert.equal(error.code, 'store-unavailable');
  assert.notEqual(control.storeTrouble, '');
  assert.deepEqual(
    [...control.state.tunnels.values()].map(({ name }) => name),
    ['home'],
  );
});

test('a store that does not answer is looked at again, as often as asked, until that is what is said of it', async () => {
  const store = await memoryStore();
  const { control } = await controlWorld({ store });
  // One answer was missed, and the next look finds all well.
  control.noteStore(false);
  await settled(control);
  assert.equal(control.storeTrouble, '');
  await store.close();
  control.noteStore(true);
  await settled(control);
  assert.equal(control.storeTrouble, '', 'nobody looks while it answers');
  control.noteStore(false);
  await settled(control);
  assert.notEqual(control.storeTrouble, '');
  assert.equal(control.isStoreAway, true);
});

test('a store that has gone is found to be away, also where a change was the first to meet that', async () => {
  const store = await memoryStore();
  const { control } = await controlWorld({ store });
  await store.close();
  await refusal(control.run(createTunnel(home), tester));
  assert.equal(control.isStoreAway, false, 'nobody has tried to read');
  control.noteStore(false);
  await settled(control);
  assert.equal(control.isStoreAway, true);
});

test('a store that has no room for a change says so, though it can be read, until it takes one again', async () => {
  const store = await memoryStore();
  const { control } = await controlWorld({ store });
  const limit = (pages: number): Promise<unknown> =>
    store.engine.run('limit', (db) => sql.raw(`pragma max_page_count = ${pages}`).execute(db));
  const big = { ...home, note: 'x'.repeat(400) };
  // As many pages as there are.
  await limit(1);
  const error = await fillUp(control, big);
  assert.match(error.message, /no room left/);
  for (let looks = 0; looks < 3; looks++) {
    control.noteStore(true);
    await settled(control);
    assert.equal(control.storeTrouble, error.message);
    assert.equal(control.isStoreAway, false);
  }
  await limit(1_000_000);
  assert.equal(control.storeTrouble, error.message, 'nobody has tried yet');
  control.noteStore(true);
  await settled(control);
  assert.equal(control.storeTrouble, '');
  assert.deepEqual(await store.listDocuments('control'), [], 'the trial leaves nothing');
});

/** Tunnels, until one more does not fit. */
async function fillUp(control: Control, like: Parameters<typeof createTunnel>[0]): Promise<SallyportError> {
  for (let i = 0; ; i++) {
    try {
      await control.run(createTunnel({ ...like, name: `t${i}` }), tester);
    } catch (error) {
      assert.ok(error instanceof SallyportError, String(error));
      return error;
    }
  }
}

test('a subscriber that fails does not keep the others from the change', async () => {
  const { control } = await controlWorld();
  let seen = 0;
  let isBroken = false;
  control.subscribe(() => {
    if (isBroken) throw new Error('broken');
  });
  control.subscribe(() => (seen += 1));
  isBroken = true;
  await control.run(createTunnel(home), tester);
  assert.equal(seen, 2);
});
