// `sallyport dns export`: zones as master files, to keep or to take elsewhere.
import { SallyportError } from '#base/errors.ts';
import { type Command, outputFlag, textOf, wantsJson } from './command.ts';
import { configFlag } from './dns-plan.ts';

export const dnsExportCommand: Command = {
  words: ['dns', 'export'],
  usage: '[ZONE] --config edge.yml',
  summary: 'print zones as master files',
  description: `Prints every managed zone, or the one named, as a master file (RFC 1035) that
any other provider or name server loads.`,
  flags: [configFlag, outputFlag],
  examples: ['sallyport dns export example.com --config edge.yml > example.com.zone'],
  maxArgs: 1,
  async run(input, { out, runners }) {
    const file = textOf(input, 'config');
    if (file === '') throw new SallyportError('usage', 'Name the configuration with --config edge.yml.');
    const zone = (input.args[0] ?? '').toLowerCase().replace(/\.$/, '');
    const zones = await runners.dns.export(file, zone);
    if (wantsJson(input)) out(`${JSON.stringify(zones)}\n`);
    else out(zones.map(({ text }) => text).join('\n'));
    return 0;
  },
};
