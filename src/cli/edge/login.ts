// `sallyport login URL` and `sallyport context ...`: which edges this user works with, and the key for each.
import { readFileSync } from 'node:fs';
import type { Send } from '#api/client.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { type Command, type CommandContext, type Input, outputFlag, textOf, wantsJson } from '../command.ts';
import { formatTable } from '../table.ts';
import { type EdgeContext, contextsFile, readContexts, withContext, writeContexts } from './contexts.ts';

/** Keys made by `login` run out after a year; signing in again makes another. */
const keyDays = 365;

export const loginCommand: Command = {
  words: ['login'],
  usage: 'URL [flags]',
  summary: 'keep an API key for an edge',
  description: `Signs in to the edge whose dashboard is at URL, makes an API key with your
rights and keeps it in contexts.yml, readable by you only. The edge becomes the
one that commands speak to; "sallyport context use" changes that.`,
  flags: [
    { name: 'name', type: 'string', value: 'NAME', help: 'what to call the edge (default: its hostname)' },
    { name: 'user', type: 'string', value: 'NAME', help: 'who signs in; asked for otherwise' },
    {
      name: 'key-file',
      type: 'string',
      value: 'FILE',
      help: 'an API key made in the dashboard, instead of signing in',
    },
    { name: 'cacert', type: 'string', value: 'FILE', help: "the edge's internal CA (ca.pem), if it has one" },
    outputFlag,
  ],
  examples: [
    'sallyport login https://sallyport.example.com',
    'sallyport login https://sallyport.example.com --key-file key.txt --name home',
  ],
  maxArgs: 1,
  async run(input, context) {
    const url = urlOf(input);
    const ca = textOf(input, 'cacert') === '' ? '' : read(textOf(input, 'cacert'));
    const keyFile = textOf(input, 'key-file');
    const key = keyFile === '' ? await signIn({ url, ca }, input, context) : read(keyFile).trim();
    const added: EdgeContext = { name: textOf(input, 'name') || url.hostname, url: url.href, key, ca };
    const { createApiClient } = await import('#api/client.ts');
    const me = await createApiClient(sendWith(added, context)).getMe().catch(asSentence);
    const file = contextsFile(context);
    writeContexts(file, withContext(readContexts(file), added));
    const data = { context: added.name, url: added.url, user: me.actor.name, file };
    context.out(
      wantsJson(input)
        ? `${JSON.stringify(data)}\n`
        : `Signed in to ${added.name} (${added.url}) as ${me.actor.name}. Commands speak to it from now on.\n`,
    );
    return 0;
  },
};

function urlOf(input: Input): URL {
  const text = input.args[0] ?? '';
  const withScheme = /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (text !== '' && URL.canParse(withScheme)) return new URL(withScheme);
  throw new SallyportError('usage', 'Name the dashboard: sallyport login https://sallyport.example.com.');
}

function sendWith({ url, key, ca }: Pick<EdgeContext, 'url' | 'key' | 'ca'>, context: CommandContext): Send {
  return (path, init) => context.runners.send({ kind: 'url', url, key, ca }, path, init);
}

/** Signs in with name, password and code, makes a key, and signs out. */
async function signIn(
  edge: { readonly url: URL; readonly ca: string },
  input: Input,
  context: CommandContext,
): Promise<string> {
  const name = textOf(input, 'user') || (await answer(context, 'Name: ', false));
  const password = await answer(context, 'Password: ', true);
  const browser = new BrowserLike(edge, context);
  const { createApiClient } = await import('#api/client.ts');
  const api = createApiClient((path, init) => browser.send(path, init));
  let { state } = await api.signInWithPassword({ body: { name, password } }).catch(asSentence);
  if (state === 'totp') {
    const totp = await answer(context, 'Code: ', false);
    ({ state } = await api.signInWithPassword({ body: { name, password, totp } }).catch(asSentence));
  }
  try {
    const { scopes } = await api.getMe();
    const made = await api.createApiKey({
      body: { name: `cli-${Date.now().toString(36)}`, scopes: scopes as never, days: keyDays },
    });
    return made.key;
  } catch (error) {
    return asSentence(error);
  } finally {
    await api.signOut().catch(() => undefined);
  }
}

