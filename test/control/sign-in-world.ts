// A control plane with its API on a real socket, and browsers and programs that speak to it as they would through the edge:
// the fields that the edge writes (Host, X-Real-IP, X-Forwarded-Proto) are sent by them.
import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import { createUuid } from '#base/text/uuid.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { allScopes, type Role } from '#model/users/role.ts';
import { operations } from '#api/api.ts';
import { apiBase } from '#api/operation.ts';
import { createUser } from '#control/commands/users.ts';
import { type Caller, systemCaller } from '#control/command.ts';
import { Control } from '#control/control.ts';
import { createApiServer } from '#control/http/api-server.ts';
import type { Handlers } from '#control/http/handler.ts';
import { createSeal } from '#control/seal.ts';
import { type SignIn, signInHandlers, type SignInOptions } from '#control/sign-in/sign-in.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { memoryStore } from '#testkit/memory-store.ts';
import { within } from '../support/eventually.ts';

/** An answer of the API, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  // A test knows what it has asked for.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Whoever speaks to the API. */
export interface Client {
  readonly call: (method: string, path: string, call?: Call) => Promise<Answer>;
}

/** A browser: it keeps cookies and says where its page is from. */
export interface Browser extends Client {
  readonly cookies: Map<string, string>;
  readonly address: string;
  /** Signs in with name and password; fails the test when it cannot. */
  readonly signIn: (name: string, password?: string) => Promise<Answer>;
}

export const password = 'four random words here';
/** A hash in a millisecond. */
const hashCost = { memoryKib: 64, passes: 1, lanes: 1 };
const hostname = 'sallyport.example.com';
/** Whatever is asked; a stream that nobody meant to open must not hold the tests. */
const answerWithinMs = 60_000;

export interface WorldOptions extends Partial<
  Pick<SignInOptions, 'hashCost' | 'oidc' | 'outbox' | 'visitors'>
> {
  readonly dashboardUrl?: string;
}

/** Makes a world; close it at the end. */
export async function signInWorld(options: WorldOptions = {}) {
  const clock = new FakeClock();
  const store = await memoryStore(clock);
  const tools = {
    readRules: () => ({ rules: [], warnings: [] }),
    issueToken: () => ({ token: '', publicKey: '' }),
  };
  const declared = { tunnels: [], routes: [] };
  const control = await Control.open({ store, clock, random: systemRandom, log: silentLog, tools, declared });
  const dashboardUrl = options.dashboardUrl ?? `https://${hostname}`;
  const signIn = signInHandlers({
    ...{ control, clock, random: systemRandom, log: silentLog, hashCost },
    ...options,
    seal: createSeal([systemRandom.bytes(32)], systemRandom),
    dashboardUrl: () => dashboardUrl,
    edgeName: () => 'edge.example.com',
  });
  const [edge, local] = [await listen(signIn, clock, false), await listen(signIn, clock, true)];
  const place = new URL(dashboardUrl);
  const send = (server: Server, method: string, path: string, call: Call): Promise<Answer> =>
    exchange((server.address() as AddressInfo).port, method, `${apiBase}${path}`, call);

  const browser = (address = '192.0.2.1'): Browser => {
    const cookies = new Map<string, string>();
    const call = async (method: string, path: string, { body, headers }: Call = {}): Promise<Answer> => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await send(edge, method, path, {
        body,
        headers: {
          host: place.host,
          'x-real-ip': address,
          'x-forwarded-proto': place.protocol.slice(0, -1),
          'user-agent': 'a browser',
          'sec-fetch-site': 'same-origin',
          ...(cookie === '' ? {} : { cookie }),
          ...headers,
        },
      });
      keepCookies(cookies, answer.headers['set-cookie'] ?? []);
      return answer;
    };
    const signInAs = async (name: string, secret = password): Promise<Answer> => {
      const answer = await call('POST', '/sign-in/password', { body: { name, password: secret } });
      if (answer.status !== 200) throw new Error(`${name} could not sign in: ${JSON.stringify(answer.body)}`);
      return answer;
    };
    return { cookies, address, call, signIn: signInAs };
  };

  return {
    ...{ clock, store, control, signIn, dashboardUrl, browser },
    /** Opens the stream of live state with a browser's cookies or a key; `ended` resolves when it is cut. */
    async openStream(headers: Readonly<Record<string, string>>) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const fields = { host: place.host, 'x-forwarded-proto': 'https', 'x-real-ip': '192.0.2.1', ...headers };
      const { port } = edge.address() as AddressInfo;
      request({ host: '127.0.0.1', port, path: `${apiBase}/events`, headers: fields, agent: false }, resolve)
        .on('error', reject)
        .end();
      const response = await promise;
      const ended = new Promise<void>((done) => response.on('close', done).on('error', () => undefined));
      await once(response, 'data');
      response.resume();
      return { status: response.statusCode, ended };
    },
    /** A program with an API key. */
    program: (key: string): Client => ({
      call: (method, path, { body, headers } = {}) =>
        send(edge, method, path, {
          body,
          headers: {
            host: place.host,
            'x-real-ip': '198.51.100.1',
            authorization: `Bearer ${key}`,
            ...headers,
          },
        }),
    }),
    /** A command on the edge's own machine. */
    local: { call: (method, path, call = {}) => send(local, method, path, call) } satisfies Client as Client,
    /** A user with a password, made by the edge itself. */
    async addUser(name: string, role: Role, secret = password) {
      const input = { name, role, email: `${name}@example.com`, displayName: '' };
      const user = await control.run(createUser(input, new Set(allScopes)), systemCaller);
      const visitor = browser('203.0.113.250');
      const { url } = (await signInLink(local, user.id)).body as { url: string };
      await visitor.call('POST', '/sign-in/link', { body: { token: url.split('#token=')[1] } });
      const answer = await visitor.call('PUT', '/me/password', { body: { password: secret } });
      if (answer.status !== 200) throw new Error(`no password for ${name}: ${JSON.stringify(answer.body)}`);
      await visitor.call('POST', '/sign-out');
      return control.state.users.get(user.id)!;
    },
    /** Where pages are served, for whoever sends the fields that the edge would. */
    pagesPort: (edge.address() as AddressInfo).port,
    async audit(limit = 100) {
      return (await store.readAudit({ limit })).events;
    },
    async close() {
      for (const server of [edge, local]) {
        server.close();
        server.closeAllConnections();
      }
      await control.close();
    },
  };

  function signInLink(server: Server, id: string): Promise<Answer> {
    return send(server, 'POST', `/users/${id}/link`, {});
  }
}

