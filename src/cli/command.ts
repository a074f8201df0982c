// What a command is: its words, its flags and what it does. One file per command; cli/commands.ts lists them all.
import type { Runners } from './runners.ts';

/** A flag of a command. Boolean flags take no value (or `=true`, `=false`). */
export interface Flag {
  /** Long name without dashes. */
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer' | 'duration' | 'strings';
  /** Stands for the value in help: `HOST:PORT`. */
  readonly value?: string;
  readonly help: string;
  /** Environment variable that is read when the flag is absent. */
  readonly env?: string;
  /** One-letter form. */
  readonly short?: string;
  /** The values it may have; anything else is a usage error before the command does anything. */
  readonly choices?: readonly string[];
}

/** A value of a flag; durations are milliseconds. */
export type FlagValue = string | boolean | number | readonly string[];

/** What the command line (and the environment behind it) said. */
export interface Input {
  /** Words after the command's own. */
  readonly args: readonly string[];
  /** By long name; only what was given. */
  readonly flags: ReadonlyMap<string, FlagValue>;
}

/** What a command may touch; nothing else of the process. */
export interface CommandContext {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  /** Whether output goes to a terminal that shows colours. */
  readonly hasColours: boolean;
  /** Columns of the terminal, undefined when output goes elsewhere. */
  readonly columns: number | undefined;
  /** Asks a question on the terminal; undefined when there is nobody to answer. `isSecret`: what is typed is not shown. */
  readonly ask: (question: string, isSecret?: boolean) => Promise<string | undefined>;
  readonly wait: (ms: number) => Promise<void>;
  readonly runners: Runners;
}

export interface Command {
  /** `['tunnel', 'run']` */
  readonly words: readonly string[];
  /** Other words for the same. */
  readonly aliases?: readonly (readonly string[])[];
  /** What follows the words in a usage line: `[NAME] [flags]`. */
  readonly usage: string;
  /** One line. */
  readonly summary: string;
  /** A paragraph or two, lines up to 78 characters. */
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Beyond 0 (done), 1 (failed) and 2 (command line not understood). */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Most arguments it takes; more are a usage error. */
  readonly maxArgs: number;
  /** Also takes every flag that cloudflared has for tunnels (config/connector-config-flags.ts). */
  readonly takesTunnelFlags?: boolean;
  run(input: Input, context: CommandContext): Promise<number> | number;
}

/** `--output` of commands that print data. */
export const outputFlag: Flag = {
  name: 'output',
  short: 'o',
  type: 'string',
  value: 'FORMAT',
  help: 'json for machines; text (the default) for people',
  // `default` is cloudflared's word for text.
  choices: ['text', 'json', 'table', 'default', ''],
};

/** A flag's text, '' when it was not given. */
export function textOf(input: Input, name: string): string {
  const value = input.flags.get(name);
  return value === undefined ? '' : String(value);
}

/** A repeatable flag's values. */
export function listOf(input: Input, name: string): readonly string[] {
  const value = input.flags.get(name);
  if (value === undefined) return [];
  return typeof value === 'object' ? value : [String(value)];
}

/** A number given by a flag. */
export function numberOf(input: Input, name: string): number | undefined {
  const value = input.flags.get(name);
  return typeof value === 'number' ? value : undefined;
}

/** Whether `--output json` was asked for. */
export function wantsJson(input: Input): boolean {
  return textOf(input, 'output') === 'json';
}