/** Keeps the session's cookie, and says where its requests come from, as a browser does. */
class BrowserLike {
  readonly #edge: { readonly url: URL; readonly ca: string };
  readonly #context: CommandContext;
  #cookie = '';

  constructor(edge: { readonly url: URL; readonly ca: string }, context: CommandContext) {
    this.#edge = edge;
    this.#context = context;
  }

  async send(path: string, init: Parameters<Send>[1]): Promise<Response> {
    const { url, ca } = this.#edge;
    const headers = {
      ...init.headers,
      origin: url.origin,
      ...(this.#cookie === '' ? {} : { cookie: this.#cookie }),
    };
    const target = { kind: 'url', url: url.href, key: '', ca } as const;
    const response = await this.#context.runners.send(target, path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) this.#cookie = line.split(';')[0]!;
    return response;
  }
}

async function answer(context: CommandContext, question: string, isSecret: boolean): Promise<string> {
  const text = await context.ask(question, isSecret);
  if (text !== undefined && text !== '') return text;
  throw new SallyportError(
    'usage',
    'There is no terminal to ask on; make an API key in the dashboard and give it by --key-file.',
  );
}

async function asSentence(error: unknown): Promise<never> {
  const { ApiError } = await import('#api/client.ts');
  if (error instanceof ApiError) {
    throw new SallyportError('unauthenticated', error.problem.detail, { cause: error });
  }
  throw error;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new SallyportError('file-unreadable', `${file} could not be read (${errorText(error)}).`, {
      cause: error,
    });
  }
}

export const contextListCommand: Command = {
  words: ['context', 'list'],
  usage: '[flags]',
  summary: 'list the edges this user has signed in to',
  description: `Lists the edges in contexts.yml; the one that commands speak to has a star.`,
  flags: [outputFlag],
  examples: ['sallyport context list'],
  maxArgs: 0,
  run(input, context) {
    const { current, contexts } = readContexts(contextsFile(context));
    const rows = contexts.map(({ name, url }) => ({ name, url, isCurrent: name === current }));
    if (wantsJson(input)) context.out(`${JSON.stringify(rows)}\n`);
    else if (rows.length === 0) context.out('No edge yet; sign in with "sallyport login URL".\n');
    else {
      context.out(
        formatTable(
          [
            { title: '', value: ({ isCurrent }) => (isCurrent ? '*' : ' ') },
            { title: 'NAME', value: ({ name }) => name },
            { title: 'URL', value: ({ url }) => url, givesWay: true },
          ],
          rows,
          context.columns,
        ),
      );
    }
    return 0;
  },
};

export const contextUseCommand: Command = {
  words: ['context', 'use'],
  usage: 'NAME',
  summary: 'choose the edge that commands speak to',
  description: `Makes another edge of contexts.yml the one that commands speak to.`,
  flags: [],
  examples: ['sallyport context use home'],
  maxArgs: 1,
  run(input, context) {
    const file = contextsFile(context);
    const present = readContexts(file);
    const { name, url } = known(present.contexts, input);
    writeContexts(file, { ...present, current: name });
    context.out(`Commands speak to ${name} (${url}) from now on.\n`);
    return 0;
  },
};

export const contextRemoveCommand: Command = {
  words: ['context', 'remove'],
  usage: 'NAME',
  summary: 'forget an edge and its key',
  description: `Takes an edge out of contexts.yml. Its key stays valid at the edge; revoke it
there with "sallyport api-key delete".`,
  flags: [],
  examples: ['sallyport context remove home'],
  maxArgs: 1,
  run(input, context) {
    const file = contextsFile(context);
    const { current, contexts } = readContexts(file);
    const { name } = known(contexts, input);
    writeContexts(file, {
      current: current === name ? '' : current,
      contexts: contexts.filter((each) => each.name !== name),
    });
    context.out(`Forgot ${name}.\n`);
    return 0;
  },
};

function known(contexts: readonly EdgeContext[], input: Input): EdgeContext {
  const name = input.args[0] ?? '';
  const found = contexts.find((each) => each.name === name);
  if (found) return found;
  const names = contexts.map((each) => each.name).join(', ') || 'none yet';
  throw new SallyportError('usage', `Name one of the contexts: ${names}.`);
}
