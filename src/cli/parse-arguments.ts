// The command line, in cloudflared's manner: flags may stand before, between and after the command's words, with one dash
// or two, `--flag value` or `--flag=value`. Which words are values is known from one table of all flags.
import { parseDuration } from '#base/text/duration.ts';
import { SallyportError } from '#base/errors.ts';
import { closestName } from '#base/text/closest-name.ts';
import { flagTypeOf } from '#config/connector-config-flags.ts';
import type { Command, Flag, FlagValue, Input } from './command.ts';
import { flagsFromEnvironment } from './environment.ts';

/** A command line understood. */
export interface Parsed {
  /** undefined when no command was named. */
  readonly command: Command | undefined;
  readonly input: Input;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

interface Given {
  readonly name: string;
  /** As typed, for messages. */
  readonly typed: string;
  readonly text: string;
}

/** Understands a command line. @throws SallyportError 'usage' */
export function parseArguments(
  argv: readonly string[],
  commands: readonly Command[],
  env: Readonly<Record<string, string | undefined>>,
): Parsed {
  const table = new FlagTable(commands);
  const { words, given } = split(argv, table);
  const wantsHelp = words[0] === 'help' || given.some(({ name }) => name === 'help');
  const wantsVersion = given.some(({ name }) => name === 'version');
  const named = words[0] === 'help' ? words.slice(1) : words;
  const command = findCommand(named, commands);
  const rest = { command, wantsHelp, wantsVersion };
  if (wantsHelp || wantsVersion || !command) {
    if (!command && named.length > 0 && !isPrefix(named, commands)) throw unknownCommand(named, commands);
    return { ...rest, input: { args: [], flags: new Map() } };
  }
  const args = words.slice(matchLength(named, command));
  if (args.length > command.maxArgs) {
    throw usage(
      `"${args[command.maxArgs]}" is one argument too many for "sallyport ${command.words.join(' ')}"`,
      command,
    );
  }
  return { ...rest, input: { args, flags: flagsOf(command, given, table, env) } };
}

/** Every flag of every command; a name means one type everywhere. */
class FlagTable {
  readonly #flags = new Map<string, Flag>();

  constructor(commands: readonly Command[]) {
    for (const flag of commands.flatMap(({ flags }) => flags)) {
      this.#flags.set(flag.name, flag);
      if (flag.short) this.#flags.set(flag.short, flag);
    }
  }

  /** The long name and type behind what was typed. */
  find(name: string): { readonly name: string; readonly type: Flag['type'] } | undefined {
    const known = this.#flags.get(aliases[name] ?? name);
    if (known) return known;
    if (name === 'h' || name === 'help') return { name: 'help', type: 'boolean' };
    if (name === 'v' || name === 'version') return { name: 'version', type: 'boolean' };
    const alias = aliases[name] ?? name;
    const type = flagTypeOf(alias);
    return type && { name: alias, type };
  }

  get names(): string[] {
    return [...this.#flags.keys()].filter((name) => name.length > 1);
  }
}

/** Second names of flags, as cloudflared has them. */
const aliases: Readonly<Record<string, string>> = {
  'cred-file': 'credentials-file',
  'cred-contents': 'credentials-contents',
  pq: 'post-quantum',
  'proto-loglevel': 'transport-loglevel',
};

function split(argv: readonly string[], table: FlagTable): { words: string[]; given: Given[] } {
  const words: string[] = [];
  const given: Given[] = [];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--') {
      words.push(...argv.slice(i + 1));
      break;
    }
    const [, typed, value] = /^--?([A-Za-z][A-Za-z0-9-]*)(?:=([^]*))?$/.exec(word) ?? [];
    if (typed === undefined) {
      words.push(word);
      continue;
    }
    const flag = table.find(typed);
    if (!flag) throw unknownFlag(typed, table);
    let text = value;
    if (text === undefined && flag.type === 'boolean') text = 'true';
    if (text === undefined) {
      i += 1;
      text = argv[i];
      if (text === undefined) throw usage(`--${typed} needs a value`, undefined);
    }
    given.push({ name: flag.name, typed: `--${typed}`, text });
  }
  return { words, given };
}

