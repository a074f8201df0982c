// `sallyport trust install|uninstall`: has this machine and its browsers trust an edge's internal CA, or undoes it.
import { SallyportError } from '#base/errors.ts';
import {
  type Command,
  type CommandContext,
  type Flag,
  type Input,
  listOf,
  outputFlag,
  textOf,
  wantsJson,
} from '../command.ts';
import { paint } from '../paint.ts';
import type { TrustChange, TrustOutcome } from '../runners.ts';
import { originFlags, originOf } from './trust-show.ts';

const commonFlags: readonly Flag[] = [
  ...originFlags,
  {
    name: 'only',
    type: 'string',
    value: 'PLACE',
    help: 'system or browsers, instead of both',
  },
  { name: 'dry-run', type: 'boolean', help: 'say what would be done, and do nothing' },
  outputFlag,
];

export const trustInstallCommand: Command = {
  words: ['trust', 'install'],
  usage: '[--ca FILE | --url URL --fingerprint HEX] [flags]',
  summary: 'have this machine trust an internal CA',
  description: `Puts the roots where this system keeps roots of its owner's (Debian, Fedora, Arch,
openSUSE) and into the databases of Chromium and Firefox; elsewhere it prints
the command. From --url it takes only roots whose --fingerprint you give.`,
  flags: [
    ...commonFlags.slice(0, 2),
    {
      name: 'fingerprint',
      type: 'strings',
      value: 'HEX',
      help: 'SHA-256 of a root that may be trusted (repeatable)',
    },
    ...commonFlags.slice(2),
  ],
  examples: [
    'sudo sallyport trust install',
    'sudo sallyport trust install --url http://edge.example.com --fingerprint 3F:A1:...',
    'sallyport trust install --ca ca.pem --only browsers',
  ],
  maxArgs: 0,
  run: (input, context) => change('install', input, context),
};

export const trustUninstallCommand: Command = {
  words: ['trust', 'uninstall'],
  usage: '[--ca FILE | --url URL] [flags]',
  summary: 'have this machine trust an internal CA no longer',
  description: 'Takes the roots out of every place where "trust install" puts them.',
  flags: commonFlags,
  examples: ['sudo sallyport trust uninstall', 'sallyport trust uninstall --only browsers'],
  maxArgs: 0,
  run: (input, context) => change('uninstall', input, context),
};

async function change(action: TrustChange['action'], input: Input, context: CommandContext): Promise<number> {
  const only = textOf(input, 'only');
  if (!['', 'system', 'browsers'].includes(only)) {
    throw new SallyportError('usage', `--only is system or browsers, not "${only}".`);
  }
  const outcomes = await context.runners.changeTrust({
    action,
    origin: originOf(input),
    fingerprints: listOf(input, 'fingerprint'),
    system: only !== 'browsers',
    browsers: only !== 'system',
    isDryRun: input.flags.get('dry-run') === true,
  });
  if (wantsJson(input)) context.out(`${JSON.stringify(outcomes)}\n`);
  else context.out(textOfOutcomes(outcomes, context));
  return outcomes.some(({ state }) => state === 'failed') ? 1 : 0;
}

function textOfOutcomes(outcomes: readonly TrustOutcome[], { hasColours }: CommandContext): string {
  const { bold, bad, dim } = paint(hasColours);
  if (outcomes.length === 0) return 'There is nothing to do: no store of that kind was found.\n';
  let [text, place] = ['', ''];
  for (const outcome of outcomes) {
    if (outcome.place !== place) text += `${bold(outcome.place)}\n`;
    place = outcome.place;
    const mark = { done: dim('done'), told: 'you:', planned: dim('plan'), failed: bad('FAIL') }[
      outcome.state
    ];
    text += `  ${mark}  ${outcome.text}\n`;
  }
  return text;
}
