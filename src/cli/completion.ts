// `sallyport completion bash|zsh|fish`: a script for the shell, made from the table of commands, so that it never lags
// behind. It completes words and flags; values are the user's own.
import { SallyportError } from '#base/errors.ts';
import type { Command } from './command.ts';

/** Needs the list of commands, which holds this one too. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    words: ['completion'],
    usage: 'bash|zsh|fish',
    summary: 'print a completion script for a shell',
    description: `Prints a script; load it from your shell's start-up file.`,
    flags: [],
    examples: [
      'source <(sallyport completion bash)',
      'sallyport completion zsh > ~/.zfunc/_sallyport',
      'sallyport completion fish > ~/.config/fish/completions/sallyport.fish',
    ],
    maxArgs: 1,
    run(input, { out }) {
      const write = scripts[input.args[0] ?? ''];
      if (!write)
        throw new SallyportError('usage', 'Name the shell: sallyport completion bash, zsh or fish.');
      out(write(commands()));
      return 0;
    },
  };
}

const scripts: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: (commands) =>
    `#compdef sallyport\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`,
  fish: fishScript,
};

/** What may follow each beginning of a command: `tunnel` -> `list info ...`. */
function nextWords(commands: readonly Command[]): Map<string, Set<string>> {
  const next = new Map<string, Set<string>>();
  for (const { words } of commands) {
    for (const [i, word] of words.entries()) {
      const head = words.slice(0, i).join(' ');
      next.set(head, (next.get(head) ?? new Set()).add(word));
    }
  }
  return next;
}

function flagsText({ flags }: Command): string {
  return [...flags.map(({ name }) => `--${name}`), '--help'].join(' ');
}

function bashScript(commands: readonly Command[]): string {
  const words = [...nextWords(commands)].map(
    ([head, next]) => `    '${head}') next='${[...next].join(' ')}' ;;`,
  );
  const flags = commands.map(
    (command) => `    '${command.words.join(' ')}') flags='${flagsText(command)}' ;;`,
  );
  return `_sallyport() {
  local current="\${COMP_WORDS[COMP_CWORD]}" head='' next='' flags='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      -*) ;;
      *) head="\${head:+$head }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$head" in
${words.join('\n')}
  esac
  case "$head" in
${flags.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$next" -- "$current"))
    [ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _sallyport sallyport
`;
}

function fishScript(commands: readonly Command[]): string {
  // Within single quotes fish reads \\ and \' as escapes.
  const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const words = [...nextWords(commands)].flatMap(([head, next]) =>
    [...next].map((word) => {
      const own = commands.find((command) => command.words.join(' ') === `${head} ${word}`.trim());
      const summary = own ? ` -d ${quoted(own.summary)}` : '';
      return `complete -c sallyport -f -n ${quoted(`__sallyport_at ${quoted(head)}`)} -a ${word}${summary}`;
    }),
  );
  const flags = commands.flatMap((command) =>
    command.flags.map(
      ({ name, type, help }) =>
        `complete -c sallyport -n ${quoted(`__sallyport_at ${quoted(command.words.join(' '))}`)} -l ${name}${type === 'boolean' ? '' : ' -r'} -d ${quoted(help)}`,
    ),
  );
  return `function __sallyport_at
  set -l words
  for word in (commandline -opc)[2..]
    string match -q -- '-*' $word; or set -a words $word
  end
  test "$words" = "$argv[1]"
end
${words.join('\n')}
${flags.join('\n')}
`;
}
