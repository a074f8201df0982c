// `sallyport dns export`: zones as master files, to keep or to take elsewhere.
import type { ApiClient } from '#api/client.ts';
import { type Command, outputFlag, wantsJson } from '../command.ts';
import { dnsFlags, dnsSource } from './dns-source.ts';

export const dnsExportCommand: Command = {
  words: ['dns', 'export'],
  usage: '[ZONE] [flags]',
  summary: 'print zones as master files',
  description: `Prints every managed zone, or the one named, as a master file (RFC 1035) that
any other provider or name server loads.`,
  flags: [...dnsFlags, outputFlag],
  examples: ['sallyport dns export example.com > example.com.zone'],
  maxArgs: 1,
  async run(input, context) {
    const { out, runners } = context;
    const source = await dnsSource(input, context);
    const zone = (input.args[0] ?? '').toLowerCase().replace(/\.$/, '');
    const zones =
      'api' in source ? await exportFrom(source.api, zone) : await runners.dns.export(source.file, zone);
    if (wantsJson(input)) out(`${JSON.stringify(zones)}\n`);
    else out(zones.map(({ text }) => text).join('\n'));
    return 0;
  },
};

async function exportFrom(
  api: ApiClient,
  zone: string,
): Promise<{ readonly zone: string; readonly text: string }[]> {
  const zones = zone === '' ? (await api.listZones()).items.map(({ name }) => name) : [zone];
  const texts: { zone: string; text: string }[] = [];
  for (const name of zones) texts.push({ zone: name, ...(await api.exportZone({ params: { zone: name } })) });
  return texts;
}
