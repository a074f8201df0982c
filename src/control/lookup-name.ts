// Names by which people ask for objects, and indexes of them.
import { type Port, portName } from '#model/port.ts';
import { routeName, type Route } from '#model/routes/route.ts';
import type { ObjectKind, StoredObjects } from '#store/store.ts';

/** The unique name of an object within its kind, as it is looked up; '' for kinds that are not looked up by name. */
export function lookupName<K extends ObjectKind>(kind: K, object: StoredObjects[K]): string {
  if (kind === 'route') return routeName(object as Route);
  if (kind === 'port') return portName(object as Port);
  return 'name' in object ? object.name.toLowerCase() : '';
}

/** Ids by name, of all objects of a kind. */
export function nameIndex<K extends ObjectKind>(
  kind: K,
  table: ReadonlyMap<string, StoredObjects[K]>,
): Map<string, string> {
  return new Map([...table.values()].map((object) => [lookupName(kind, object), object.id]));
}
