// Who may do what: one row for every operation of the API, written by hand and not derived from the contract, so that a
// change of rights is a change of this page. roles.test.ts holds every kind of caller against it.
import type { OperationId } from '#api/api.ts';
import type { Role, Scope } from '#model/users/role.ts';

export interface AccessRow {
  /** The least that a browser must have signed in as. */
  readonly least: Role | 'nobody';
  /**
   * What an API key of an owner needs: a scope, nothing (`any`), or `none`: no key may, and no command on the edge's machine,
   * only a user in a browser, about himself.
   */
  readonly key: Scope | 'any' | 'none';
  /** A body that passes the schema, where the handler itself looks at who asks. */
  readonly body?: unknown;
  /** Why a caller who may is told 401, 403 or 404 all the same: words of the answer. */
  readonly unless?: RegExp;
}

const noTicket = { ticket: 'none' };
const code = { code: '000000' };
const own = { least: 'guest', key: 'none' } as const;
const open = { least: 'nobody', key: 'any' } as const;
const seesTunnels = { least: 'viewer', key: 'tunnels:read' } as const;
const changesTunnels = { least: 'admin', key: 'tunnels:write' } as const;
const seesRoutes = { least: 'viewer', key: 'routes:read' } as const;
const changesRoutes = { least: 'admin', key: 'routes:write' } as const;
const seesCertificates = { least: 'viewer', key: 'certificates:read' } as const;
const changesCertificates = { least: 'admin', key: 'certificates:write' } as const;
const seesNames = { least: 'viewer', key: 'dns:read' } as const;
const seesStatus = { least: 'viewer', key: 'status:read' } as const;
const seesRequests = { least: 'viewer', key: 'requests:read' } as const;
const seesUsers = { least: 'admin', key: 'users:read' } as const;
const changesUsers = { least: 'owner', key: 'users:write' } as const;
const seesChannels = { least: 'admin', key: 'settings:read' } as const;
const changesChannels = { least: 'owner', key: 'settings:write' } as const;
const appliesLab = { least: 'admin', key: 'lab:apply' } as const;

