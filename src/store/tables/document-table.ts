// Bytes that other rooms keep here under names of theirs. The store neither reads nor seals them.
import { SallyportError } from '#base/errors.ts';
import type { Database } from './tables.ts';

/** Longer names would not fit PostgreSQL's index. */
const maxNameLength = 500;

export async function getDocument(
  db: Database,
  collection: string,
  key: string,
): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('documents')
    .select('bytes')
    .where('collection', '=', documentName(collection))
    .where('key', '=', documentName(key))
    .executeTakeFirst();
  return row && plainBytes(row.bytes);
}

export async function putDocument(
  db: Database,
  collection: string,
  key: string,
  bytes: Uint8Array,
): Promise<void> {
  const row = { collection: documentName(collection), key: documentName(key), bytes };
  await db
    .insertInto('documents')
    .values(row)
    .onConflict((conflict) => conflict.columns(['collection', 'key']).doUpdateSet({ bytes }))
    .execute();
}

export async function deleteDocument(db: Database, collection: string, key: string): Promise<void> {
  await db
    .deleteFrom('documents')
    .where('collection', '=', documentName(collection))
    .where('key', '=', documentName(key))
    .execute();
}

/** All of a collection, by key. */
export async function listDocuments(
  db: Database,
  collection: string,
): Promise<{ key: string; bytes: Uint8Array }[]> {
  const rows = await db
    .selectFrom('documents')
    .select(['key', 'bytes'])
    .where('collection', '=', documentName(collection))
    .execute();
  // Sorted here: the two databases do not agree on the order of text.
  return rows
    .map((row) => ({ key: row.key, bytes: plainBytes(row.bytes) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** A name that both databases keep as it is. @throws SallyportError 'invalid' */
function documentName(name: string): string {
  if (name.length > 0 && name.length <= maxNameLength && name.isWellFormed() && !name.includes('\0'))
    return name;
  throw new SallyportError('invalid', `A name in the store has 1 to ${maxNameLength} characters and no NUL.`);
}

function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
