// The objects of the configuration: rows of JSON, read back through the schema of their noun, so that nothing odd gets
// from a damaged or hand-edited row into what the edge serves.
import { z } from 'zod';
import { SallyportError } from '#base/errors.ts';
import { apiKeySchema } from '#model/users/api-key.ts';
import { channelSchema, muteSchema } from '#model/notifications/notification.ts';
import { portName, portSchema } from '#model/port.ts';
import { routeName, routeSchema } from '#model/routes/route.ts';
import { ruleSetSchema } from '#model/ingress/rule-set.ts';
import { pagePasswordSchema } from '#model/access/page-password.ts';
import { settingsSchema } from '#model/setting.ts';
import { shareLinkSchema } from '#model/access/share-link.ts';
import { tunnelSchema } from '#model/tunnel.ts';
import { userSchema } from '#model/users/user.ts';
import type { Change, ObjectKind, StoredObject, StoredObjects } from '../store.ts';
import { columnText } from './stored-text.ts';
import type { Database, ObjectRow, Transacting } from './tables.ts';
import { inTurns } from '../turns.ts';

/** How each kind is read, and what it is called by: unique among its kind, lower-cased where case says nothing. */
const kinds: {
  readonly [K in ObjectKind]: {
    readonly schema: z.ZodType<StoredObjects[K]>;
    readonly name: (object: StoredObjects[K]) => string | null;
  };
} = {
  tunnel: { schema: tunnelSchema, name: (tunnel) => tunnel.name.toLowerCase() },
  // The hostname is canonical already, and a path's case counts.
  route: { schema: routeSchema, name: routeName },
  port: { schema: portSchema, name: portName },
  ruleSet: { schema: ruleSetSchema, name: () => null },
  user: { schema: userSchema, name: (user) => user.name.toLowerCase() },
  apiKey: { schema: apiKeySchema, name: (key) => key.name.toLowerCase() },
  shareLink: { schema: shareLinkSchema, name: () => null },
  pagePassword: { schema: pagePasswordSchema, name: ({ name }) => name },
  channel: { schema: channelSchema, name: ({ name }) => name.toLowerCase() },
  mute: { schema: muteSchema, name: ({ subject }) => subject },
  settings: { schema: settingsSchema.extend({ id: z.literal('settings') }), name: () => null },
};

/** Rows checked before the event loop gets its turn again. */
const rowsPerTurn = 200;

/** All rows, unchecked. */
export function selectObjects(db: Database): Promise<ObjectRow[]> {
  return db.selectFrom('objects').selectAll().execute();
}

/** The objects in rows. @throws SallyportError 'store-corrupt' naming the first row that cannot be read */
export async function readObjects(rows: readonly ObjectRow[]): Promise<StoredObject[]> {
  const objects: StoredObject[] = [];
  await inTurns(rows, rowsPerTurn, (part) => {
    for (const row of part) objects.push(readObject(row));
  });
  return objects;
}

/** Objects as rows. @throws SallyportError 'internal', as objectRow does */
export async function objectRows(objects: readonly StoredObject[]): Promise<ObjectRow[]> {
  const rows: ObjectRow[] = [];
  await inTurns(objects, rowsPerTurn, (part) => {
    for (const object of part) rows.push(objectRow(object));
  });
  return rows;
}

/** The object in a row. @throws SallyportError 'store-corrupt' */
export function readObject(row: Pick<ObjectRow, 'kind' | 'id' | 'document'>): StoredObject {
  const kind = row.kind as ObjectKind;
  if (!Object.hasOwn(kinds, kind)) throw corruptRow(row, 'this program knows no such kind');
  let document: unknown;
  try {
    document = JSON.parse(row.document);
  } catch (error) {
    throw corruptRow(row, 'it is not JSON', error);
  }
  const result = kinds[kind].schema.safeParse(document);
  if (!result.success) throw corruptRow(row, firstFault(result.error), result.error);
  if (result.data.id !== row.id) throw corruptRow(row, 'it has another id inside');
  return { kind, object: result.data } as StoredObject;
}

/**
 * An object as a row.
 * @throws SallyportError 'internal' when it does not fit its own schema: kept, it could never be read again
 */
function objectRow(stored: StoredObject): ObjectRow {
  const { schema, name } = kinds[stored.kind] as (typeof kinds)['tunnel'];
  const result = schema.safeParse(stored.object);
  if (!result.success) {
    const what = `${stored.kind} ${stored.object.id}`;
    throw new SallyportError('internal', `The ${what} cannot be kept: ${firstFault(result.error)}.`, {
      cause: result.error,
    });
  }
  const object = result.data;
  const version = 'version' in object ? object.version : 1;
  return {
    ...{ kind: stored.kind, id: object.id, name: name(object), version },
    document: JSON.stringify(object),
  };
}

/** Rows of one statement: PostgreSQL takes 65535 values, and shorter statements are compiled sooner. */
const rowsPerStatement = 200;

/** Deletes, then puts. Names may be swapped or taken over from what is deleted within one change. */
export async function changeObjects(
  trx: Transacting,
  rows: readonly ObjectRow[],
  deletes: Change['deletes'],
): Promise<void> {
  for (const [kind, ids] of idsByKind(deletes)) {
    await inTurns(ids, rowsPerStatement, async (part) => {
      await trx.deleteFrom('objects').where('kind', '=', kind).where('id', 'in', part).execute();
    });
  }
  if (rows.length > 1) await releaseNames(trx, rows);
  await inTurns(rows, rowsPerStatement, async (part) => {
    await trx
      .insertInto('objects')
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(['kind', 'id']).doUpdateSet((eb) => ({
          name: eb.ref('excluded.name'),
          version: eb.ref('excluded.version'),
          document: eb.ref('excluded.document'),
        })),
      )
      .execute();
  });
}

/** Uniqueness is checked row by row; without this, two objects could not swap their names. */
async function releaseNames(trx: Transacting, rows: readonly ObjectRow[]): Promise<void> {
  const named = rows.filter((row) => row.name !== null);
  for (const [kind, ids] of idsByKind(named)) {
    await inTurns(ids, rowsPerStatement, async (part) => {
      await trx
        .updateTable('objects')
        .set({ name: null })
        .where('kind', '=', kind)
        .where('id', 'in', part)
        .execute();
    });
  }
}

function idsByKind(items: readonly { readonly kind: string; readonly id: string }[]): Map<string, string[]> {
  const byKind = Map.groupBy(items, (item) => item.kind);
  return new Map([...byKind].map(([kind, found]) => [kind, found.map((item) => columnText(item.id))]));
}

function corruptRow(row: { kind: string; id: string }, why: string, cause?: unknown): SallyportError {
  const where = `The row of table "objects" with kind "${row.kind}" and id "${row.id}"`;
  return new SallyportError(
    'store-corrupt',
    `${where} cannot be read: ${why}; correct it, or restore a backup.`,
    { cause },
  );
}

/** The first issue in one line, with the field it is about. */
function firstFault(error: z.ZodError): string {
  const [issue] = error.issues;
  const path = issue!.path.map(String).join('.');
  return path === '' ? issue!.message : `${path}: ${issue!.message}`;
}
