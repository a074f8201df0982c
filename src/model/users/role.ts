// Who may do what at the edge's API. A role is a set of scopes; an API key has scopes of its own, never more than the
// user it belongs to. Every operation of the contract (api/) names the one scope it needs.

/** Everything that can be allowed, with what it means. */
export const scopes = {
  'status:read': 'see status, what is exposed, live connectors, explain',
  'tunnels:read': 'see tunnels, connectors and rules',
  'tunnels:write': 'create, change, rotate and delete tunnels and rules',
  'routes:read': 'see routes',
  'routes:write': 'add, change and remove routes',
  'certificates:read': 'see certificates',
  'certificates:write': 'renew and import certificates',
  'dns:read': 'see zones and records',
  'dns:write': 'change zones and records',
  'requests:read': 'see the access log',
  'requests:replay': 'send a logged request again',
  'cache:purge': 'take stored responses out of the cache',
  'sites:visit': 'pass protected routes as a service token, where their policies name it',
  'audit:read': 'see who changed what',
  'users:read': 'see users',
  'users:write': 'invite, change and remove users',
  'keys:read': 'see API keys of all users',
  'keys:write': 'create and revoke API keys',
  'settings:read': 'see settings',
  'settings:write': 'change settings',
  'lab:apply': 'export and apply the whole lab',
  'backup:read': 'download a backup, which holds everything',
} as const;

export type Scope = keyof typeof scopes;

/** From most to least. */
export const roles = ['owner', 'admin', 'viewer', 'guest'] as const;
export type Role = (typeof roles)[number];

export const allScopes = Object.keys(scopes) as Scope[];

/** Users, settings that decide who gets in, and backups are the owner's alone. */
const ownerOnly: readonly Scope[] = ['users:write', 'settings:write', 'backup:read', 'keys:read'];
const viewerScopes: readonly Scope[] = [
  'status:read',
  'tunnels:read',
  'routes:read',
  'certificates:read',
  'dns:read',
  'requests:read',
  'sites:visit',
];

/** What a role may do. */
export function scopesOf(role: Role): readonly Scope[] {
  switch (role) {
    case 'owner':
      return allScopes;
    case 'admin':
      return allScopes.filter((scope) => !ownerOnly.includes(scope));
    case 'viewer':
      return viewerScopes;
    case 'guest':
      // Passes at doors, where a policy names him; at the edge there is nothing for him but his own account.
      return [];
  }
}
