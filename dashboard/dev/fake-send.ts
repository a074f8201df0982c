// Answers the API's calls from memory: finds the operation, validates as the edge does, asks the handler, and makes problems
// of refusals. Handlers exist for every operation of the contract, or this does not compile.
import { operations } from '#api/api.ts';
import type { Send } from '#api/client.ts';
import { apiBase, type Operation } from '#api/operation.ts';
import { scopesOf } from '#model/users/role.ts';
import { accountHandlers } from './fake-account.ts';
import { certificateHandlers } from './fake-certificates.ts';
import { accessHandlers } from './fake-access.ts';
import { cacheHandlers } from './fake-cache.ts';
import { dnsHandlers } from './fake-dns.ts';
import { notificationHandlers } from './fake-notifications.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import { portHandlers } from './fake-ports.ts';
import { routeHandlers } from './fake-routes.ts';
import { statusHandlers } from './fake-status.ts';
import { streamOf } from './fake-streams.ts';
import { tunnelHandlers } from './fake-tunnels.ts';
import type { FakeWorld } from './fake-world.ts';

/** Long enough to see that something is read, in milliseconds. */
const answerAfterMs = 60;

/** A `Send` that never leaves the page. */
export function createFakeSend(world: FakeWorld): Send {
  const handlers: Handlers = {
    ...accountHandlers(world),
    ...statusHandlers(world),
    ...tunnelHandlers(world),
    ...routeHandlers(world),
    ...portHandlers(world),
    ...certificateHandlers(world),
    ...accessHandlers(world),
    ...cacheHandlers(world),
    ...dnsHandlers(world),
    ...notificationHandlers(world),
  };
  return async (path, init) => {
    await new Promise((resolve) => setTimeout(resolve, answerAfterMs));
    init.signal?.throwIfAborted();
    try {
      if (world.isAway) throw new TypeError('Failed to fetch');
      return answer(world, handlers, path, init);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return Response.json(error.problem, { status: error.problem.status });
    }
  };
}

function answer(world: FakeWorld, handlers: Handlers, path: string, init: Parameters<Send>[1]): Response {
  const url = new URL(path, 'http://fake');
  const [operation, params] = find(init.method, url.pathname.slice(apiBase.length));
  const isOpen = operation.scope === 'nobody';
  if (!isOpen && !world.isSignedIn) throw new Refusal('unauthenticated', 'Nobody has signed in here.');
  const { scope } = operation;
  if (scope !== 'nobody' && scope !== 'self' && !scopesOf(world.role).includes(scope)) {
    throw new Refusal('forbidden', `The role ${world.role} may not do this.`);
  }
  const query = Object.fromEntries(url.searchParams);
  if (operation.stream !== undefined) return streamOf(world, operation, query, init.signal);
  const input = {
    params: parse(operation.params, params),
    query: parse(operation.query, query),
    body: parse(operation.body, init.body === undefined ? undefined : JSON.parse(init.body)),
    ifMatch: undefined,
  };
  const handler = handlers[operation.id as keyof Handlers] as (input: unknown) => unknown;
  const result = handler(input);
  return result === undefined ? new Response(null, { status: 204 }) : Response.json(structuredClone(result));
}

function find(method: string, path: string): [Operation, Record<string, string>] {
  for (const operation of Object.values(operations) as Operation[]) {
    if (operation.method !== method) continue;
    const pattern = new RegExp(`^${operation.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
    const match = pattern.exec(path);
    if (match === null) continue;
    const params = Object.entries(match.groups ?? {}).map(([name, value]) => [
      name,
      decodeURIComponent(value),
    ]);
    return [operation, Object.fromEntries(params) as Record<string, string>];
  }
  throw new Refusal('not-found', `There is no ${method} ${path}.`);
}

function parse(schema: Operation['body'], value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new Refusal('invalid', `${errors[0]!.path}: ${errors[0]!.message}`, { errors });
}
