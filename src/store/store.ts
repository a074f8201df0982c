// What must survive, as one interface in domain words. Two implementations, SQLite and PostgreSQL, share one set of
// queries and one suite (store-suite.ts). Nothing here decides anything: the control room does, and hands over changes.
//
// Two kinds of things are kept:
// - *objects*: the configuration. They are loaded as a whole, changed by `commit`, and numbered by one revision;
// - what changes often or grows for ever: sessions, one-time secrets, audit events, leases, opaque documents.
import type { ApiKey } from '#model/users/api-key.ts';
import type { AuditedNoun, AuditEvent } from '#model/users/audit-event.ts';
import type { Port } from '#model/port.ts';
import type { Route } from '#model/routes/route.ts';
import type { RuleSet } from '#model/ingress/rule-set.ts';
import type { Session } from '#model/users/session.ts';
import type { Channel, Mute } from '#model/notifications/notification.ts';
import type { PagePassword } from '#model/access/page-password.ts';
import type { Settings } from '#model/setting.ts';
import type { ShareLink } from '#model/access/share-link.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { User } from '#model/users/user.ts';

/** The kinds of objects, and the type of each. */
export interface StoredObjects {
  readonly tunnel: Tunnel;
  readonly route: Route;
  readonly port: Port;
  readonly ruleSet: RuleSet;
  readonly user: User;
  readonly apiKey: ApiKey;
  readonly shareLink: ShareLink;
  readonly pagePassword: PagePassword;
  readonly channel: Channel;
  readonly mute: Mute;
  /** One object with the id `settings`. */
  readonly settings: Settings & { readonly id: 'settings' };
}

export type ObjectKind = keyof StoredObjects;

/** Every kind there is. */
export const objectKinds = [
  'tunnel',
  'route',
  'port',
  'ruleSet',
  'user',
  'apiKey',
  'shareLink',
  'pagePassword',
  'channel',
  'mute',
  'settings',
] as const satisfies readonly ObjectKind[];

/** One object of a kind, for lists that mix kinds. */
export type StoredObject = {
  [K in ObjectKind]: { readonly kind: K; readonly object: StoredObjects[K] };
}[ObjectKind];

/** Everything of one revision, in no particular order. */
export interface StoredState {
  readonly revision: number;
  readonly objects: readonly StoredObject[];
}

/** One change, kept whole or not at all. */
export interface Change {
  /** The revision the change was decided on; `commit` refuses it when another has come since. */
  readonly baseRevision: number;
  /** New and changed objects, by the id in them. */
  readonly puts: readonly StoredObject[];
  readonly deletes: readonly { readonly kind: ObjectKind; readonly id: string }[];
  readonly audit: readonly AuditEvent[];
  /** Sessions of these users end in the same transaction. */
  readonly endSessionsOf?: readonly string[];
}

/** What a page of audit events is chosen by; all given must hold. Newest first. */
export interface AuditQuery {
  readonly noun?: AuditedNoun;
  readonly objectId?: string;
  readonly actorId?: string;
  /** Searched in names, actions and addresses, whatever the case. */
  readonly text?: string;
  readonly beforeMs?: number;
  readonly afterMs?: number;
  /** Events older than this one (exclusive), for the next page. */
  readonly cursor?: string;
  /** 1 to 500. */
  readonly limit: number;
}

/** A one-time secret: a sign-in link, a challenge, a state of OIDC. Kept by the SHA-256 of what was handed out. */
export interface Ticket {
  readonly hash: string;
  readonly purpose: string;
  /** JSON for whoever redeems it. */
  readonly data: string;
  readonly expiresAtMs: number;
}

export interface Store {
  /** `sqlite` or `postgres`, for status and logs. */
  readonly kind: 'sqlite' | 'postgres';

  /** Every object. @throws SallyportError 'store-unavailable', or 'store-corrupt' naming the row that cannot be read */
  load(): Promise<StoredState>;
  /**
   * Keeps a change and returns the new revision; durable when it resolves.
   * @throws SallyportError 'conflict' when `baseRevision` is not the present one, or a name is taken; 'store-unavailable':
   * nothing was kept, but when the connection was lost while committing, which only a `load` can tell; 'internal' when an
   * object does not fit its own schema
   */
  commit(change: Change): Promise<number>;
  /**
   * Calls back when another process has committed (PostgreSQL; never for SQLite), and after a lost connection is back.
   * Calls may be more than the changes, and never fewer; load, and compare revisions. Returns a function that ends it.
   */
  watch(onForeignChange: () => void): () => void;
  /**
   * Another text after any change of anything here, whoever made it; now and then without one. It reads no table, so that
   * asking again and again is cheap. What is read after asking is at least as new as the mark.
   * @throws SallyportError 'store-unavailable'
   */
  changeMark(): Promise<string>;

  /** Audit events without a change of objects: a sign-in, a backup. */
  appendAudit(events: readonly AuditEvent[]): Promise<void>;
  readAudit(
    query: AuditQuery,
  ): Promise<{ readonly events: AuditEvent[]; readonly nextCursor: string | undefined }>;
  /** Removes events older than this; returns how many. */
  pruneAudit(beforeMs: number): Promise<number>;

  putSession(session: Session): Promise<void>;
  findSession(hash: string): Promise<Session | undefined>;
  /** Costs a write to the disk like any other change; once a minute is enough. */
  touchSession(hash: string, lastSeenAtMs: number): Promise<void>;
  /** Live sessions of a user, or of all, newest first. */
  listSessions(userId: string | undefined, nowMs: number): Promise<Session[]>;
  /** Ends sessions by id; returns how many there were. */
  endSession(id: string): Promise<number>;
  endSessionsOf(userId: string, exceptHash?: string): Promise<number>;

  putTicket(ticket: Ticket): Promise<void>;
  /** Takes a ticket: it is found once, however many ask at once, and never after it expired. */
  takeTicket(hash: string, purpose: string, nowMs: number): Promise<Ticket | undefined>;
  /** Removes what has expired: sessions and tickets. */
  sweep(nowMs: number): Promise<void>;

  /**
   * Small opaque documents of other rooms (certificates, ACME accounts), by collection and key: 1 to 500 characters each,
   * whose case counts. What is secret (a private key) its room seals before it hands it over: backups hold it as it is.
   */
  getDocument(collection: string, key: string): Promise<Uint8Array | undefined>;
  putDocument(collection: string, key: string, bytes: Uint8Array): Promise<void>;
  deleteDocument(collection: string, key: string): Promise<void>;
  listDocuments(collection: string): Promise<{ readonly key: string; readonly bytes: Uint8Array }[]>;

  /**
   * Takes or extends a lease for `holder` until `untilMs`; false while another's has not run out. For work that only one
   * of several edges may do.
   */
  takeLease(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean>;
  releaseLease(name: string, holder: string): Promise<void>;

  /**
   * Writes everything at one moment to `file` (mode 0600, replaced in one step) while the store goes on changing: a copy of
   * the database (SQLite), or a dump (PostgreSQL). restore-store.ts reads both.
   * @throws SallyportError 'file-unwritable', 'store-unavailable', 'store-corrupt'
   */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}
