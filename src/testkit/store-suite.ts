// What a store must do, whatever keeps it. Run on SQLite by src/store/sqlite/sqlite-store.test.ts and on PostgreSQL by
// test/store/postgres-store.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import type { Store, StoredObject, StoredState } from '#store/store.ts';
import {
  oneOfEach,
  sampleApiKey,
  sampleChange,
  sampleEvent,
  sampleHash,
  sampleId,
  sampleMs,
  sampleRoute,
  sampleSession,
  sampleTunnel,
  sampleUser,
} from './sample-objects.ts';
import { auditSuite } from './store-suite-audit.ts';

/** Runs `use` with an empty store and a way to open the same one a second time; closes what it opened. */
export type WithStore = (use: (store: Store, again: () => Promise<Store>) => Promise<void>) => Promise<void>;

/** Objects in a stable order, as a store gives them in none. */
export function inOrder(state: StoredState): StoredObject[] {
  const key = ({ kind, object }: StoredObject): string => `${kind} ${object.id}`;
  return state.objects.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Declares the suite. */
export function storeSuite(name: string, withStore: WithStore): void {
  describe(name, () => {
    objectTests(withStore);
    nameTests(withStore);
    sessionTests(withStore);
    markTests(withStore);
    otherTests(withStore);
    auditSuite(withStore);
  });
}

function objectTests(withStore: WithStore): void {
  test('a new store is empty and at revision 0', () =>
    withStore(async (store) => {
      assert.deepEqual(await store.load(), { revision: 0, objects: [] });
    }));

  test('one object of each kind is kept and read back as it was, also by another process', () =>
    withStore(async (store, again) => {
      assert.equal(await store.commit(sampleChange(0, { puts: oneOfEach })), 1);
      const expected = inOrder({ revision: 1, objects: oneOfEach });
      assert.deepEqual(inOrder(await store.load()), expected);
      const other = await again();
      const state = await other.load();
      assert.deepEqual(inOrder(state), expected);
      assert.equal(state.revision, 1);
    }));

  test('a put replaces, a delete removes, and a delete of nothing is no fault', () =>
    withStore(async (store) => {
      await store.commit(sampleChange(0, { puts: oneOfEach }));
      const changed = sampleTunnel(1, { note: 'moved', version: 2 });
      const deletes = [
        { kind: 'route', id: sampleId(2) },
        { kind: 'apiKey', id: sampleId(4) },
        { kind: 'user', id: sampleId(99) },
      ] as const;
      assert.equal(
        await store.commit(sampleChange(1, { puts: [{ kind: 'tunnel', object: changed }], deletes })),
        2,
      );
      const { objects } = await store.load();
      assert.deepEqual(
        objects.map(({ kind }) => kind).toSorted(),
        oneOfEach
          .map(({ kind }) => kind)
          .filter((kind) => kind !== 'route' && kind !== 'apiKey')
          .toSorted(),
      );
      assert.deepEqual(objects.find(({ kind }) => kind === 'tunnel')?.object, changed);
    }));

  test('a change on a stale revision is a conflict, and none of it is kept', () =>
    withStore(async (store) => {
      await store.commit(sampleChange(0, { puts: [{ kind: 'tunnel', object: sampleTunnel(1) }] }));
      for (const base of [0, 2]) {
        const change = sampleChange(base, { puts: oneOfEach, audit: [sampleEvent(1)] });
        await assert.rejects(store.commit(change), (error) => isSallyportError(error, 'conflict'));
      }
      assert.equal((await store.load()).objects.length, 1);
      assert.deepEqual((await store.readAudit({ limit: 10 })).events, []);
    }));

  test('of many changes on one revision exactly one is kept', () =>
    withStore(async (store, again) => {
      const other = await again();
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => {
          const puts = [{ kind: 'tunnel', object: sampleTunnel(i) }] as const;
          return (i % 2 === 0 ? store : other).commit(sampleChange(0, { puts }));
        }),
      );
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const result of results) {
        if (result.status === 'rejected')
          assert.ok(isSallyportError(result.reason, 'conflict'), String(result.reason));
      }
      const { revision, objects } = await store.load();
      assert.deepEqual([revision, objects.length], [1, 1]);
    }));

  test('thousands of objects go in and out in one change', () =>
    withStore(async (store) => {
      const routes = Array.from({ length: 3_001 }, (_, i) => sampleRoute(i));
      const puts = routes.map((object) => ({ kind: 'route', object }) as const);
      await store.commit(sampleChange(0, { puts }));
      await store.commit(
        sampleChange(1, {
          puts: puts.map(({ kind, object }) => ({ kind, object: { ...object, version: 2 } })),
        }),
      );
      assert.equal((await store.load()).objects.length, 3_001);
      const deletes = routes.map(({ id }) => ({ kind: 'route', id }) as const);
      await store.commit(sampleChange(2, { deletes }));
      assert.deepEqual(await store.load(), { revision: 3, objects: [] });
    }));

  test('an object that does not fit its own schema is refused before it is kept', () =>
    withStore(async (store) => {
      const puts = [{ kind: 'route', object: sampleRoute(1, { path: 'no-slash' }) }] as const;
      await assert.rejects(store.commit(sampleChange(0, { puts })), (error) =>
        isSallyportError(error, 'internal'),
      );
      assert.equal((await store.load()).revision, 0);
    }));

  test('a store that is closed says so, and closing twice is harmless', () =>
    withStore(async (store, again) => {
      const other = await again();
      await other.close();
      await other.close();
      await assert.rejects(other.load(), (error) => isSallyportError(error, 'store-unavailable'));
      assert.equal((await store.load()).revision, 0);
    }));
}

