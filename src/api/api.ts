// The whole contract: every operation there is, by its id.
import { accessKeyOperations } from './access-keys.ts';
import { accessOperations, pagePasswordOperations } from './access.ts';
import { accountOperations } from './account.ts';
import { certificateOperations } from './certificates.ts';
import { banOperations } from './bans.ts';
import { cacheOperations } from './cache.ts';
import { dnsOperations } from './dns.ts';
import { notificationOperations } from './notifications.ts';
import { portOperations } from './ports.ts';
import { probeOperations } from './probes.ts';
import { requestOperations } from './requests.ts';
import { routeOperations } from './routes.ts';
import { statusOperations } from './status.ts';
import { supportOperations } from './support.ts';
import { tunnelOperations } from './tunnels.ts';
import { userOperations } from './users.ts';

export const operations = {
  ...accountOperations,
  ...statusOperations,
  ...tunnelOperations,
  ...routeOperations,
  ...accessOperations,
  ...accessKeyOperations,
  ...pagePasswordOperations,
  ...portOperations,
  ...certificateOperations,
  ...dnsOperations,
  ...probeOperations,
  ...requestOperations,
  ...banOperations,
  ...cacheOperations,
  ...notificationOperations,
  ...supportOperations,
  ...userOperations,
} as const;

export type Operations = typeof operations;
export type OperationId = keyof Operations;

/** Operations whose answer is a stream, or leads a browser on, and not JSON; the client answers with the Response itself. */
export type StreamOperationId =
  | 'streamEvents'
  | 'streamRequests'
  | 'downloadBackup'
  | 'downloadSupportBundle'
  | 'startIssuerSignIn'
  | 'finishIssuerSignIn';
