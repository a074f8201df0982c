// A state being changed by one command. Reads see what was written before; what was written becomes one Change for the
// store, with an audit row for each object, and then the next state.
import type { AuditedNoun } from '#model/users/audit-event.ts';
import type { Mute } from '#model/notifications/notification.ts';
import { type Port, portName } from '#model/port.ts';
import { routeName, type Route } from '#model/routes/route.ts';
import { type Settings, settingsSchema } from '#model/setting.ts';
import type { ObjectKind, StoredObject, StoredObjects } from '#store/store.ts';
import { ControlState, findUserIn, tablesOf } from './control-state.ts';
import { lookupName, nameIndex } from './lookup-name.ts';
import { shownObject } from './redact.ts';

/** What an audit event says of one change; who and when are added by the writer. */
export interface AuditDraft {
  readonly action: string;
  readonly noun: AuditedNoun;
  readonly objectId: string;
  readonly objectName: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What the audit log calls each kind. */
const nouns: Readonly<Record<ObjectKind, AuditedNoun>> = {
  tunnel: 'tunnel',
  route: 'route',
  port: 'port',
  ruleSet: 'rule-set',
  user: 'user',
  apiKey: 'api-key',
  shareLink: 'share-link',
  pagePassword: 'page-password',
  channel: 'channel',
  mute: 'mute',
  settings: 'setting',
};

interface Written {
  readonly kind: ObjectKind;
  readonly id: string;
  /** Undefined: removed. */
  readonly object: StoredObject | undefined;
}

export class Draft {
  readonly base: ControlState;
  readonly #written = new Map<string, Written>();
  readonly #copies = new Map<ObjectKind, Map<string, unknown>>();
  /** Of this change, in the order of writing. */
  readonly audit: AuditDraft[] = [];
  /** Users whose sessions end with this change. */
  readonly endSessionsOf: string[] = [];
  /** Ids by name, of kinds that were looked up; kept in step with what is written. */
  readonly #names = new Map<ObjectKind, Map<string, string>>();

  constructor(base: ControlState) {
    this.base = base;
  }

  get hasChanges(): boolean {
    return this.#written.size > 0 || this.audit.length > 0;
  }

  list<K extends ObjectKind>(kind: K): StoredObjects[K][] {
    return [...this.#table(kind).values()];
  }

  /** A tunnel by its id or its name, whatever its case. */
  findTunnel(idOrName: string): StoredObjects['tunnel'] | undefined {
    return this.#find('tunnel', idOrName, idOrName.toLowerCase());
  }

  /** A route by its id, or by hostname and path as one. */
  findRoute(idOrName: string): StoredObjects['route'] | undefined {
    return this.#find('route', idOrName, idOrName);
  }

  /** A user by id, name or mail address, whatever the case. */
  findUser(idOrName: string): StoredObjects['user'] | undefined {
    return findUserIn(this.#table('user'), idOrName);
  }

  get settings(): Settings {
    return { ...settingsSchema.parse({}), ...this.get('settings', 'settings') };
  }

  get<K extends ObjectKind>(kind: K, id: string): StoredObjects[K] | undefined {
    return this.#table(kind).get(id);
  }

  /** Writes an object and its audit row. `action` is a verb in the past tense. */
  put<K extends ObjectKind>(kind: K, object: StoredObjects[K], action: string): void {
    const before = this.get(kind, object.id);
    this.#write({ kind, id: object.id, object: { kind, object } as unknown as StoredObject });
    this.#note(kind, { action, before, after: object });
  }

  /** Removes an object, with its audit row. */
  remove<K extends ObjectKind>(kind: K, id: string, action = 'deleted'): void {
    const before = this.get(kind, id);
    if (!before) return;
    this.#note(kind, { action, before, after: undefined });
    this.#write({ kind, id, object: undefined });
  }

  /** What the store is to keep. */
  get puts(): StoredObject[] {
    return [...this.#written.values()].flatMap(({ object }) => (object ? [object] : []));
  }

  get deletes(): { readonly kind: ObjectKind; readonly id: string }[] {
    return [...this.#written.values()].flatMap(({ kind, id, object }) => (object ? [] : [{ kind, id }]));
  }

  /** The next state, once the store has given it a revision. */
  next(revision: number): ControlState {
    return new ControlState(
      revision,
      tablesOf((kind) => this.#table(kind)),
    );
  }

  #table<K extends ObjectKind>(kind: K): ReadonlyMap<string, StoredObjects[K]> {
    const copy = this.#copies.get(kind) as ReadonlyMap<string, StoredObjects[K]> | undefined;
    return copy ?? this.base.table(kind);
  }

  #find<K extends ObjectKind>(kind: K, id: string, name: string): StoredObjects[K] | undefined {
    const table = this.#table(kind);
    let names = this.#names.get(kind);
    if (!names) this.#names.set(kind, (names = nameIndex(kind, table)));
    return table.get(id) ?? table.get(names.get(name) ?? '');
  }

  #write(written: Written): void {
    const { kind, id, object } = written;
    const before = this.get(kind, id);
    let copy = this.#copies.get(kind);
    if (!copy) this.#copies.set(kind, (copy = new Map<string, unknown>(this.base.table(kind))));
    const names = this.#names.get(kind);
    if (names && before) names.delete(lookupName(kind, before));
    if (object) {
      copy.set(id, object.object);
      names?.set(lookupName(kind, object.object), id);
    } else copy.delete(id);
    this.#written.set(`${kind} ${id}`, written);
  }

  #note<K extends ObjectKind>(
    kind: K,
    change: { action: string; before: StoredObjects[K] | undefined; after: StoredObjects[K] | undefined },
  ): void {
    const object = (change.after ?? change.before)!;
    this.audit.push({
      action: change.action,
      noun: nouns[kind],
      objectId: object.id,
      objectName: this.#nameOf(kind, object),
      before: change.before ? shownObject(kind, change.before) : null,
      after: change.after ? shownObject(kind, change.after) : null,
    });
  }

  /** What people call an object. */
  #nameOf<K extends ObjectKind>(kind: K, object: StoredObjects[K]): string {
    if (kind === 'route' || kind === 'shareLink') return routeName(object as Route);
    if (kind === 'port') return portName(object as Port);
    if (kind === 'mute') return (object as Mute).subject;
    if (kind === 'ruleSet') {
      return this.get('tunnel', object.id)?.name ?? this.base.tunnels.get(object.id)?.name ?? object.id;
    }
    return 'name' in object ? object.name : object.id;
  }
}
