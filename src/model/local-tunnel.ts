// Tunnels that end inside the edge's own process: what answers there (dashboard, API) is a service like any other to
// routes, rules and the log, and no port is opened for it. Their ids are reserved: no connector can have one.

/** Ids of this block never belong to a connector. */
const reservedPrefix = '00000000-0000-0000-0000-';

/** The tunnel that routes of the dashboard and the API name. */
export const dashboardTunnelId = reservedTunnelId(1);

/** The reserved id of this number. */
export function reservedTunnelId(number: number): string {
  return `${reservedPrefix}${String(number).padStart(12, '0')}`;
}

/** Whether a tunnel lives in the edge's own process. */
export function isLocalTunnelId(tunnelId: string): boolean {
  return tunnelId.startsWith(reservedPrefix);
}
