// Browsers that have signed in. What a session was made with is JSON; when it was last seen is a column of its own.
import { type Session, sessionSchema } from '#model/users/session.ts';
import { SallyportError } from '#base/errors.ts';
import { columnText } from './stored-text.ts';
import type { Database, SessionRow } from './tables.ts';

/** A session as a row. */
export function sessionRow(session: Session): SessionRow {
  return {
    hash: session.hash,
    id: session.id,
    user_id: session.userId,
    created_at_ms: session.createdAtMs,
    last_seen_at_ms: session.lastSeenAtMs,
    expires_at_ms: session.expiresAtMs,
    document: JSON.stringify(session),
  };
}

/** The session in a row. @throws SallyportError 'store-corrupt' */
export function readSession(row: Pick<SessionRow, 'id' | 'last_seen_at_ms' | 'document'>): Session {
  try {
    return { ...sessionSchema.parse(JSON.parse(row.document)), lastSeenAtMs: row.last_seen_at_ms };
  } catch (error) {
    throw new SallyportError(
      'store-corrupt',
      `The row of table "sessions" with id "${row.id}" cannot be read; delete it: its user then signs in again.`,
      { cause: error },
    );
  }
}

export async function putSession(db: Database, session: Session): Promise<void> {
  const row = sessionRow(session);
  await db
    .insertInto('sessions')
    .values(row)
    .onConflict((conflict) => conflict.column('hash').doUpdateSet(row))
    .execute();
}

export async function findSession(db: Database, hash: string): Promise<Session | undefined> {
  const row = await db
    .selectFrom('sessions')
    .selectAll()
    .where('hash', '=', columnText(hash))
    .executeTakeFirst();
  return row && readSession(row);
}

export async function touchSession(db: Database, hash: string, lastSeenAtMs: number): Promise<void> {
  await db
    .updateTable('sessions')
    .set({ last_seen_at_ms: lastSeenAtMs })
    .where('hash', '=', columnText(hash))
    .execute();
}

export async function listSessions(
  db: Database,
  userId: string | undefined,
  nowMs: number,
): Promise<Session[]> {
  let select = db
    .selectFrom('sessions')
    .selectAll()
    .where('expires_at_ms', '>', nowMs)
    .orderBy('created_at_ms', 'desc')
    .orderBy('id');
  if (userId !== undefined) select = select.where('user_id', '=', columnText(userId));
  return (await select.execute()).map(readSession);
}

export async function endSession(db: Database, id: string): Promise<number> {
  const result = await db.deleteFrom('sessions').where('id', '=', columnText(id)).executeTakeFirst();
  return Number(result.numDeletedRows);
}

export async function endSessionsOf(
  db: Database,
  userIds: readonly string[],
  exceptHash?: string,
): Promise<number> {
  if (userIds.length === 0) return 0;
  let remove = db.deleteFrom('sessions').where('user_id', 'in', userIds.map(columnText));
  if (exceptHash !== undefined) remove = remove.where('hash', '!=', columnText(exceptHash));
  return Number((await remove.executeTakeFirst()).numDeletedRows);
}

export async function sweepSessions(db: Database, nowMs: number): Promise<void> {
  await db.deleteFrom('sessions').where('expires_at_ms', '<=', nowMs).execute();
}
