// `sallyport edge run`: an edge from its configuration file.
import { SallyportError } from '#base/errors.ts';
import { type Command, textOf } from './command.ts';

export const edgeRunCommand: Command = {
  words: ['edge', 'run'],
  usage: '--config edge.yml',
  summary: 'run an edge from edge.yml',
  description: `Opens the listeners of edge.yml, takes tunnels in and serves their hostnames.
The file is watched: a valid change is applied without a restart, a broken one
is reported with its line and the last good one stays. SIGHUP opens the access
log again. See docs/edge-config.md for every key.`,
  flags: [{ name: 'config', type: 'string', value: 'FILE', help: 'the configuration, edge.yml' }],
  examples: ['sallyport edge run --config /etc/sallyport/edge.yml'],
  maxArgs: 0,
  async run(input, { runners }) {
    const file = textOf(input, 'config');
    if (file === '') {
      throw new SallyportError(
        'usage',
        'Name the configuration with --config edge.yml; examples/edge.yml is a start.',
      );
    }
    await runners.edge(file);
    return 0;
  },
};
