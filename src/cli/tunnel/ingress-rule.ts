// `sallyport tunnel ingress rule URL`: which rule a request would take.
import { configFileFor, matchIngress } from '#config/ingress-commands.ts';
import { type Command, outputFlag, textOf, wantsJson } from '../command.ts';

export const ingressRuleCommand: Command = {
  words: ['tunnel', 'ingress', 'rule'],
  usage: 'URL [--config FILE]',
  summary: 'show which ingress rule a URL takes',
  description: 'Matches the URL with the rules of config.yml, first match wins, and prints the rule.',
  flags: [
    { name: 'config', type: 'string', value: 'FILE', help: 'the configuration (else the usual places)' },
    outputFlag,
  ],
  examples: ['sallyport tunnel ingress rule https://blog.example.com/posts'],
  maxArgs: 1,
  run(input, { out, err, homeFolder }) {
    const file = configFileFor(textOf(input, 'config') || undefined, homeFolder);
    const result = matchIngress(file, input.args[0] ?? '');
    if (wantsJson(input)) {
      const report = result.text.trimEnd().split('\n');
      const index = /^Matched rule #(\d+)$/m.exec(result.text)?.[1];
      out(`${JSON.stringify({ matched: index === undefined ? null : Number(index), report })}\n`);
    } else (result.exitCode === 0 ? out : err)(result.text);
    return result.exitCode;
  },
};