function nameTests(withStore: WithStore): void {
  test('a name is taken whatever its case, among one kind', () =>
    withStore(async (store) => {
      await store.commit(
        sampleChange(0, { puts: [{ kind: 'tunnel', object: sampleTunnel(1, { name: 'Home' }) }] }),
      );
      const twin = [{ kind: 'tunnel', object: sampleTunnel(2, { name: 'hOME' }) }] as const;
      await assert.rejects(store.commit(sampleChange(1, { puts: twin })), (error) =>
        isSallyportError(error, 'conflict'),
      );
      const others: StoredObject[] = [
        { kind: 'user', object: sampleUser(2, { name: 'home' }) },
        { kind: 'apiKey', object: sampleApiKey(2, { name: 'home' }) },
        { kind: 'route', object: sampleRoute(2, { path: '/A' }) },
        { kind: 'route', object: sampleRoute(3, { hostname: 'r2.example.com', path: '/a' }) },
      ];
      assert.equal(await store.commit(sampleChange(1, { puts: others })), 2);
    }));

  test('names can be swapped, and taken over from what is deleted, in one change', () =>
    withStore(async (store) => {
      const named = (number: number, name: string): StoredObject => ({
        kind: 'tunnel',
        object: sampleTunnel(number, { name }),
      });
      await store.commit(sampleChange(0, { puts: [named(1, 'a'), named(2, 'b'), named(3, 'c')] }));
      const deletes = [{ kind: 'tunnel', id: sampleId(3) }] as const;
      await store.commit(sampleChange(1, { puts: [named(1, 'b'), named(2, 'a'), named(4, 'c')], deletes }));
      const names = inOrder(await store.load()).map(({ object }) => 'name' in object && object.name);
      assert.deepEqual(names, ['b', 'a', 'c']);
    }));
}

function sessionTests(withStore: WithStore): void {
  test('a session is found by its hash, touched, replaced, listed and ended', () =>
    withStore(async (store) => {
      const [first, second] = [sampleSession(1), sampleSession(2)];
      await store.putSession(first);
      await store.putSession(second);
      assert.deepEqual(await store.findSession(first.hash), first);
      assert.equal(await store.findSession(sampleHash(9)), undefined);
      await store.touchSession(first.hash, sampleMs + 5_000);
      const touched = { ...first, lastSeenAtMs: sampleMs + 5_000 };
      assert.deepEqual(await store.findSession(first.hash), touched);
      assert.deepEqual(await store.listSessions(first.userId, sampleMs), [second, touched]);
      assert.equal(await store.endSession(second.id), 1);
      assert.equal(await store.endSession(second.id), 0);
      await store.putSession({ ...touched, address: '192.0.2.9' });
      assert.deepEqual(await store.listSessions(undefined, sampleMs), [{ ...touched, address: '192.0.2.9' }]);
    }));

  test('sessions that ran out are not listed, and swept', () =>
    withStore(async (store) => {
      await store.putSession(sampleSession(1, { expiresAtMs: sampleMs + 10 }));
      await store.putSession(sampleSession(2, { expiresAtMs: sampleMs + 11 }));
      assert.equal((await store.listSessions(undefined, sampleMs + 10)).length, 1);
      await store.sweep(sampleMs + 10);
      assert.equal(await store.findSession(sampleHash(1)), undefined);
      assert.notEqual(await store.findSession(sampleHash(2)), undefined);
    }));

  test('all sessions of a user end, but for the one that asks, by a call or with a change', () =>
    withStore(async (store) => {
      for (const number of [1, 2, 3]) await store.putSession(sampleSession(number));
      await store.putSession(sampleSession(4, { userId: sampleId(7) }));
      assert.equal(await store.endSessionsOf(sampleId(1), sampleHash(2)), 2);
      const left = (await store.listSessions(undefined, sampleMs)).map(({ id }) => id);
      assert.deepEqual(left, [sampleId(4), sampleId(2)]);
      await store.commit(sampleChange(0, { endSessionsOf: [sampleId(1), sampleId(7)] }));
      assert.deepEqual(await store.listSessions(undefined, sampleMs), []);
      await store.putSession(sampleSession(5));
      assert.equal(await store.endSessionsOf(sampleId(1)), 1);
    }));
}

