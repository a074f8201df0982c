// `sallyport restore FILE`: fills an edge's store from a backup, while the edge is stopped.
import { SallyportError } from '#base/errors.ts';
import { type Command, outputFlag, textOf, wantsJson } from '../command.ts';

export const restoreCommand: Command = {
  words: ['restore'],
  usage: 'FILE --config edge.yml [flags]',
  summary: "fill an edge's store from a backup",
  description: `Replaces everything in the store that edge.yml names by what a backup holds: all
of it, or nothing when the file is not whole. Stop the edge first. A backup of
SQLite can be restored into PostgreSQL, and the other way round.`,
  flags: [
    { name: 'config', type: 'string', value: 'FILE', help: 'edge.yml of the edge to fill' },
    { name: 'yes', short: 'y', type: 'boolean', help: 'do not ask' },
    outputFlag,
  ],
  examples: ['sallyport restore sallyport.backup --config /etc/sallyport/edge.yml'],
  maxArgs: 1,
  async run(input, { runners, out, ask }) {
    const file = input.args[0] ?? '';
    const config = textOf(input, 'config');
    if (file === '' || config === '') {
      throw new SallyportError(
        'usage',
        'Name the backup and the edge: sallyport restore sallyport.backup --config edge.yml.',
      );
    }
    if (input.flags.get('yes') !== true) {
      const answer = await ask(`Replace everything in the store of ${config}? [y/N] `);
      if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
        throw new SallyportError(
          'aborted',
          'Nothing was changed; say so with --yes where nobody can be asked.',
        );
      }
    }
    const restored = await runners.restore(file, config);
    out(
      wantsJson(input)
        ? `${JSON.stringify(restored)}\n`
        : `Restored ${restored.objects} objects at revision ${restored.revision}. Start the edge again.\n`,
    );
    return 0;
  },
};
