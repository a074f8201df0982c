// The typed client of the contract, for the command line and the dashboard alike: it knows fetch and nothing else. Where
// the requests go (a URL with a key, a socket, the page's own origin) is the caller's `send`.
import { apiBase, type CallInput, type CallResult, type Operation } from './operation.ts';
import { type Operations, operations, type StreamOperationId } from './api.ts';
import { type Problem, problemSchema } from './problem.ts';

/** Sends one request; like `fetch`, with a path that begins with `apiBase`. */
export type Send = (
  path: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly signal?: AbortSignal;
  },
) => Promise<Response>;

/** An answer that is a problem. `message` is its detail. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = 'ApiError';
    this.problem = problem;
  }
}

/** One function an operation, named by its id. Streams and redirections answer with the Response itself. */
export type ApiClient = {
  readonly [Id in keyof Operations]: (
    ...args: Operations[Id] extends { readonly params?: undefined; readonly body?: undefined }
      ? [input?: CallInput<Operations[Id]>, signal?: AbortSignal]
      : [input: CallInput<Operations[Id]>, signal?: AbortSignal]
  ) => Promise<Id extends StreamOperationId ? Response : CallResult<Operations[Id]>>;
};

interface AnyInput {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | boolean | null | undefined>>;
  readonly body?: unknown;
  readonly ifMatch?: number;
}

/** Makes a client. */
export function createApiClient(send: Send): ApiClient {
  const calls = Object.entries(operations).map(([id, operation]) => [
    id,
    (input?: AnyInput, signal?: AbortSignal) => call(send, operation as Operation, input ?? {}, signal),
  ]);
  return Object.fromEntries(calls) as ApiClient;
}

async function call(
  send: Send,
  operation: Operation,
  input: AnyInput,
  signal?: AbortSignal,
): Promise<unknown> {
  const headers: Record<string, string> = { accept: operation.stream ?? 'application/json' };
  if (input.body !== undefined) headers['content-type'] = 'application/json';
  if (input.ifMatch !== undefined) headers['if-match'] = `"${input.ifMatch}"`;
  const response = await send(urlOf(operation, input), {
    method: operation.method,
    headers,
    ...(input.body === undefined ? {} : { body: JSON.stringify(input.body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (operation.redirect) return response;
  if (!response.ok) throw new ApiError(await problemOf(response));
  if (operation.stream) return response;
  return response.status === 204 ? undefined : await response.json();
}

/** The path of a call with its parameters and query. */
export function urlOf(operation: Operation, input: AnyInput): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(input.params?.[name] ?? ''),
  );
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value));
  }
  return `${apiBase}${path}${query.size > 0 ? `?${query.toString()}` : ''}`;
}

/** The problem of an answer, also of one that did not come from the API. */
async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return problemSchema.parse(JSON.parse(text));
  } catch {
    return {
      type: 'about:blank',
      title: 'Unexpected answer',
      status: response.status,
      code: 'internal',
      detail: `The edge answered ${response.status} with something that is no answer of its API; is this the address of its dashboard?`,
    };
  }
}