/** Changes of every kind. */
const changes: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  'a change of objects': (store) => store.commit(sampleChange(0)),
  'an audit event': (store) => store.appendAudit([sampleEvent(7)]),
  'a new session': (store) => store.putSession(sampleSession(1)),
  'a session in use': (store) => store.touchSession(sampleHash(1), sampleMs + 60_000),
  'a session that ends': (store) => store.endSession(sampleId(1)),
  'a document': (store) => store.putDocument('certificates', 'a', new Uint8Array([1])),
  'another document': (store) => store.putDocument('certificates', 'a', new Uint8Array([2])),
  'a document that goes': (store) => store.deleteDocument('certificates', 'a'),
  'a lease': (store) => store.takeLease('acme', 'one', 1_000, 2_000),
};

function markTests(withStore: WithStore): void {
  test('any change, here or by another process, makes another mark at both', () =>
    withStore(async (store, again) => {
      const other = await again();
      let by = store;
      for (const [name, change] of Object.entries(changes)) {
        const before = [await store.changeMark(), await other.changeMark()];
        await change(by);
        for (const [i, each] of [store, other].entries())
          assert.notEqual(await each.changeMark(), before[i], `${name}, ${by === each ? 'own' : 'foreign'}`);
        by = by === store ? other : store;
      }
    }));

  test('reading makes no other mark', () =>
    withStore(async (store, again) => {
      const other = await again();
      await store.putSession(sampleSession(1));
      const isSame = async (): Promise<boolean> => {
        const before = await store.changeMark();
        for (const each of [store, other]) {
          await each.load();
          await each.listSessions(undefined, sampleMs);
        }
        return (await store.changeMark()) === before;
      };
      // A database does things of its own now and then.
      for (let tries = 0; !(await isSame()); tries++) assert.ok(tries < 50);
    }));
}

function otherTests(withStore: WithStore): void {
  test('a ticket is taken once, however many ask, for its purpose only and not when it has run out', () =>
    withStore(async (store, again) => {
      const ticket = {
        hash: sampleHash(1),
        purpose: 'link',
        data: '{"user":"a\\u0000"}',
        expiresAtMs: sampleMs,
      };
      await store.putTicket(ticket);
      assert.equal(await store.takeTicket(ticket.hash, 'oidc', sampleMs - 1), undefined);
      assert.equal(await store.takeTicket(ticket.hash, 'link', sampleMs), undefined);
      const other = await again();
      const taken = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? store : other).takeTicket(ticket.hash, 'link', sampleMs - 1),
        ),
      );
      assert.deepEqual(
        taken.filter((found) => found !== undefined),
        [ticket],
      );
      await store.putTicket(ticket);
      await store.sweep(sampleMs);
      assert.equal(await store.takeTicket(ticket.hash, 'link', 0), undefined);
    }));

  test('documents are bytes by collection and key', () =>
    withStore(async (store) => {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.putDocument('certificates', 'b.example.com', every);
      await store.putDocument('certificates', '*.example.com', every.subarray(10, 20));
      await store.putDocument('accounts', 'b.example.com', new Uint8Array());
      assert.deepEqual(await store.getDocument('certificates', 'b.example.com'), every);
      await store.putDocument('certificates', 'b.example.com', new Uint8Array([1]));
      assert.deepEqual(await store.listDocuments('certificates'), [
        { key: '*.example.com', bytes: every.slice(10, 20) },
        { key: 'b.example.com', bytes: new Uint8Array([1]) },
      ]);
      await store.deleteDocument('certificates', 'b.example.com');
      assert.equal(await store.getDocument('certificates', 'b.example.com'), undefined);
      assert.deepEqual(await store.getDocument('accounts', 'b.example.com'), new Uint8Array());
      for (const name of ['', 'a\0b', '\ud800', 'x'.repeat(501)])
        await assert.rejects(store.putDocument('a', name, every), (error) =>
          isSallyportError(error, 'invalid'),
        );
    }));

  test('a lease is held by one at a time, extended by its holder, and free when it ran out or was released', () =>
    withStore(async (store, again) => {
      const other = await again();
      const asked = await Promise.all([
        store.takeLease('acme', 'one', 1_000, 2_000),
        other.takeLease('acme', 'two', 1_000, 2_000),
      ]);
      assert.equal(asked.filter(Boolean).length, 1);
      const [holder, rival] = asked[0] ? ['one', 'two'] : ['two', 'one'];
      assert.equal(await store.takeLease('acme', holder!, 1_500, 3_000), true);
      assert.equal(await store.takeLease('acme', rival!, 2_999, 4_000), false);
      assert.equal(await store.takeLease('acme', rival!, 3_000, 4_000), true);
      await store.releaseLease('acme', holder!);
      assert.equal(await store.takeLease('acme', holder!, 3_001, 4_000), false);
      await store.releaseLease('acme', rival!);
      assert.equal(await store.takeLease('acme', holder!, 3_001, 4_000), true);
      assert.equal(await store.takeLease('another', rival!, 0, 1), true);
    }));
}
