// With the real store in a file, the real keeper of keys and the real feed: who has what reason to read.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createLog, silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openSeal } from '#control/seal.ts';
import { firstRing } from '../access/access-key-drawing.ts';
import { emptyDirectory, type AccessDirectory } from '#model/access/access-state.ts';
import { openStore } from '#store/open-store.ts';
import type { Store } from '#store/store.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { sampleMs, sampleSession } from '#testkit/sample-objects.ts';
import { AccessKeyKeeper } from '../access/access-key-keeper.ts';
import { AccessFeed } from './access-feed.ts';
import { openKeyShelf } from './key-shelf.ts';
import { StoreLooks } from './store-looks.ts';

const everyMs = 400;

/** What SQLite runs, in this process. */
function statementsOf(context: TestContext): string[] {
  const seen: string[] = [];
  const note = (message: unknown): void => void seen.push((message as { readonly sql: string }).sql);
  subscribe('sqlite.db.query', note);
  context.after(() => void unsubscribe('sqlite.db.query', note));
  return seen;
}

async function rest(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
}

/** An edge's looks at a store that others have open, too. */
async function world(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-looks-'));
  const clock = new FakeClock(sampleMs);
  const tools = { clock, random: systemRandom, log: silentLog };
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const store = await openStore({ ...tools, url: `file:${join(folder, 'sallyport.db')}` });
    opened.push(store);
    return store;
  };
  const store = await open();
  const seal = openSeal(join(folder, 'seal.key'), systemRandom);
  const keyed = (of: Store): AccessKeyKeeper =>
    new AccessKeyKeeper({
      ...{ ...tools, own: firstRing(systemRandom, clock.wallMs()) },
      shelf: openKeyShelf({ ...tools, store: of, seal }),
      ageMs: () => 90 * 86_400_000,
      onRing: () => Promise.resolve(),
    });
  const sent: AccessDirectory[] = [];
  let isDeaf = false;
  const feed = new AccessFeed({
    ...tools,
    async read() {
      const alive = await store.listSessions(undefined, clock.wallMs());
      const sessions = alive.map(({ id, userId, expiresAtMs }) => ({ id, userId, untilMs: expiresAtMs }));
      return { ...emptyDirectory, sessions };
    },
    send(directory) {
      if (isDeaf) return Promise.reject(new Error('nobody listens'));
      sent.push(directory);
      return Promise.resolve();
    },
  });
  const keeper = keyed(store);
  await keeper.look();
  await feed.look();
  const looks = new StoreLooks({ clock, log: silentLog, store });
  looks.follow((mayHaveChanged) => keeper.glance(mayHaveChanged));
  looks.follow((mayHaveChanged) => feed.glance(mayHaveChanged));
  context.after(async () => {
    looks.stop();
    for (const each of opened) await each.close();
    rmSync(folder, { recursive: true });
  });
  const look = async (): Promise<void> => {
    clock.advance(everyMs);
    await rest();
  };
  await look();
  return {
    ...{ clock, store, open, keyed, keeper, looks, look },
    sessions: () => sent.at(-1)!.sessions.map(({ id }) => id),
    deafen: (deaf: boolean) => void (isDeaf = deaf),
  };
}

test('a look at a store that nobody has changed asks two questions and reads no table', async (context) => {
  const { look } = await world(context);
  const statements = statementsOf(context);
  for (let looks = 0; looks < 5; looks++) await look();
  const questions = ['pragma data_version', 'select total_changes()'];
  assert.deepEqual(statements, Array(5).fill(questions).flat());
});

test('what is changed here or by another connection is known at the next look', async (context) => {
  const { look, open, store, sessions, keeper, keyed } = await world(context);
  const other = await open();
  const [mine, theirs] = [sampleSession(1), sampleSession(2)];
  await store.putSession(mine);
  await look();
  assert.deepEqual(sessions(), [mine.id]);
  await other.putSession(theirs);
  await look();
  assert.deepEqual(sessions(), [theirs.id, mine.id]);
  await other.endSession(mine.id);
  await look();
  assert.deepEqual(sessions(), [theirs.id]);
  const [before, elsewhere] = [keeper.ring, keyed(other)];
  await elsewhere.look();
  await elsewhere.rotate(true);
  await look();
  assert.deepEqual(keeper.ring, elsewhere.ring);
  assert.notDeepEqual(keeper.ring, before);
});

