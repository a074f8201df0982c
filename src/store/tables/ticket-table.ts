// One-time secrets: taken by deleting them, which the database lets only one succeed at.
import type { Ticket } from '../store.ts';
import { columnText } from './stored-text.ts';
import type { Database } from './tables.ts';

export async function putTicket(db: Database, ticket: Ticket): Promise<void> {
  const { hash, purpose, data, expiresAtMs } = ticket;
  const row = { hash, purpose, data: columnText(data), expires_at_ms: expiresAtMs };
  await db
    .insertInto('tickets')
    .values(row)
    .onConflict((conflict) => conflict.column('hash').doUpdateSet(row))
    .execute();
}

export async function takeTicket(
  db: Database,
  hash: string,
  purpose: string,
  nowMs: number,
): Promise<Ticket | undefined> {
  const row = await db
    .deleteFrom('tickets')
    .where('hash', '=', columnText(hash))
    .where('purpose', '=', columnText(purpose))
    .where('expires_at_ms', '>', nowMs)
    .returningAll()
    .executeTakeFirst();
  return row && { hash: row.hash, purpose: row.purpose, data: row.data, expiresAtMs: row.expires_at_ms };
}

export async function sweepTickets(db: Database, nowMs: number): Promise<void> {
  await db.deleteFrom('tickets').where('expires_at_ms', '<=', nowMs).execute();
}