export type SignInWorld = Awaited<ReturnType<typeof signInWorld>>;

/** Whoever sits at the machine. */
export const localCaller: Caller = {
  actor: { kind: 'local', id: 'local', name: 'a command on the edge' },
  address: '',
  requestId: '',
};

/** A stream that says hello and goes on for as long as its reader may. */
const streamEvents: Handlers<'streamEvents'>['streamEvents'] = () => (response, signal) => {
  response.write('event: hello\ndata: 1\n\n');
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
};

/** Operations of other rooms: whoever may ask is told that what he asks for is not there. */
const absentHandlers = Object.fromEntries(
  Object.keys(operations).map((id) => [
    id,
    () => {
      throw new SallyportError('not-found', `There is no ${id} in this world.`);
    },
  ]),
);

async function listen(signIn: SignIn, clock: Clock, isLocal: boolean): Promise<Server> {
  const server = createApiServer(
    {
      handlers: { ...absentHandlers, ...signIn.handlers, streamEvents } as unknown as Handlers,
      identify: signIn.identify,
      clock,
      log: silentLog,
      newRequestId: () => createUuid(systemRandom),
      basePath: '',
      serveOther(asked, response, path) {
        if (signIn.visitorPages?.answer(asked, response, path) !== true) response.writeHead(404).end();
      },
    },
    isLocal,
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function exchange(port: number, method: string, path: string, { body, headers }: Call): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const text = body === undefined ? undefined : JSON.stringify(body);
  const type = text === undefined ? {} : { 'content-type': 'application/json' };
  const outgoing = request(
    { host: '127.0.0.1', port, method, path, headers: { ...type, ...headers }, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(chunks).toString();
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        const { statusCode, headers: fields } = response;
        resolve({
          status: statusCode ?? 0,
          headers: fields,
          body: isJson && whole !== '' ? JSON.parse(whole) : whole,
        });
      });
    },
  );
  outgoing.on('error', reject);
  outgoing.end(text);
  return within(`${method} ${path} is answered`, answerWithinMs, promise);
}

/** As a browser does, but for paths and dates. */
function keepCookies(cookies: Map<string, string>, fields: readonly string[]): void {
  for (const field of fields) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
    if (/Max-Age=0/.test(field)) cookies.delete(name!);
    else cookies.set(name!, value!);
  }
}
