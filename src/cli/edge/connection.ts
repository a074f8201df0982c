// The API of the edge that a command speaks to. Which one: --socket, --context, the environment (SALLYPORT_URL with
// SALLYPORT_API_KEY or SALLYPORT_API_KEY_FILE, SALLYPORT_CONTEXT), the edge that `login` or `context use` chose, and last
// the edge on this very machine, by its socket file.
import { existsSync, readFileSync } from 'node:fs';
import type * as Client from '#api/client.ts';
import type { ApiClient, ApiError, Send } from '#api/client.ts';
import { type ErrorCode, errorCodes, errorText, SallyportError } from '#base/errors.ts';
import { type CommandContext, type Flag, type Input, textOf } from '../command.ts';
import { contextsFile, type EdgeContext, readContexts } from './contexts.ts';

/** Where requests go. */
export type EdgeTarget =
  | { readonly kind: 'socket'; readonly file: string }
  | { readonly kind: 'url'; readonly url: string; readonly key: string; readonly ca: string };

/** An edge to speak to. */
export interface EdgeConnection {
  readonly api: ApiClient;
  /** What people call it; shown with every change. */
  readonly name: string;
}

/** Flags of every command that speaks to an edge. */
export const edgeFlags: readonly Flag[] = [
  {
    name: 'context',
    type: 'string',
    value: 'NAME',
    help: 'the edge to speak to (see "sallyport context list")',
  },
  {
    name: 'socket',
    type: 'string',
    value: 'FILE',
    help: "speak to the edge on this machine by its data folder's admin.sock",
  },
];

/** Socket of an edge with the default data folder. */
const defaultSocket = '/var/lib/sallyport/admin.sock';

/** The edge that is meant. @throws SallyportError 'config-missing' when nothing says which */
export async function connectToEdge(input: Input, context: CommandContext): Promise<EdgeConnection> {
  const { target, name } = targetOf(input, context);
  // Loaded here: an edge or a connector would keep the whole contract in memory for nothing (3 MB).
  const client = await import('#api/client.ts');
  const send: Send = (path, init) => context.runners.send(target, path, init);
  return { api: withSentences(client, send, name), name };
}

/** Whether a command has an edge to speak to. */
export function hasEdge(input: Input, context: CommandContext): boolean {
  try {
    targetOf(input, context);
    return true;
  } catch {
    return false;
  }
}

function targetOf(input: Input, context: CommandContext): { target: EdgeTarget; name: string } {
  const { env } = context;
  const socket = textOf(input, 'socket') || env['SALLYPORT_SOCKET'];
  if (socket) return { target: { kind: 'socket', file: socket }, name: 'this machine' };
  const wanted = textOf(input, 'context');
  if (wanted === '' && env['SALLYPORT_URL']) {
    const url = env['SALLYPORT_URL'];
    return { target: { kind: 'url', url, key: keyFrom(env), ca: caFrom(env) }, name: new URL(url).host };
  }
  const { current, contexts } = readContexts(contextsFile(context));
  const name = wanted || env['SALLYPORT_CONTEXT'] || current;
  const found = contexts.find((each) => each.name === name);
  if (found) return { target: urlTarget(found), name };
  if (name !== '') {
    throw new SallyportError(
      'config-missing',
      `There is no context "${name}"; see "sallyport context list".`,
    );
  }
  if (existsSync(defaultSocket))
    return { target: { kind: 'socket', file: defaultSocket }, name: 'this machine' };
  throw new SallyportError(
    'config-missing',
    'No edge is known here; sign in with "sallyport login https://sallyport.example.com", or name one with --socket.',
  );
}

function urlTarget({ url, key, ca }: EdgeContext): EdgeTarget {
  return { kind: 'url', url, key, ca };
}

function keyFrom(env: CommandContext['env']): string {
  const file = env['SALLYPORT_API_KEY_FILE'];
  const key = file ? readSecret(file) : (env['SALLYPORT_API_KEY'] ?? '');
  if (key !== '') return key;
  throw new SallyportError(
    'credentials-invalid',
    'SALLYPORT_URL is set, but there is no key; set SALLYPORT_API_KEY_FILE or SALLYPORT_API_KEY.',
  );
}

function caFrom(env: CommandContext['env']): string {
  return env['SALLYPORT_CACERT'] ? readSecret(env['SALLYPORT_CACERT']) : '';
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SallyportError('file-unreadable', `${file} could not be read (${errorText(error)}).`, {
      cause: error,
    });
  }
}

/** Problems of the API as the errors of the command line: its sentence, and the name of the edge that said it. */
function withSentences(client: typeof Client, send: Send, edge: string): ApiClient {
  const calls = Object.entries(client.createApiClient(send)) as [
    string,
    (...args: unknown[]) => Promise<unknown>,
  ][];
  return Object.fromEntries(
    calls.map(([id, call]) => [
      id,
      async (...args: unknown[]) => {
        try {
          return await call(...args);
        } catch (error) {
          throw error instanceof client.ApiError ? errorOf(error, edge) : error;
        }
      },
    ]),
  ) as unknown as ApiClient;
}

function errorOf({ problem }: ApiError, edge: string): SallyportError {
  const code = (Object.hasOwn(errorCodes, problem.code) ? problem.code : 'internal') as ErrorCode;
  const cure =
    code === 'unauthenticated' ? ` Sign in again with "sallyport login", or check the key for ${edge}.` : '';
  return new SallyportError(code === 'usage' ? 'invalid' : code, `${problem.detail}${cure}`, {
    facts: {
      ...(problem.errors ? { faults: problem.errors } : {}),
      ...(problem.dependents ? { dependents: problem.dependents } : {}),
    },
  });
}
