// `sallyport support-bundle`: one archive for whoever is to help, of an edge or of a connector on this machine.
import { rmSync, writeFileSync } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';
import type { SupportEntry } from '#base/support/support-bundle.ts';
import { type Command, outputFlag, textOf, wantsJson } from '../command.ts';
import { formatTable } from '../table.ts';
import { edgeFlags } from './connection.ts';
import { openSession } from './edge-command.ts';

export const supportBundleCommand: Command = {
  words: ['support-bundle'],
  usage: '[flags]',
  summary: 'gather what a helper needs to see, without secrets',
  description: `Writes an archive with versions, configuration, health, troubles, metrics and
the last log lines. Keys, tokens, passwords, mail addresses and query strings
are taken out. --list shows what would be in it and writes nothing; look
through the archive before you send it. With --connector it is that of a
connector on this machine.`,
  flags: [
    { name: 'list', type: 'boolean', help: 'say what would be in it, and write nothing' },
    { name: 'file', type: 'string', value: 'FILE', help: 'where to; sallyport-support-DAY.tar.gz here' },
    { name: 'connector', type: 'string', value: 'HOST:PORT', help: "a connector's --metrics address" },
    { name: 'config', type: 'string', value: 'FILE', help: 'with --connector: its config.yml' },
    { name: 'logfile', type: 'string', value: 'FILE', help: 'with --connector: its log file' },
    ...edgeFlags,
    outputFlag,
  ],
  examples: [
    'sallyport support-bundle --list',
    'sallyport support-bundle --file bundle.tar.gz',
    'sallyport support-bundle --connector 127.0.0.1:20241 --config config.yml',
  ],
  maxArgs: 0,
  async run(input, context) {
    const address = textOf(input, 'connector');
    const made =
      address === ''
        ? undefined
        : await context.runners.connectorBundle({
            address,
            configFile: textOf(input, 'config'),
            logFile: textOf(input, 'logfile'),
          });
    const api = made ? undefined : (await openSession(input, context)).api;
    if (input.flags.get('list') === true) {
      const items = made?.entries ?? (await api!.listSupportBundle({})).items;
      context.out(wantsJson(input) ? `${JSON.stringify(items)}\n` : listText(items, context.columns));
      return 0;
    }
    const archive = made
      ? await made.archive()
      : Buffer.from(await (await api!.downloadSupportBundle({})).arrayBuffer());
    const day = new Date().toISOString().slice(0, 10);
    const file = textOf(input, 'file') || `sallyport-support-${day}.tar.gz`;
    writeArchive(file, archive);
    const text = `Wrote ${file}, ${archive.length} bytes. Look through it before you send it.\n`;
    context.out(wantsJson(input) ? `${JSON.stringify({ file, bytes: archive.length })}\n` : text);
    return 0;
  },
};

/** Whole or not at all. @throws SallyportError 'file-unwritable' */
function writeArchive(file: string, archive: Uint8Array): void {
  try {
    writeFileSync(file, archive, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // What was there before is somebody else's; what a full disk has left of ours is of no use to anybody.
    if (code !== 'EEXIST') rmSync(file, { force: true });
    const cure = code === 'ENOSPC' || code === 'EDQUOT' ? 'make room, or name another' : 'name another';
    throw new SallyportError(
      'file-unwritable',
      `${file} could not be written (${errorText(error)}); ${cure} with --file.`,
      { cause: error },
    );
  }
}

function listText(items: readonly SupportEntry[], columns: number | undefined): string {
  return formatTable<SupportEntry>(
    [
      { title: 'FILE', value: ({ name }) => name },
      { title: 'BYTES', value: ({ bytes }) => String(bytes), alignment: 'right' },
      { title: 'WHAT', value: ({ about }) => about, givesWay: true },
    ],
    items,
    columns,
  );
}
