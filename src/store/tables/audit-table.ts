// The audit log: appended to in the order of recording, read newest first, a page at a time.
import { sql } from 'kysely';
import { SallyportError } from '#base/errors.ts';
import { type AuditEvent, auditEventSchema } from '#model/users/audit-event.ts';
import type { AuditQuery } from '../store.ts';
import { columnText, containsPattern } from './stored-text.ts';
import type { AuditRow, Database, Transacting } from './tables.ts';
import { inTurns, nextTurn } from '../turns.ts';

/** What a page may hold at most. */
const maxPage = 500;
/** Events looked through by one statement of a text search: no index helps there, and SQLite's runs block everything. */
const searchedAtOnce = 10_000;
const rowsPerStatement = 100;
/** Removed by one statement, for the same reason. */
const prunedAtOnce = 2_000;

/** An event as a row with its place in the log. */
export function auditRow(event: AuditEvent, sequence: number): AuditRow {
  const searched = [event.actor.name, event.objectName, event.action, event.address];
  return {
    sequence,
    id: columnText(event.id),
    at_ms: event.atMs,
    noun: event.noun,
    object_id: columnText(event.objectId),
    actor_id: columnText(event.actor.id),
    search: columnText(searched.join('\n').toLowerCase()),
    document: JSON.stringify(event),
  };
}

/** Adds events; `lastSequence` is the place of the last of them, reserved in the state row by the same transaction. */
export async function insertAudit(
  trx: Transacting,
  events: readonly AuditEvent[],
  lastSequence: number,
): Promise<void> {
  const first = lastSequence - events.length + 1;
  const rows = events.map((event, i) => auditRow(event, first + i));
  await inTurns(rows, rowsPerStatement, async (part) => {
    await trx.insertInto('audit_events').values(part).execute();
  });
}

/** A page of what the query chooses. @throws SallyportError 'invalid' for a cursor that is none, 'store-corrupt' */
export async function readAudit(
  db: Database,
  query: AuditQuery,
): Promise<{ events: AuditEvent[]; nextCursor: string | undefined }> {
  const limit = Math.max(1, Math.min(maxPage, Math.trunc(query.limit)));
  // Two queries: asked for both at once, SQLite would read the whole table.
  const oldest = await db
    .selectFrom('audit_events')
    .select((eb) => eb.fn.min('sequence').as('at'))
    .executeTakeFirst();
  const newest = await db
    .selectFrom('audit_events')
    .select((eb) => eb.fn.max('sequence').as('at'))
    .executeTakeFirst();
  const first = Number(oldest?.at ?? 0);
  const last = Number(newest?.at ?? 0);
  let before = Math.min(last + 1, query.cursor === undefined ? Infinity : parseCursor(query.cursor));
  const step = query.text === undefined ? Infinity : searchedAtOnce;
  const rows: { sequence: number; document: string }[] = [];
  // One more than asked for shows whether there is another page.
  while (before > first && rows.length <= limit) {
    const from = Math.max(first, before - step);
    rows.push(
      ...(await selectRange(db, query, from, before)
        .limit(limit + 1 - rows.length)
        .execute()),
    );
    before = from;
    if (before > first) await nextTurn();
  }
  const page = rows.slice(0, limit);
  return {
    events: page.map(readEvent),
    nextCursor: rows.length > limit ? String(page.at(-1)!.sequence) : undefined,
  };
}

/** Matching events of [from, before), newest first. */
function selectRange(db: Database, query: AuditQuery, from: number, before: number) {
  let select = db
    .selectFrom('audit_events')
    .select(['sequence', 'document'])
    .where('sequence', '>=', from)
    .where('sequence', '<', before)
    .orderBy('sequence', 'desc');
  if (query.noun !== undefined) select = select.where('noun', '=', query.noun);
  if (query.objectId !== undefined) select = select.where('object_id', '=', columnText(query.objectId));
  if (query.actorId !== undefined) select = select.where('actor_id', '=', columnText(query.actorId));
  if (query.beforeMs !== undefined) select = select.where('at_ms', '<', query.beforeMs);
  if (query.afterMs !== undefined) select = select.where('at_ms', '>=', query.afterMs);
  if (query.text !== undefined) {
    const pattern = containsPattern(query.text.toLowerCase());
    select = select.where(sql<boolean>`search like ${pattern} escape '\\'`);
  }
  return select;
}

/** Removes events older than `beforeMs`, in small steps; returns how many. */
export async function pruneAudit(db: Database, beforeMs: number): Promise<number> {
  let removed = 0;
  for (;;) {
    const result = await db
      .deleteFrom('audit_events')
      .where('sequence', 'in', (eb) =>
        eb
          .selectFrom('audit_events')
          .select('sequence')
          .where('at_ms', '<', beforeMs)
          .orderBy('at_ms')
          .limit(prunedAtOnce),
      )
      .executeTakeFirst();
    const count = Number(result.numDeletedRows);
    removed += count;
    if (count < prunedAtOnce) return removed;
    await nextTurn();
  }
}

/** The event in a row. @throws SallyportError 'store-corrupt' */
export function readEvent(row: Pick<AuditRow, 'sequence' | 'document'>): AuditEvent {
  try {
    return auditEventSchema.parse(JSON.parse(row.document));
  } catch (error) {
    throw new SallyportError(
      'store-corrupt',
      `The row of table "audit_events" with sequence ${row.sequence} cannot be read; delete it, or restore a backup.`,
      { cause: error },
    );
  }
}

function parseCursor(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new SallyportError('invalid', 'The cursor is none that a page of audit events has ended with.');
}
