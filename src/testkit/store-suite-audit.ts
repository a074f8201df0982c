// The part of the store's suite about its audit log.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import type { AuditQuery, Store } from '#store/store.ts';
import { sampleChange, sampleEvent, sampleId, sampleMs, sampleTunnel } from './sample-objects.ts';
import type { WithStore } from './store-suite.ts';

/** Declares the tests. */
export function auditSuite(withStore: WithStore): void {
  test('events come back whole, newest first, in the order of recording even when the clock was set back', () =>
    withStore(async (store) => {
      const first = sampleEvent(1, { before: { note: 'a\0b \ud800' }, after: null });
      const second = sampleEvent(2);
      const third = sampleEvent(3, { atMs: 0 });
      const puts = [{ kind: 'tunnel', object: sampleTunnel(1) }] as const;
      await store.commit(sampleChange(0, { puts, audit: [first, second] }));
      await store.appendAudit([third]);
      await store.appendAudit([]);
      const page = await store.readAudit({ limit: 10 });
      assert.deepEqual(page, { events: [third, second, first], nextCursor: undefined });
    }));

  test('pages follow each other without gap or repeat while events are added and removed', () =>
    withStore(async (store) => {
      const events = Array.from({ length: 1_203 }, (_, i) => sampleEvent(i));
      await store.appendAudit(events);
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.readAudit({ limit: 100, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.events.map(({ atMs }) => atMs - sampleMs));
        cursor = page.nextCursor;
        await store.appendAudit([sampleEvent(5_000 + seen.length)]);
      } while (cursor !== undefined);
      assert.deepEqual(
        seen,
        events.map((_, i) => 1_202 - i),
      );
      assert.equal(await store.pruneAudit(sampleMs + 1_200), 1_200);
      assert.equal(await store.pruneAudit(sampleMs + 1_200), 0);
      assert.equal((await store.readAudit({ limit: 500 })).events.length, 3 + 13);
      await assert.rejects(store.readAudit({ limit: 1, cursor: 'x' }), (error) =>
        isSallyportError(error, 'invalid'),
      );
    }));

  test('a page is chosen by noun, object, actor, time and text, all at once', () =>
    withStore(async (store) => {
      await store.appendAudit([
        sampleEvent(1, { noun: 'tunnel', action: 'rotated' }),
        sampleEvent(2, { actor: { kind: 'nobody', id: '', name: 'Ż_100%' }, action: 'failed-sign-in' }),
        sampleEvent(3, { address: '2001:DB8::1' }),
        sampleEvent(4, { objectId: 'a\0b', objectName: 'back\\slash\0' }),
      ]);
      const cases: [Partial<AuditQuery>, number[]][] = [
        [{}, [4, 3, 2, 1]],
        [{ noun: 'tunnel' }, [1]],
        [{ objectId: sampleId(3) }, [3]],
        [{ objectId: 'a\0b' }, [4]],
        [{ actorId: '' }, [2]],
        [{ actorId: sampleId(1), noun: 'route' }, [4, 3]],
        [{ afterMs: sampleMs + 2, beforeMs: sampleMs + 4 }, [3, 2]],
        [{ text: 'ROTATED' }, [1]],
        [{ text: 'ż_1' }, [2]],
        [{ text: '%' }, [2]],
        [{ text: '_' }, [2]],
        [{ text: '2001:db8' }, [3]],
        [{ text: '\\' }, [4]],
        [{ text: 'r3.exa', noun: 'tunnel' }, []],
        [{ text: 'nothing like it' }, []],
      ];
      for (const [query, expected] of cases)
        assert.deepEqual(await numbers(store, query), expected, JSON.stringify(query));
    }));

  test('a search goes through a log that is longer than one step of it', () =>
    withStore(async (store) => {
      const plain = Array.from({ length: 12_000 }, (_, i) => sampleEvent(i + 10, { after: null }));
      await store.appendAudit([sampleEvent(1, { objectName: 'needle' }), ...plain]);
      await store.appendAudit([sampleEvent(2, { objectName: 'needle' })]);
      assert.deepEqual(await numbers(store, { text: 'needle' }), [2, 1]);
      const page = await store.readAudit({ text: 'needle', limit: 1 });
      assert.notEqual(page.nextCursor, undefined);
      const rest = await store.readAudit({ text: 'needle', limit: 1, cursor: page.nextCursor! });
      assert.deepEqual([rest.events[0]?.atMs, rest.nextCursor], [sampleMs + 1, undefined]);
    }));
}

async function numbers(store: Store, query: Partial<AuditQuery>): Promise<number[]> {
  const { events } = await store.readAudit({ limit: 500, ...query });
  return events.map(({ atMs }) => atMs - sampleMs);
}
