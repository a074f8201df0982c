// Nouns of the control plane as tests need them: valid, told apart by a number, changed where a test says so.
import { createHash } from 'node:crypto';
import type { ApiKey } from '#model/users/api-key.ts';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { Port } from '#model/port.ts';
import type { Route } from '#model/routes/route.ts';
import type { RuleSet } from '#model/ingress/rule-set.ts';
import type { PagePassword } from '#model/access/page-password.ts';
import type { Session } from '#model/users/session.ts';
import type { ShareLink } from '#model/access/share-link.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { User } from '#model/users/user.ts';
import type { Change, StoredObject } from '#store/store.ts';

/** A moment in 2026, for everything that was made at some time. */
export const sampleMs = Date.UTC(2026, 0, 1, 12);

/** The UUID of a number. */
export function sampleId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** 43 characters of base64url, as a SHA-256 has. */
export function sampleHash(number: number): string {
  return createHash('sha256').update(String(number)).digest('base64url');
}

export function sampleTunnel(number: number, change: Partial<Tunnel> = {}): Tunnel {
  return {
    id: sampleId(number),
    name: `Tunnel-${number}`,
    management: 'remote',
    hostnames: [`*.t${number}.example.com`],
    access: 'public',
    keys: [
      {
        id: sampleId(number + 0x1000_0000),
        publicKey: Buffer.alloc(32, number).toString('base64'),
        createdAtMs: sampleMs,
      },
    ],
    note: '',
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function sampleRoute(number: number, change: Partial<Route> = {}): Route {
  return {
    id: sampleId(number),
    hostname: `r${number}.example.com`,
    path: '/',
    tunnelId: sampleId(1),
    access: ['group:family', 'ip:192.0.2.0/24'],
    isEnabled: true,
    note: 'zażółć 🚪',
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function samplePort(number: number, change: Partial<Port> = {}): Port {
  return {
    id: sampleId(number),
    protocol: 'tcp',
    port: number,
    address: '',
    hostname: `p${number}.example.com`,
    proxyProtocol: 'v2',
    from: ['192.0.2.0/24'],
    maxConnections: 10,
    maxPerAddress: 5,
    tunnelId: sampleId(1),
    isEnabled: true,
    note: '',
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function sampleRuleSet(number: number, change: Partial<RuleSet> = {}): RuleSet {
  const text = 'ingress:\n  - service: http_status:404 # nothing here\n';
  return { id: sampleId(number), text, version: 1, changedAtMs: sampleMs, ...change };
}

export function sampleUser(number: number, change: Partial<User> = {}): User {
  return {
    id: sampleId(number),
    name: `User-${number}`,
    email: `user-${number}@example.com`,
    isEmailVouched: true,
    displayName: 'Ada Łovelace',
    role: 'owner',
    groups: ['family'],
    isDisabled: false,
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    passkeys: [],
    totpSecret: null,
    totpLastStep: 0,
    recoveryCodes: [],
    identities: [{ issuer: 'https://id.example.com', subject: `s${number}` }],
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function sampleApiKey(number: number, change: Partial<ApiKey> = {}): ApiKey {
  return {
    id: sampleId(number),
    name: `Key-${number}`,
    prefix: 'sp_abcdefgh',
    hash: sampleHash(number),
    userId: sampleId(1),
    scopes: ['routes:read', 'routes:write'],
    expiresAtMs: null,
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function sampleShareLink(number: number, change: Partial<ShareLink> = {}): ShareLink {
  return {
    id: sampleId(number),
    hostname: `r${number}.example.com`,
    path: '/album',
    note: '',
    expiresAtMs: sampleMs + 86_400_000,
    maxUses: 3,
    uses: 1,
    madeBy: 'Ada',
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function samplePagePassword(number: number, change: Partial<PagePassword> = {}): PagePassword {
  return {
    id: sampleId(number),
    name: `door-${number}`,
    hash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    createdAtMs: sampleMs,
    version: 1,
    ...change,
  };
}

export function sampleSession(number: number, change: Partial<Session> = {}): Session {
  return {
    id: sampleId(number),
    hash: sampleHash(number),
    userId: sampleId(1),
    method: 'passkey',
    address: '2001:db8::7',
    userAgent: 'Mozilla/5.0 "quoted" \u0000 \ud83d',
    createdAtMs: sampleMs + number,
    lastSeenAtMs: sampleMs + number,
    expiresAtMs: sampleMs + 86_400_000,
    ...change,
  };
}

export function sampleEvent(number: number, change: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: sampleId(number),
    atMs: sampleMs + number,
    actor: { kind: 'user', id: sampleId(1), name: 'Ada' },
    address: '192.0.2.1',
    action: 'created',
    noun: 'route',
    objectId: sampleId(number),
    objectName: `r${number}.example.com`,
    before: null,
    after: { hostname: `r${number}.example.com`, nested: [1, 'two', null] },
    requestId: `req-${number}`,
    ...change,
  };
}

/** A change with nothing in it but what is given. */
export function sampleChange(baseRevision: number, change: Partial<Change> = {}): Change {
  return { baseRevision, puts: [], deletes: [], audit: [], ...change };
}

/** One object of each kind. */
export const oneOfEach: readonly StoredObject[] = [
  { kind: 'tunnel', object: sampleTunnel(1) },
  { kind: 'route', object: sampleRoute(2) },
  { kind: 'port', object: samplePort(6) },
  { kind: 'ruleSet', object: sampleRuleSet(1) },
  { kind: 'user', object: sampleUser(3) },
  { kind: 'apiKey', object: sampleApiKey(4) },
  { kind: 'shareLink', object: sampleShareLink(5) },
  { kind: 'pagePassword', object: samplePagePassword(6) },
  {
    kind: 'settings',
    object: {
      id: 'settings',
      title: 'My lab',
      colour: '#7a1fa2',
      logo: '',
      sessionIdleMs: 60_000,
      sessionMaxMs: 60_000,
      recentRequests: 0,
      auditKeptMs: 0,
    },
  },
];