function flagsOf(
  command: Command,
  given: readonly Given[],
  table: FlagTable,
  env: Readonly<Record<string, string | undefined>>,
): Map<string, FlagValue> {
  const flags = new Map<string, FlagValue>();
  for (const { name, typed, text } of given) {
    const type = typeFor(command, name);
    if (!type) throw usage(`"sallyport ${command.words.join(' ')}" has no flag ${typed}`, command);
    const value = readValue(type, typed, text);
    checkChoice(command, name, typed, text);
    const earlier = flags.get(name);
    flags.set(
      name,
      type === 'strings' && Array.isArray(earlier) ? [...earlier, ...(value as string[])] : value,
    );
  }
  for (const [name, text, variable] of flagsFromEnvironment(env)) {
    const type = typeFor(command, name);
    if (type && !flags.has(name) && table.find(name)) flags.set(name, readValue(type, `$${variable}`, text));
  }
  return flags;
}

function typeFor(command: Command, name: string): Flag['type'] | undefined {
  const own = command.flags.find((flag) => flag.name === name);
  return own?.type ?? (command.takesTunnelFlags ? flagTypeOf(name) : undefined);
}

function checkChoice(command: Command, name: string, typed: string, text: string): void {
  const choices = command.flags.find((flag) => flag.name === name)?.choices;
  if (!choices || choices.includes(text)) return;
  throw usage(`${typed} is ${choices[0]} or ${choices[1]}, not "${text}".`, command);
}

function readValue(type: Flag['type'], typed: string, text: string): FlagValue {
  switch (type) {
    case 'string':
      return text;
    case 'strings':
      return [text];
    case 'boolean':
      if (/^(true|t|1|yes)$/i.test(text)) return true;
      if (/^(false|f|0|no|)$/i.test(text)) return false;
      throw usage(`${typed} is true or false, not "${text}"`, undefined);
    case 'integer':
      if (/^-?\d{1,15}$/.test(text)) return Number(text);
      throw usage(`${typed} needs a whole number, not "${text}"`, undefined);
    case 'duration': {
      const ms = parseDuration(text);
      if (ms !== undefined) return ms;
      throw usage(`${typed} needs a duration such as 30s or 1m30s, not "${text}"`, undefined);
    }
  }
}

/** The command whose words come first; the longest wins. */
function findCommand(words: readonly string[], commands: readonly Command[]): Command | undefined {
  let best: Command | undefined;
  let bestLength = 0;
  for (const command of commands) {
    const length = matchLength(words, command);
    if (length > bestLength) [best, bestLength] = [command, length];
  }
  return best;
}

function matchLength(words: readonly string[], command: Command): number {
  const spellings = [command.words, ...(command.aliases ?? [])];
  return Math.max(
    0,
    ...spellings.filter((own) => own.every((word, i) => words[i] === word)).map(({ length }) => length),
  );
}

/** `sallyport tunnel` alone is not a command, but asks for its group's help. */
function isPrefix(words: readonly string[], commands: readonly Command[]): boolean {
  return commands.some((command) => words.every((word, i) => command.words[i] === word));
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): SallyportError {
  const typed = words.join(' ');
  const guess = closestName(
    typed,
    commands.map((command) => command.words.join(' ')),
  );
  const cure = guess ? `did you mean "sallyport ${guess}"?` : 'see "sallyport help".';
  return new SallyportError('usage', `There is no command "${typed}"; ${cure}`);
}

function unknownFlag(typed: string, table: FlagTable): SallyportError {
  const guess = closestName(typed, table.names);
  return usage(`There is no flag --${typed}${guess ? `; did you mean --${guess}?` : ''}`, undefined);
}

function usage(text: string, command: Command | undefined): SallyportError {
  const sentence = /[.?]$/.test(text)
    ? text
    : `${text}; see "sallyport help${command ? ` ${command.words.join(' ')}` : ''}".`;
  return new SallyportError('usage', sentence);
}
