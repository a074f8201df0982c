// Help: the list of commands, and one page for each. Fits 80 columns.
import type { Command, Flag } from './command.ts';

const width = 80;

/** The page that `sallyport help` and a bare `sallyport` print. */
export function overview(commands: readonly Command[], group: readonly string[]): string {
  const inGroup = commands.filter(({ words }) => group.every((word, i) => words[i] === word));
  const shown = inGroup.length > 0 ? inGroup : commands;
  const longest = Math.max(...shown.map(({ words }) => words.join(' ').length));
  const rows = shown.map(({ words, summary }) => `  ${words.join(' ').padEnd(longest)}  ${summary}`);
  return `Sallyport: a homelab's own public edge. An edge runs on a small public server;
a connector at home dials out to it.

Usage: sallyport COMMAND [flags]

${rows.join('\n')}

"sallyport help COMMAND" shows flags and examples. Start with "sallyport demo".
Exit codes: 0 done, 1 failed (one sentence on stderr), 2 command line not
understood.
`;
}

/** The page of one command. */
export function commandHelp(command: Command): string {
  const name = `sallyport ${command.words.join(' ')}`;
  const exitCodes = { 0: 'done', 1: 'failed', 2: 'command line not understood', ...command.exitCodes };
  const parts = [
    `${name}: ${command.summary}`,
    `Usage: ${name} ${command.usage}`,
    command.description,
    command.flags.length > 0 ? `Flags:\n${flagRows(command.flags).join('\n')}` : '',
    `Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}`,
    `Exit codes:\n${Object.entries(exitCodes)
      .map(([code, meaning]) => `  ${code}  ${meaning}`)
      .join('\n')}`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** `  --edge HOST:PORT  help text, wrapped  [$TUNNEL_EDGE]` */
function flagRows(flags: readonly Flag[]): string[] {
  const heads = flags.map(({ name, short, value }) => {
    const spelled = short ? `-${short}, --${name}` : `--${name}`;
    return value ? `${spelled} ${value}` : spelled;
  });
  const column = Math.min(28, Math.max(...heads.map(({ length }) => length)));
  return flags.flatMap(({ help, env }, i) => {
    const lines = wrap(env ? `${help} [$${env}]` : help, width - column - 4);
    const head = heads[i]!;
    const first = head.length > column ? [`  ${head}`] : [];
    const start = head.length > column ? ' '.repeat(column) : head.padEnd(column);
    return [...first, ...lines.map((line, j) => `  ${j === 0 ? start : ' '.repeat(column)}  ${line}`)];
  });
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1)!;
    if (last !== '' && last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
