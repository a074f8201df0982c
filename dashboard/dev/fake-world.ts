// A small lab in memory: what an edge would know and see, made up from a seed so that it looks the same every time.
import type { ApiKeyView } from '#api/users.ts';
import type { UserView } from '#api/account.ts';
import type { RouteView } from '#api/routes.ts';
import type { TunnelView } from '#api/tunnels.ts';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { ConnectorLive, Disconnect } from '#model/live/live.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { Role } from '#model/users/role.ts';
import { type Settings, settingsSchema } from '#model/setting.ts';
import { makeLab } from './fake-lab.ts';

export interface FakeOptions {
  readonly tunnels: number;
  readonly role: Role;
  readonly isSignedIn: boolean;
  /** No owner has signed in yet. */
  readonly isNew: boolean;
}

/** A tunnel with all that belongs to it. */
export interface FakeTunnel {
  view: TunnelView;
  connectors: ConnectorLive[];
  disconnects: Disconnect[];
  rules: { text: string; version: number };
  rotation: { startedAtMs: number; moved: number } | undefined;
}

/** Everything that the handlers answer from and change. */
export class FakeWorld {
  readonly startedAtMs = Date.now() - 3 * 86_400_000;
  role: Role;
  isSignedIn: boolean;
  isNew: boolean;
  /** The edge does not answer: `window.fake.isAway = true` in the console. */
  isAway = false;
  revision = 12;
  settings: Settings = settingsSchema.parse({ title: 'Homelab' });
  tunnels: FakeTunnel[];
  routes: RouteView[];
  users: UserView[];
  apiKeys: ApiKeyView[];
  audit: AuditEvent[];
  requests: LoggedRequest[];
  readonly #listeners = new Set<(event: object) => void>();
  #random: number;

  constructor({ tunnels, role, isSignedIn, isNew }: FakeOptions) {
    this.role = role;
    this.isSignedIn = isSignedIn;
    this.isNew = isNew;
    this.#random = 42;
    const lab = makeLab(this, tunnels);
    this.tunnels = lab.tunnels;
    this.routes = lab.routes;
    this.users = lab.users;
    this.apiKeys = lab.apiKeys;
    this.audit = lab.audit;
    this.requests = lab.requests;
    Object.assign(globalThis, { fake: this });
  }

  /** 0 up to 1, the same row every time (mulberry32). */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }

  uuid(): string {
    const hex = Array.from({ length: 32 }, () => Math.floor(this.random() * 16).toString(16)).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }

  /** Tells the streams. */
  emit(event: object): void {
    for (const listener of this.#listeners) listener(event);
  }

  listen(listener: (event: object) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A change was made: one more revision, an audit row, an event. */
  changed(action: string, noun: AuditEvent['noun'], name: string, before: unknown, after: unknown): void {
    this.revision++;
    const me = this.users[0]!;
    this.audit.unshift({
      ...{ id: this.uuid(), atMs: Date.now(), actor: { kind: 'user', id: me.id, name: me.name } },
      ...{ address: '203.0.113.7', action, noun, objectId: name, objectName: name, requestId: this.uuid() },
      before: JSON.parse(JSON.stringify(before ?? null)) as AuditEvent['before'],
      after: JSON.parse(JSON.stringify(after ?? null)) as AuditEvent['after'],
    });
    this.emit({ kind: 'revision', atMs: Date.now(), revision: this.revision });
  }
}
