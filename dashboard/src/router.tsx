// Which address shows which page. Pages are loaded when they are first opened; their addresses hold what is looked for, so
// that a link leads to the very same view.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  Outlet,
} from '@tanstack/react-router';
import { z } from 'zod';
import { certificateStates } from '#model/certificates/certificate-view.ts';
import { partKinds, partStates } from '#model/live/health.ts';
import { nameStates, recordOwners } from '#model/dns/dns-view.ts';
import { PageFault } from './shell/page-fault.tsx';
import { SignedIn } from './shell/signed-in.tsx';
import { NotFound } from './shell/not-found.tsx';

const text = z.string().max(2000).optional().catch(undefined);
const tunnelStatus = z.enum(['healthy', 'degraded', 'down', 'never-connected']).optional().catch(undefined);

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound, errorComponent: PageFault });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: z.object({ next: text, error: text }),
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in-page.tsx'), 'SignInPage'),
});

/** One-time links: the token stands behind `#`, which browsers send to nobody. */
const link = createRoute({
  getParentRoute: () => root,
  path: '/link',
  component: lazyRouteComponent(() => import('./pages/sign-in/link-page.tsx'), 'LinkPage'),
});

/** Everything that only those see who are signed in. */
const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: SignedIn });

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/overview-page.tsx'), 'OverviewPage'),
});

const exposed = createRoute({
  getParentRoute: () => inside,
  path: '/exposed',
  validateSearch: z.object({ search: text }),
  component: lazyRouteComponent(() => import('./pages/exposed/exposed-page.tsx'), 'ExposedPage'),
});

const health = createRoute({
  getParentRoute: () => inside,
  path: '/health',
  validateSearch: z.object({
    kind: z.enum(partKinds).optional().catch(undefined),
    state: z.enum(partStates).optional().catch(undefined),
  }),
  component: lazyRouteComponent(() => import('./pages/health/health-page.tsx'), 'HealthPage'),
});

const tunnels = createRoute({
  getParentRoute: () => inside,
  path: '/tunnels',
  validateSearch: z.object({
    search: text,
    status: tunnelStatus,
    view: z.enum(['tunnels', 'connectors']).optional().catch(undefined),
  }),
  component: lazyRouteComponent(() => import('./pages/tunnels/tunnels-page.tsx'), 'TunnelsPage'),
});

const tunnel = createRoute({
  getParentRoute: () => inside,
  path: '/tunnels/$tunnel',
  component: lazyRouteComponent(() => import('./pages/tunnels/tunnel-page.tsx'), 'TunnelPage'),
});

const routes = createRoute({
  getParentRoute: () => inside,
  path: '/routes',
  validateSearch: z.object({
    search: text,
    tunnel: text,
    source: z.enum(['store', 'file', 'claim']).optional().catch(undefined),
  }),
  component: lazyRouteComponent(() => import('./pages/routes/routes-page.tsx'), 'RoutesPage'),
});

const route = createRoute({
  getParentRoute: () => inside,
  path: '/routes/$route',
  component: lazyRouteComponent(() => import('./pages/routes/route-page.tsx'), 'RoutePage'),
});

const certificates = createRoute({
  getParentRoute: () => inside,
  path: '/certificates',
  validateSearch: z.object({
    search: text,
    state: z.enum(certificateStates).optional().catch(undefined),
  }),
  component: lazyRouteComponent(
    () => import('./pages/certificates/certificates-page.tsx'),
    'CertificatesPage',
  ),
});

const certificate = createRoute({
  getParentRoute: () => inside,
  path: '/certificates/$certificate',
  component: lazyRouteComponent(() => import('./pages/certificates/certificate-page.tsx'), 'CertificatePage'),
});

const notifications = createRoute({
  getParentRoute: () => inside,
  path: '/notifications',
  component: lazyRouteComponent(
    () => import('./pages/notifications/notifications-page.tsx'),
    'NotificationsPage',
  ),
});

const ports = createRoute({
  getParentRoute: () => inside,
  path: '/ports',
  validateSearch: z.object({ search: text }),
  component: lazyRouteComponent(() => import('./pages/ports/ports-page.tsx'), 'PortsPage'),
});

