// The whole configuration in memory, immutable: readers hold one state as long as they like.
import { SallyportError } from '#base/errors.ts';
import type { ApiKey } from '#model/users/api-key.ts';
import type { Port } from '#model/port.ts';
import type { Route } from '#model/routes/route.ts';
import type { RuleSet } from '#model/ingress/rule-set.ts';
import type { Channel, Mute } from '#model/notifications/notification.ts';
import type { PagePassword } from '#model/access/page-password.ts';
import { type Settings, settingsSchema } from '#model/setting.ts';
import type { ShareLink } from '#model/access/share-link.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { User } from '#model/users/user.ts';
import { type ObjectKind, objectKinds, type StoredObjects, type StoredState } from '#store/store.ts';
import { nameIndex } from './lookup-name.ts';

const defaultSettings = settingsSchema.parse({});

/** All objects by kind and id. */
export type Tables = { readonly [K in ObjectKind]: ReadonlyMap<string, StoredObjects[K]> };

/** One revision of everything. */
export class ControlState {
  readonly revision: number;
  readonly #tables: Tables;
  #tunnelIds: ReadonlyMap<string, string> | undefined;
  #routeIds: ReadonlyMap<string, string> | undefined;
  #apiKeyHashes: ReadonlyMap<string, ApiKey> | undefined;

  constructor(revision: number, tables: Tables) {
    this.revision = revision;
    this.#tables = tables;
  }

  /** The state that a store has loaded. */
  static from(stored: StoredState): ControlState {
    const tables = tablesOf(() => new Map<string, never>());
    for (const { kind, object } of stored.objects) {
      (tables[kind] as Map<string, unknown>).set(object.id, object);
    }
    return new ControlState(stored.revision, tables);
  }

  table<K extends ObjectKind>(kind: K): ReadonlyMap<string, StoredObjects[K]> {
    return this.#tables[kind];
  }

  get tunnels(): ReadonlyMap<string, Tunnel> {
    return this.#tables.tunnel;
  }

  get routes(): ReadonlyMap<string, Route> {
    return this.#tables.route;
  }

  get ports(): ReadonlyMap<string, Port> {
    return this.#tables.port;
  }

  get ruleSets(): ReadonlyMap<string, RuleSet> {
    return this.#tables.ruleSet;
  }

  get users(): ReadonlyMap<string, User> {
    return this.#tables.user;
  }

  get apiKeys(): ReadonlyMap<string, ApiKey> {
    return this.#tables.apiKey;
  }

  get shareLinks(): ReadonlyMap<string, ShareLink> {
    return this.#tables.shareLink;
  }

  get pagePasswords(): ReadonlyMap<string, PagePassword> {
    return this.#tables.pagePassword;
  }

  get channels(): ReadonlyMap<string, Channel> {
    return this.#tables.channel;
  }

  get mutes(): ReadonlyMap<string, Mute> {
    return this.#tables.mute;
  }

  get settings(): Settings {
    // One that an older release stored lacks what has come since.
    return { ...defaultSettings, ...this.#tables.settings.get('settings') };
  }

  /** A tunnel by its id or its name, whatever its case. */
  findTunnel(idOrName: string): Tunnel | undefined {
    this.#tunnelIds ??= nameIndex('tunnel', this.tunnels);
    return this.tunnels.get(idOrName) ?? this.tunnels.get(this.#tunnelIds.get(idOrName.toLowerCase()) ?? '');
  }

  /** A route by its id, or by hostname and path as one. */
  findRoute(idOrName: string): Route | undefined {
    this.#routeIds ??= nameIndex('route', this.routes);
    return this.routes.get(idOrName) ?? this.routes.get(this.#routeIds.get(idOrName) ?? '');
  }

  /** An API key by the hash of its text. */
  findApiKey(hash: string): ApiKey | undefined {
    this.#apiKeyHashes ??= new Map([...this.apiKeys.values()].map((key) => [key.hash, key]));
    return this.#apiKeyHashes.get(hash);
  }

  /** A user by id, name or mail address, whatever the case. */
  findUser(idOrName: string): User | undefined {
    return findUserIn(this.users, idOrName);
  }
}

/** A user by id, name or mail address, whatever the case; users are few. */
export function findUserIn(users: ReadonlyMap<string, User>, idOrName: string): User | undefined {
  const wanted = idOrName.toLowerCase();
  return (
    users.get(idOrName) ??
    [...users.values()].find(
      ({ name, email }) => name.toLowerCase() === wanted || email?.toLowerCase() === wanted,
    )
  );
}

/** Tables of every kind, each made by `table`. */
export function tablesOf(table: (kind: ObjectKind) => unknown): Tables {
  return Object.fromEntries(objectKinds.map((kind) => [kind, table(kind)])) as unknown as Tables;
}

/** The object, or a sentence that it is not there. @throws SallyportError 'not-found' */
export function required<T>(found: T | undefined, noun: string, wanted: string): T {
  if (found !== undefined) return found;
  throw new SallyportError('not-found', `There is no ${noun} "${wanted}".`);
}
