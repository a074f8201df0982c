// The pages there are, in three groups: what is going on, what leads where, who may. A page that the role does not allow is
// not offered.
import type { Scope } from '#model/users/role.ts';
import type { IconName } from '../kit/icons.tsx';

export interface NavigationItem {
  readonly to:
    | '/'
    | '/health'
    | '/exposed'
    | '/requests'
    | '/explain'
    | '/cache'
    | '/bans'
    | '/tunnels'
    | '/routes'
    | '/ports'
    | '/notifications'
    | '/certificates'
    | '/names'
    | '/users'
    | '/visitors'
    | '/api-keys'
    | '/audit'
    | '/settings'
    | '/lab'
    | '/account';
  readonly title: string;
  readonly icon: IconName;
  readonly scope: Scope | 'self';
  /** More words by which it is found. */
  readonly words: string;
}

export interface NavigationGroup {
  readonly title: string;
  readonly items: readonly NavigationItem[];
}

/** All pages of the navigation, in order. */
export const navigation: readonly NavigationGroup[] = [
  {
    title: 'Watch',
    items: [
      {
        to: '/',
        title: 'Overview',
        icon: 'overview',
        scope: 'status:read',
        words: 'home status traffic charts',
      },
      {
        to: '/health',
        title: 'Health',
        icon: 'health',
        scope: 'status:read',
        words: 'parts probe down degraded since cure listeners store origins',
      },
      {
        to: '/exposed',
        title: 'Exposed',
        icon: 'exposed',
        scope: 'status:read',
        words: 'public open internet certificates dns',
      },
      {
        to: '/requests',
        title: 'Requests',
        icon: 'requests',
        scope: 'requests:read',
        words: 'access log tail live replay',
      },
      {
        to: '/explain',
        title: 'Explain',
        icon: 'explain',
        scope: 'status:read',
        words: 'why url test try debug diagnose',
      },
      {
        to: '/cache',
        title: 'Cache',
        icon: 'cache',
        scope: 'status:read',
        words: 'hits stored purge saved disk memory',
      },
      {
        to: '/bans',
        title: 'Bans',
        icon: 'shield',
        scope: 'requests:read',
        words: 'guard scanners bots blocked banned lift addresses',
      },
    ],
  },
  {
    title: 'Connect',
    items: [
      {
        to: '/tunnels',
        title: 'Tunnels',
        icon: 'tunnels',
        scope: 'tunnels:read',
        words: 'connectors tokens keys rotate rules',
      },
      {
        to: '/routes',
        title: 'Routes',
        icon: 'routes',
        scope: 'routes:read',
        words: 'hostnames paths services',
      },
      {
        to: '/ports',
        title: 'Ports',
        icon: 'ports',
        scope: 'routes:read',
        words: 'tcp udp tls sni passthrough raw database game',
      },
      {
        to: '/certificates',
        title: 'Certificates',
        icon: 'certificate',
        scope: 'certificates:read',
        words: 'tls https acme expiry renewal import',
      },
      {
        to: '/names',
        title: 'Names',
        icon: 'names',
        scope: 'dns:read',
        words: 'dns zones records hostnames drift ttl',
      },
    ],
  },
  {
    title: 'Manage',
    items: [
      {
        to: '/users',
        title: 'Users',
        icon: 'users',
        scope: 'users:read',
        words: 'people roles invite owners admins viewers',
      },
      {
        to: '/visitors',
        title: 'Visitors',
        icon: 'visitors',
        scope: 'routes:read',
        words: 'sessions signed in share links page passwords pin trusted addresses revoke',
      },
      { to: '/api-keys', title: 'API keys', icon: 'key', scope: 'self', words: 'tokens programs scripts' },
      {
        to: '/notifications',
        title: 'Notifications',
        icon: 'bell',
        scope: 'settings:read',
        words: 'alerts channels ntfy mail telegram matrix slack webhook mute quiet',
      },
      { to: '/audit', title: 'Audit', icon: 'audit', scope: 'audit:read', words: 'history changes who when' },
      {
        to: '/settings',
        title: 'Settings',
        icon: 'settings',
        scope: 'settings:read',
        words: 'title sessions preferences',
      },
      {
        to: '/lab',
        title: 'Backup & file',
        icon: 'lab',
        scope: 'lab:apply',
        words: 'export apply yaml lab restore download',
      },
    ],
  },
];

/** The account page stands apart from the groups. */
export const accountItem: NavigationItem = {
  ...{ to: '/account', title: 'Account', icon: 'account', scope: 'self' },
  words: 'me password passkeys totp codes sessions sign out',
};

/** What `scopes` allow to see. */
export function allowedNavigation(scopes: readonly string[]): NavigationGroup[] {
  return navigation
    .map((group) => ({
      ...group,
      items: group.items.filter(({ scope }) => scope === 'self' || scopes.includes(scope)),
    }))
    .filter(({ items }) => items.length > 0);
}