const bans = createRoute({
  getParentRoute: () => inside,
  path: '/bans',
  validateSearch: z.object({ search: text }),
  component: lazyRouteComponent(() => import('./pages/bans/bans-page.tsx'), 'BansPage'),
});

const cache = createRoute({
  getParentRoute: () => inside,
  path: '/cache',
  validateSearch: z.object({ search: text }),
  component: lazyRouteComponent(() => import('./pages/cache/cache-page.tsx'), 'CachePage'),
});

const names = createRoute({
  getParentRoute: () => inside,
  path: '/names',
  validateSearch: z.object({ search: text, state: z.enum(nameStates).optional().catch(undefined) }),
  component: lazyRouteComponent(() => import('./pages/names/names-page.tsx'), 'NamesPage'),
});

const zone = createRoute({
  getParentRoute: () => inside,
  path: '/names/$zone',
  validateSearch: z.object({ search: text, owner: z.enum(recordOwners).optional().catch(undefined) }),
  component: lazyRouteComponent(() => import('./pages/names/zone-page.tsx'), 'ZonePage'),
});

const explain = createRoute({
  getParentRoute: () => inside,
  path: '/explain',
  validateSearch: z.object({ url: text }),
  component: lazyRouteComponent(() => import('./pages/explain/explain-page.tsx'), 'ExplainPage'),
});

const requests = createRoute({
  getParentRoute: () => inside,
  path: '/requests',
  validateSearch: z.object({
    host: text,
    status: text,
    tunnel: text,
    method: text,
    path: text,
    search: text,
  }),
  component: lazyRouteComponent(() => import('./pages/requests/requests-page.tsx'), 'RequestsPage'),
});

const request = createRoute({
  getParentRoute: () => inside,
  path: '/requests/$request',
  component: lazyRouteComponent(() => import('./pages/requests/request-page.tsx'), 'RequestPage'),
});

const users = createRoute({
  getParentRoute: () => inside,
  path: '/users',
  component: lazyRouteComponent(() => import('./pages/users/users-page.tsx'), 'UsersPage'),
});

const user = createRoute({
  getParentRoute: () => inside,
  path: '/users/$user',
  component: lazyRouteComponent(() => import('./pages/users/user-page.tsx'), 'UserPage'),
});

const visitors = createRoute({
  getParentRoute: () => inside,
  path: '/visitors',
  component: lazyRouteComponent(() => import('./pages/visitors/visitors-page.tsx'), 'VisitorsPage'),
});
const apiKeys = createRoute({
  getParentRoute: () => inside,
  path: '/api-keys',
  component: lazyRouteComponent(() => import('./pages/api-keys/api-keys-page.tsx'), 'ApiKeysPage'),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: z.object({ search: text, noun: text, objectId: text }),
  component: lazyRouteComponent(() => import('./pages/audit/audit-page.tsx'), 'AuditPage'),
});

const account = createRoute({
  getParentRoute: () => inside,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/account/account-page.tsx'), 'AccountPage'),
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/settings/settings-page.tsx'), 'SettingsPage'),
});

const lab = createRoute({
  getParentRoute: () => inside,
  path: '/lab',
  component: lazyRouteComponent(() => import('./pages/lab/lab-page.tsx'), 'LabPage'),
});

/** Whatever else: said inside the frame, with the navigation to go on from. */
const elsewhere = createRoute({ getParentRoute: () => inside, path: '$', component: NotFound });

/** `index.html` as an address is the overview. */
const indexFile = createRoute({
  getParentRoute: () => root,
  path: '/index.html',
  component: () => <Navigate to="/" replace />,
});

const tree = root.addChildren([
  ...[signIn, link, indexFile],
  inside.addChildren([
    ...[
      overview,
      exposed,
      tunnels,
      tunnel,
      routes,
      route,
      ports,
      notifications,
      certificates,
      certificate,
      cache,
      bans,
      explain,
      requests,
      request,
    ],
    ...[health, names, zone],
    ...[users, user, visitors, apiKeys, audit, account, settings, lab, elsewhere],
  ]),
]);

/** Makes the router for a dashboard at `basePath`. */
export function createAppRouter(basePath: string) {
  return createRouter({
    routeTree: tree,
    basepath: basePath,
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultErrorComponent: PageFault,
    defaultNotFoundComponent: NotFound,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
