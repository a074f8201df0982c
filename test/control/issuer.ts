// A real OpenID Connect issuer (oidc-provider, certified) on a port of its own, whose users sign in by being named. And the
// way of a browser there and back.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { Answer, Browser } from './sign-in-world.ts';

/** Somebody whom the issuer knows. */
export interface IssuerUser {
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly preferred_username?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly [claim: string]: unknown;
}

export const clientSecret = 'a secret that both of them know, long enough';

export interface IssuerOptions {
  readonly redirectUri: string;
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post' | 'none';
}

/** Starts one; its users can be changed while it runs. */
export async function startIssuer({ redirectUri, authMethod = 'client_secret_basic' }: IssuerOptions) {
  const users = new Map<string, IssuerUser>();
  /** Who signs in next, or what is answered instead of him. */
  const next: { subject: string; error?: string } = { subject: '' };
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, {
    clients: [
      {
        client_id: 'sallyport',
        ...(authMethod === 'none' ? {} : { client_secret: clientSecret }),
        token_endpoint_auth_method: authMethod,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    pkce: { required: () => true },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username'],
      groups: ['groups', 'realm_access'],
    },
    scopes: ['openid', 'email', 'profile', 'groups'],
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['one key of the tests'] },
    jwks: undefined,
    findAccount: (_context: unknown, subject: string) => ({
      accountId: subject,
      claims: () => Promise.resolve({ sub: subject, ...users.get(subject) }),
    }),
    interactions: {
      url: (_context: unknown, interaction: { uid: string }) => `/interaction/${interaction.uid}`,
    },
  });
  const callback = provider.callback();
  const interact = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (next.error !== undefined) {
      return await provider.interactionFinished(request, response, {
        error: next.error,
        error_description: 'no',
      });
    }
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: next.subject, clientId: params['client_id'] as string });
    grant.addOIDCScope(params['scope'] as string);
    const consent = { grantId: await grant.save() };
    await provider.interactionFinished(request, response, { login: { accountId: next.subject }, consent });
  };
  server.on('request', (request, response) => {
    if (!request.url!.startsWith('/interaction/')) return callback(request, response);
    interact(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  return {
    url,
    users,
    next,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Follows a browser through the issuer's pages until it is led back; returns the address it is led to. */
export async function visitIssuer(start: string, backTo: string): Promise<string> {
  const cookies = new Map<string, string>();
  let at = start;
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { cookie } });
    for (const field of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(field)!;
      if (value === '') cookies.delete(name!);
      else cookies.set(name!, value!);
    }
    const location = response.headers.get('location');
    if (location === null) throw new Error(`${at} answered ${response.status}: ${await response.text()}`);
    at = new URL(location, at).href;
    if (at.startsWith(backTo)) return at;
  }
  throw new Error(`too many pages, the last one ${at}`);
}

/** The path below the API of an address that a browser is led to. */
export function apiPathOf(location: string): string {
  const { pathname, search } = new URL(location);
  return `${pathname.replace(/^.*\/api\/v1/, '')}${search}`;
}

/** All of it: to the issuer, through it, and back. */
export async function signInByIssuer(browser: Browser, query = ''): Promise<Answer> {
  const start = await browser.call('GET', `/sign-in/oidc/test${query}`);
  const back = await visitIssuer(start.headers.location!, 'https://sallyport.example.com/');
  return await browser.call('GET', apiPathOf(back), { headers: { 'sec-fetch-site': 'cross-site' } });
}
