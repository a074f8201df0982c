// `sallyport version`.
import { architecture, version } from '#base/version.ts';
import { type Command, outputFlag, wantsJson } from './command.ts';

export const versionCommand: Command = {
  words: ['version'],
  usage: '[-s]',
  summary: 'print the version',
  description: 'Prints the version of this program, of its Node and the platform.',
  flags: [{ name: 'short', short: 's', type: 'boolean', help: 'the number alone' }, outputFlag],
  examples: ['sallyport version', 'sallyport version -s'],
  maxArgs: 0,
  run(input, { out }) {
    const facts = { version, node: process.versions.node, platform: architecture };
    if (wantsJson(input)) out(`${JSON.stringify(facts)}\n`);
    else if (input.flags.get('short') === true) out(`${version}\n`);
    else out(`sallyport version ${version} (node ${facts.node}, ${facts.platform})\n`);
    return 0;
  },
};
