// `sallyport edge run`: an edge from its configuration file.
import { SallyportError } from '#base/errors.ts';
import { type Command, textOf } from '../command.ts';
import { workersOf } from './workers-flag.ts';

export const edgeRunCommand: Command = {
  words: ['edge', 'run'],
  usage: '--config edge.yml [--workers N]',
  summary: 'run an edge from edge.yml',
  description: `Opens the listeners of edge.yml, takes tunnels in and serves their hostnames.
The file is watched: a valid change is applied without a restart, a broken one
is reported with its line and the last good one stays. SIGHUP opens the access
log again. See docs/edge-config.md for every key.`,
  flags: [
    { name: 'config', type: 'string', value: 'FILE', help: 'the configuration, edge.yml' },
    {
      name: 'workers',
      type: 'string',
      value: 'N',
      help: 'processes that share the ports, whatever edge.yml says; auto: one for each core',
    },
  ],
  examples: [
    'sallyport edge run --config /etc/sallyport/edge.yml',
    'sallyport edge run --config edge.yml --workers auto',
  ],
  maxArgs: 0,
  async run(input, { runners }) {
    const file = textOf(input, 'config');
    const workers = workersOf(input);
    if (file === '') {
      throw new SallyportError(
        'usage',
        'Name the configuration with --config edge.yml; examples/edge.yml is a start.',
      );
    }
    await runners.edge(file, workers);
    return 0;
  },
};
