// A store with something of everything in it, and everything that is in a store, to compare two of them.
import type { SqlStore } from '#store/sql-store.ts';
import type { Session } from '#model/users/session.ts';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { StoredObject } from '#store/store.ts';
import {
  oneOfEach,
  sampleChange,
  sampleEvent,
  sampleHash,
  sampleMs,
  sampleSession,
} from './sample-objects.ts';
import { inOrder } from './store-suite.ts';

/** More than one page of whatever is read in pages. */
const auditEvents = 1_203;

/** Fills an empty store; its revision is then 2. */
export async function fillStore(store: SqlStore): Promise<void> {
  await store.commit(sampleChange(0, { puts: oneOfEach, audit: [sampleEvent(1)] }));
  await store.commit(
    sampleChange(1, { audit: [sampleEvent(2, { before: { odd: '\u2028 \0 \ud83d "\\' } })] }),
  );
  await store.appendAudit(Array.from({ length: auditEvents - 2 }, (_, i) => sampleEvent(i + 3)));
  await store.putSession(sampleSession(1));
  await store.putSession(sampleSession(2));
  await store.touchSession(sampleHash(1), sampleMs + 999);
  await store.putDocument('certificates', '*.example.com', Buffer.from([0, 1, 254, 255]));
  await store.putDocument('accounts', 'lösung\u2028"', new Uint8Array());
  await store.putTicket({ hash: sampleHash(7), purpose: 'link', data: '{}', expiresAtMs: sampleMs });
}

export interface StoreContents {
  readonly objects: readonly StoredObject[];
  readonly events: readonly AuditEvent[];
  readonly sessions: readonly Session[];
  readonly documents: readonly unknown[];
}

/** All that a dump carries, but for the revision. */
export async function contentsOf(store: SqlStore): Promise<StoreContents> {
  const events: AuditEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.readAudit({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    events.push(...page.events);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return {
    objects: inOrder(await store.load()),
    events,
    sessions: await store.listSessions(undefined, 0),
    documents: [await store.listDocuments('certificates'), await store.listDocuments('accounts')],
  };
}