test('what runs out by time is looked at then, and what a clock that is set back brings back', async (context) => {
  const { clock, look, store, sessions } = await world(context);
  const [short, long] = [sampleSession(1, { expiresAtMs: sampleMs + 10_000 }), sampleSession(2)];
  await store.putSession(short);
  await store.putSession(long);
  await look();
  assert.deepEqual(sessions(), [long.id, short.id]);
  clock.advance(10_000);
  await look();
  await look();
  assert.deepEqual(sessions(), [long.id]);
  clock.shiftWall(-8_000);
  await look();
  assert.deepEqual(sessions(), [long.id, short.id]);
});

test('what could not be told is told again, though nothing has changed since', async (context) => {
  const { look, store, sessions, deafen } = await world(context);
  deafen(true);
  await store.putSession(sampleSession(1));
  await look();
  assert.deepEqual(sessions(), []);
  deafen(false);
  await look();
  assert.deepEqual(sessions(), [sampleSession(1).id]);
});

test('a key that is wanted is made at the next look', async (context) => {
  const { look, keeper } = await world(context);
  keeper.want('ES256');
  await look();
  while (keeper.ring.assertion.length === 0) await rest();
  assert.deepEqual(
    keeper.ring.assertion.map(({ algorithm }) => algorithm),
    ['ES256'],
  );
});

test('one that takes long holds up nobody else, and hears later what it missed', async (context) => {
  const { look, looks, store, sessions } = await world(context);
  const heard: boolean[] = [];
  let gate = Promise.withResolvers<void>();
  looks.follow(async (mayHaveChanged) => {
    heard.push(mayHaveChanged);
    await gate.promise;
  });
  await look();
  await store.putSession(sampleSession(1));
  await look();
  assert.deepEqual(sessions(), [sampleSession(1).id]);
  assert.deepEqual(heard, [true]);
  gate.resolve();
  gate = Promise.withResolvers();
  gate.resolve();
  await rest();
  await look();
  await look();
  assert.deepEqual(heard, [true, true, false]);
});

test('one that fails does not end the looks, hears again what it missed, and is told of once', async (context) => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'json', write: (line) => lines.push(line) });
  let mark = '1';
  const looks = new StoreLooks({ clock, log, store: { changeMark: () => Promise.resolve(mark) } });
  context.after(() => looks.stop());
  let isBroken = true;
  const heard: boolean[] = [];
  looks.follow((mayHaveChanged) => {
    heard.push(mayHaveChanged);
    if (isBroken) throw new Error('no');
    return Promise.resolve();
  });
  const others: boolean[] = [];
  looks.follow((mayHaveChanged) => Promise.resolve(void others.push(mayHaveChanged)));
  const look = async (): Promise<void> => {
    clock.advance(everyMs);
    await rest();
  };
  await look();
  mark = '2';
  await look();
  isBroken = false;
  await look();
  await look();
  assert.deepEqual(heard, [true, true, true, false]);
  assert.deepEqual(others, [true, true, false, false]);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /Error: no.*could not be followed/);
});

test('a store that is away is looked at by all, and by all again when it is back', async (context) => {
  const clock = new FakeClock();
  let isAway = true;
  const changeMark = (): Promise<string> =>
    isAway ? Promise.reject(new Error('the store is away')) : Promise.resolve('1');
  const answers: boolean[] = [];
  const onLook = (isThere: boolean): void => void answers.push(isThere);
  const looks = new StoreLooks({ clock, log: silentLog, store: { changeMark }, onLook });
  context.after(() => looks.stop());
  const heard: boolean[] = [];
  looks.follow((mayHaveChanged) => Promise.resolve(void heard.push(mayHaveChanged)));
  const look = async (): Promise<void> => {
    clock.advance(everyMs);
    await rest();
  };
  await look();
  await look();
  isAway = false;
  await look();
  await look();
  assert.deepEqual(heard, [true, true, true, false]);
  assert.deepEqual(answers, [false, false, true, true]);
});
