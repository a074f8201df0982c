// The command line: finds the command, runs it, and turns whatever went wrong into one sentence and an exit code.
import { isSallyportError } from '#base/errors.ts';
import type { CommandContext } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp, overview } from './help.ts';
import { parseArguments } from './parse-arguments.ts';

/** Runs a command line and resolves to the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCommandLine(argv: readonly string[], context: CommandContext): Promise<number> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    if (!isSallyportError(error)) throw error;
    context.err(`sallyport: ${error.message}\n`);
    return error.code === 'usage' ? 2 : 1;
  }
}

async function dispatch(argv: readonly string[], context: CommandContext): Promise<number> {
  const { command, input, wantsHelp, wantsVersion } = parseArguments(argv, commands, context.env);
  if (wantsVersion) {
    const versionCommand = commands.find(({ words }) => words[0] === 'version')!;
    return versionCommand.run({ args: [], flags: new Map() }, context);
  }
  if (command && !wantsHelp) return command.run(input, context);
  const words = argv.filter((word) => !word.startsWith('-') && word !== 'help');
  context.out(command ? commandHelp(command) : overview(commands, words));
  // A group or nothing at all is no command: scripts should notice, people get the page either way.
  return wantsHelp ? 0 : 2;
}
