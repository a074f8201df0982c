// `sallyport ban list|lift`: who the guard keeps out, and letting somebody in again.
import { formatDuration } from '#base/text/duration.ts';
import { SallyportError } from '#base/errors.ts';
import { textOf } from '../command.ts';
import { allItems, edgeCommand, timeText } from './edge-command.ts';

export const banListCommand = edgeCommand({
  words: ['ban', 'list'],
  usage: '[flags]',
  summary: 'clients that the guard keeps out',
  description: `Lists the addresses that routes with a guard have banned (IPv6: the /64), the
newest first, with why and for how much longer. A restart of the edge forgets
them.`,
  flags: [{ name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' }],
  examples: ['sallyport ban list'],
  maxArgs: 0,
  async run(session) {
    const search = textOf(session.input, 'search') || undefined;
    const bans = await allItems((page) => session.api.listBans({ query: { search, ...page } }));
    session.table(
      bans,
      [
        { title: 'CLIENT', value: ({ client }) => client },
        { title: 'WHY', value: ({ why }) => why, givesWay: true },
        { title: 'SINCE', value: ({ sinceMs }) => timeText(sinceMs), leaves: true },
        {
          title: 'FOR',
          value: ({ sinceMs, untilMs }) => formatDuration(untilMs - sinceMs),
          leaves: true,
        },
        { title: 'UNTIL', value: ({ untilMs }) => timeText(untilMs) },
      ],
      'Nobody is banned.',
    );
  },
});

export const banLiftCommand = edgeCommand({
  words: ['ban', 'lift'],
  usage: 'ADDRESS... [flags]',
  summary: 'let banned clients in again',
  description: `Ends the bans of addresses at once, and forgets what was counted against them.
Of IPv6 any address of the /64 will do.`,
  examples: ['sallyport ban lift 192.0.2.7'],
  maxArgs: 100,
  async run(session) {
    const { args } = session.input;
    if (args.length === 0)
      throw new SallyportError('usage', 'Name the addresses: sallyport ban lift 192.0.2.7.');
    const done = await session.api.liftBans({ body: { clients: [...args] } });
    session.show(done, () =>
      done.lifted.length === 0
        ? `None of them is banned at ${session.edge}.\n`
        : done.lifted.map((client) => `${client} may come in again at ${session.edge}.\n`).join(''),
    );
  },
});
