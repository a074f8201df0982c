// A whole edge with two sites that keep what they are asked, users with passwords, and routes that only some may pass.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiBase } from '#api/operation.ts';
import { type ApiClient, createApiClient } from '#api/client.ts';
import type { AccessPolicy } from '#model/access/access-policy.ts';
import { sendToEdge } from '#roles/commands/send-to-edge.ts';
import { startDemo } from '../support/demo.ts';
import { Visitor } from './visitor.ts';

export const password = 'four random words here';

/** What an origin was asked. */
export interface Served {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Starts it; close it at the end. */
export async function accessWorld() {
  const served: Served[] = [];
  const origin = createServer((request, response) => {
    served.push({ url: request.url ?? '', headers: request.headers });
    request.resume();
    if (request.url?.endsWith('/endless') === true) return void response.write('it goes on');
    response.end(`the site saw ${request.url}`);
  });
  origin.on('upgrade', (_request, socket) => {
    socket.on('error', () => undefined);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const service = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  const demo = await startDemo({ services: { 'app.localhost': service, 'other.localhost': service } });
  const api: ApiClient = createApiClient((path, init) =>
    sendToEdge({ kind: 'socket', file: demo.adminSocket }, path, init),
  );
  const edge = { port: demo.httpsPort, ca: demo.ca };
  const dashboard = new URL(demo.dashboard.url);

  return {
    ...{ served, demo, api, edge, dashboard },
    /** `https://app.localhost:PORT` and a path. */
    at: (hostname: string, path: string): string => `https://${hostname}:${demo.httpsPort}${path}`,
    visitor: () => new Visitor(edge),
    /** A route of one path to the sites. */
    async protect(hostname: string, path: string, access: AccessPolicy): Promise<void> {
      await api.createRoute({ body: { hostname, path, tunnel: 'demo', access } });
    },
    /** A user with the password. */
    addUser: (name: string, groups: string[] = []): Promise<void> =>
      addUser({ api, visitor: new Visitor(edge), dashboard: dashboard.origin }, name, groups),
    async close(): Promise<void> {
      origin.closeAllConnections();
      origin.close();
      await demo.close();
    },
  };
}

/** A user who has opened his first link and chosen the password. */
export async function addUser(
  {
    api,
    visitor,
    dashboard,
  }: { readonly api: ApiClient; readonly visitor: Visitor; readonly dashboard: string },
  name: string,
  groups: string[] = [],
): Promise<void> {
  const { link } = await api.createUser({ body: { name, role: 'viewer', groups } });
  const send = async (method: string, path: string, value: unknown): Promise<void> => {
    const { status, body } = await visitor.ask(`${dashboard}${apiBase}${path}`, {
      method,
      headers: { 'content-type': 'application/json', origin: dashboard, 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify(value),
    });
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${body}`);
  };
  await send('POST', '/sign-in/link', { token: link.url.split('#token=')[1] });
  await send('PUT', '/me/password', { password });
}

export type AccessWorld = Awaited<ReturnType<typeof accessWorld>>;