export const accessTable: Readonly<Record<OperationId, AccessRow>> = {
  listAccessKeys: seesChannels,
  rotateAccessKeys: { ...changesChannels, body: {} },
  getSignInMethods: open,
  signInWithPassword: {
    ...open,
    body: { name: 'nobody', password: 'not this password' },
    unless: /name or the password/,
  },
  startPasskeySignIn: open,
  finishPasskeySignIn: { ...open, body: { ...noTicket, response: {} }, unless: /too long/ },
  signInWithLink: { ...open, body: { token: 'none' }, unless: /link/ },
  startIssuerSignIn: open,
  finishIssuerSignIn: open,
  getOpenApi: open,

  signOut: { least: 'guest', key: 'any' },
  getMe: { least: 'guest', key: 'any' },
  updateMe: { ...own, body: { displayName: 'x' } },
  setPassword: {
    ...own,
    body: { current: 'not this password', password: 'another password' },
    unless: /password/,
  },
  removePassword: own,
  startPasskey: own,
  finishPasskey: { ...own, body: { ...noTicket, name: 'x', response: {} } },
  listPasskeys: own,
  deletePasskey: own,
  startTotp: own,
  confirmTotp: { ...own, body: { ...noTicket, ...code } },
  renewRecoveryCodes: { ...own, body: code },
  removeTotp: { ...own, body: code },
  removeIdentity: { ...own, body: { issuer: 'https://id.example.com', subject: 'none' } },
  listMySessions: own,
  endMySession: own,
  listApiKeys: { least: 'guest', key: 'any' },
  createApiKey: { least: 'admin', key: 'keys:write', body: { name: 'x', scopes: ['keys:write'], days: 1 } },
  deleteApiKey: { least: 'guest', key: 'any' },

  getStatus: seesStatus,
  getHealth: seesStatus,
  listProbes: seesStatus,
  probeNow: { ...seesStatus, body: { hostname: 'nothing.example.com' }, unless: /No route serves/ },
  getTraffic: seesStatus,
  streamEvents: seesStatus,
  listExposed: seesStatus,
  recogniseRoute: changesRoutes,
  testAccess: { ...seesRoutes, body: { url: 'https://nothing.example.com/' }, unless: /No route serves/ },
  explain: seesStatus,
  listAudit: { least: 'admin', key: 'audit:read' },
  getSettings: { least: 'admin', key: 'settings:read' },
  updateSettings: { least: 'owner', key: 'settings:write' },
  exportLab: appliesLab,
  planLab: appliesLab,
  applyLab: appliesLab,
  downloadBackup: { least: 'owner', key: 'backup:read' },

  listChannels: seesChannels,
  listMutes: seesChannels,
  listNotifications: seesChannels,
  createChannel: {
    ...changesChannels,
    body: { name: 'phone', settings: { kind: 'ntfy', topic: 'home' } },
  },
  updateChannel: { ...changesChannels, unless: /no channel/ },
  deleteChannel: { ...changesChannels, unless: /no channel/ },
  testChannel: { ...changesChannels, unless: /no channel/ },
  setMute: { ...changesChannels, body: { subject: 'nas.example.com' } },
  deleteMute: { ...changesChannels, unless: /no mute/ },

  listSupportBundle: { least: 'owner', key: 'backup:read' },
  downloadSupportBundle: { least: 'owner', key: 'backup:read' },

  listTunnels: seesTunnels,
  getTunnel: seesTunnels,
  listTunnelConnectors: seesTunnels,
  listConnectors: seesTunnels,
  getRotation: seesTunnels,
  getRules: seesTunnels,
  createTunnel: changesTunnels,
  updateTunnel: changesTunnels,
  deleteTunnel: changesTunnels,
  cleanupTunnel: changesTunnels,
  startRotation: changesTunnels,
  finishRotation: changesTunnels,
  abortRotation: changesTunnels,
  revokeTunnel: changesTunnels,
  putRules: changesTunnels,

  listRoutes: seesRoutes,
  getRoute: seesRoutes,
  createRoute: changesRoutes,
  updateRoute: changesRoutes,
  deleteRoute: changesRoutes,
  listPagePasswords: seesRoutes,
  setPagePassword: { ...changesRoutes, body: { password: '1234' } },
  deletePagePassword: { ...changesRoutes, unless: /no page password/ },
  listShareLinks: seesRoutes,
  createShareLink: {
    ...changesRoutes,
    body: { url: 'https://nothing.example.com/' },
    unless: /No route serves/,
  },
  deleteShareLink: { ...changesRoutes, unless: /no share link/ },
  listPorts: seesRoutes,
  getPort: seesRoutes,
  createPort: changesRoutes,
  updatePort: changesRoutes,
  deletePort: changesRoutes,

  listCertificates: seesCertificates,
  getCertificate: seesCertificates,
  renewCertificate: changesCertificates,
  importCertificate: changesCertificates,
  deleteCertificate: changesCertificates,

  listZones: seesNames,
  listZoneRecords: { ...seesNames, unless: /No zone/ },
  exportZone: { ...seesNames, unless: /No zone/ },
  listNames: seesNames,
  planDns: { ...seesNames, unless: /no dns section/ },
  applyDns: { least: 'admin', key: 'dns:write', unless: /no dns section/ },
  proveHostname: seesStatus,

  listBans: seesRequests,
  liftBans: changesRoutes,
  getCacheStatus: seesStatus,
  listCached: seesRequests,
  purgeCache: { least: 'admin', key: 'cache:purge' },

  listRequests: seesRequests,
  streamRequests: seesRequests,
  getRequest: seesRequests,
  replayRequest: { least: 'admin', key: 'requests:replay' },

  listUsers: seesUsers,
  getUser: seesUsers,
  listUserSessions: seesUsers,
  listTrustedAddresses: seesUsers,
  listSessions: seesUsers,
  endSession: changesUsers,
  createUser: changesUsers,
  updateUser: changesUsers,
  deleteUser: changesUsers,
  createUserLink: changesUsers,
  removeUserTotp: changesUsers,
  endUserSessions: changesUsers,
};
