// `sallyport tunnel ready`: asks a running connector whether it is connected; for health checks without curl.
import { SallyportError } from '#base/errors.ts';
import { type Command, textOf } from '../command.ts';

export const tunnelReadyCommand: Command = {
  words: ['tunnel', 'ready'],
  usage: '--metrics HOST:PORT',
  summary: 'ask a connector whether it is connected',
  description: `Asks /ready of the connector whose metrics server is at this address, prints
its answer and exits 0 when it has a connection to the edge, else 1.`,
  flags: [
    {
      name: 'metrics',
      type: 'string',
      value: 'HOST:PORT',
      env: 'TUNNEL_METRICS',
      help: 'as given to tunnel run',
    },
    { name: 'output', short: 'o', type: 'string', value: 'FORMAT', help: 'the answer is JSON either way' },
  ],
  examples: ['sallyport tunnel ready --metrics 127.0.0.1:20241'],
  exitCodes: { 1: 'not connected, or not running' },
  maxArgs: 0,
  async run(input, { out, runners }) {
    const address = textOf(input, 'metrics');
    if (address === '') {
      throw new SallyportError(
        'usage',
        'Name the metrics server with --metrics HOST:PORT, as given to "tunnel run".',
      );
    }
    const { status, body } = await runners.ready(address);
    out(body.endsWith('\n') ? body : `${body}\n`);
    return status === 200 ? 0 : 1;
  },
};
