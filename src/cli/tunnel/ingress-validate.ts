// `sallyport tunnel ingress validate`: checks the ingress rules of a config.yml.
import { configFileFor, validateIngress, validateIngressJson } from '#config/ingress-commands.ts';
import { type Command, outputFlag, textOf, wantsJson } from '../command.ts';

export const ingressValidateCommand: Command = {
  words: ['tunnel', 'ingress', 'validate'],
  usage: '[--config FILE | --json DATA]',
  summary: 'check the ingress rules of a config.yml',
  description: `Reads the file as "tunnel run" would, and prints OK, or every fault with its
line. Rules that can never match are warned of.`,
  flags: [
    { name: 'config', type: 'string', value: 'FILE', help: 'the configuration (else the usual places)' },
    {
      name: 'json',
      type: 'string',
      value: 'DATA',
      env: 'TUNNEL_INGRESS_VALIDATE_JSON',
      help: 'check this JSON instead',
    },
    outputFlag,
  ],
  examples: ['sallyport tunnel ingress validate --config config.yml'],
  exitCodes: { 1: 'the rules cannot be used' },
  maxArgs: 0,
  run(input, { out, err, homeFolder }) {
    const json = textOf(input, 'json');
    const result =
      json === ''
        ? validateIngress(configFileFor(textOf(input, 'config') || undefined, homeFolder))
        : validateIngressJson(json);
    if (wantsJson(input)) {
      out(`${JSON.stringify({ valid: result.exitCode === 0, report: result.text.trimEnd().split('\n') })}\n`);
    } else (result.exitCode === 0 ? out : err)(result.text);
    return result.exitCode;
  },
};
