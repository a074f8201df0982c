// The frame of every command that speaks to an edge: its flags, its output as a table, as lines, or as JSON, its questions.
import { SallyportError } from '#base/errors.ts';
import type { ApiClient } from '#api/client.ts';
import { type Command, type CommandContext, type Input, outputFlag, wantsJson } from '../command.ts';
import { type Column, formatTable } from '../table.ts';
import { connectToEdge, edgeFlags } from './connection.ts';

/** What such a command works with. */
export interface EdgeSession {
  readonly input: Input;
  readonly context: CommandContext;
  readonly api: ApiClient;
  /** Name of the edge, for every sentence about a change. */
  readonly edge: string;
  readonly isJson: boolean;
  readonly print: (text: string) => void;
  /** JSON as one line when that was asked for, else the text. */
  readonly show: (data: unknown, text: () => string) => void;
  table<T>(rows: readonly T[], columns: readonly Column<T>[], whenEmpty: string): void;
}

export interface EdgeCommand extends Omit<Command, 'run' | 'flags'> {
  readonly flags?: Command['flags'];
  readonly run: (session: EdgeSession) => Promise<number | void>;
}

/** Makes a command of it. */
export function edgeCommand(command: EdgeCommand): Command {
  const { flags = [], run, ...rest } = command;
  return {
    ...rest,
    flags: [...flags, ...edgeFlags, outputFlag],
    run: async (input, context) => (await run(await openSession(input, context))) ?? 0,
  };
}

/** The session of a command line. @throws SallyportError when no edge is known */
export async function openSession(input: Input, context: CommandContext): Promise<EdgeSession> {
  const { api, name } = await connectToEdge(input, context);
  const isJson = wantsJson(input);
  const print = context.out;
  return {
    input,
    context,
    api,
    edge: name,
    isJson,
    print,
    show: (data, text) => print(isJson ? `${JSON.stringify(data)}\n` : text()),
    table(rows, columns, whenEmpty) {
      if (isJson) return print(`${JSON.stringify(rows)}\n`);
      print(rows.length === 0 ? `${whenEmpty}\n` : formatTable(columns, rows, context.columns));
    },
  };
}

/** The first argument. @throws SallyportError 'usage' with the sentence */
export function argument({ input }: Pick<EdgeSession, 'input'>, index: number, sentence: string): string {
  const text = input.args[index];
  if (text !== undefined && text !== '') return text;
  throw new SallyportError('usage', sentence);
}

/** The most that a page may have: each costs the edge a look at the whole list. */
const pageItems = 500;

/** Every item of a list, page by page. */
export async function allItems<T>(
  page: (query: {
    cursor: string | undefined;
    limit: number;
  }) => Promise<{ readonly items: T[]; readonly nextCursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ;) {
    const found = await page({ cursor, limit: pageItems });
    items.push(...found.items);
    if (found.nextCursor === null) return items;
    cursor = found.nextCursor;
  }
}

/** Asks before something that cannot be undone; `--yes` answers. @throws SallyportError 'aborted' */
export async function confirm(session: EdgeSession, question: string): Promise<void> {
  const { input, context } = session;
  if (input.flags.get('yes') === true) return;
  const answer = await context.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return;
  throw new SallyportError(
    'aborted',
    answer === undefined ? `${question} Say so with --yes.` : 'Nothing was changed.',
  );
}

/** `--yes`. */
export const yesFlag = { name: 'yes', short: 'y', type: 'boolean', help: 'do not ask' } as const;

/** `2026-11-27T11:04:05Z`, as cloudflared prints times. */
export function timeText(ms: number | null): string {
  return ms === null || ms === 0 ? '-' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
