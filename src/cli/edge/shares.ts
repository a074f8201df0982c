// `sallyport share create|list|revoke`: links that open a path of a protected site.
import { numberOf, textOf } from '../command.ts';
import { allItems, argument, edgeCommand, timeText } from './edge-command.ts';

export const shareCreateCommand = edgeCommand({
  words: ['share', 'create'],
  usage: 'URL [flags]',
  summary: 'make a link that opens a path of a protected site',
  description: `Makes a link for whoever holds it, for some days, and prints it once. It opens
the URL's path and what is below; the route's policy must have a rule for
"link". With --uses, so many browsers may open it; each keeps what it got until
the link runs out or is revoked.`,
  flags: [
    { name: 'days', type: 'integer', value: 'N', help: 'days until it runs out (default 7)' },
    { name: 'uses', type: 'integer', value: 'N', help: 'browsers that may open it (default: any number)' },
    { name: 'note', type: 'string', value: 'TEXT', help: 'a note for yourself' },
  ],
  examples: [
    'sallyport share create https://photos.example.com/album',
    'sallyport share create https://photos.example.com/album --uses 3 --days 2',
  ],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const made = await session.api.createShareLink({
      body: {
        url: argument(session, 0, 'Name the URL: sallyport share create https://photos.example.com/album.'),
        days: numberOf(input, 'days'),
        uses: numberOf(input, 'uses'),
        note: textOf(input, 'note') || undefined,
      },
    });
    session.show(
      made,
      () =>
        `Opens ${made.link.hostname}${made.link.path} at ${session.edge} until ${timeText(made.link.expiresAtMs)}, and is not shown again:\n\n${made.url}\n`,
    );
  },
});

export const shareListCommand = edgeCommand({
  words: ['share', 'list'],
  usage: '[flags]',
  summary: 'list share links',
  description: `Lists share links with what they open, how often they were opened where that
is counted, and when they run out.`,
  examples: ['sallyport share list'],
  maxArgs: 0,
  async run(session) {
    const links = await allItems((page) => session.api.listShareLinks({ query: { ...page } }));
    session.table(
      links,
      [
        { title: 'ID', value: ({ id }) => id },
        { title: 'OPENS', value: ({ hostname, path }) => `${hostname}${path}`, givesWay: true },
        {
          title: 'USES',
          value: ({ uses, maxUses }) => (maxUses === null ? 'any' : `${uses} of ${maxUses}`),
        },
        { title: 'UNTIL', value: ({ expiresAtMs }) => timeText(expiresAtMs) },
        { title: 'STATE', value: ({ state }) => state },
        { title: 'BY', value: ({ madeBy }) => madeBy || '-', givesWay: true },
        { title: 'NOTE', value: ({ note }) => note || '-', givesWay: true },
      ],
      'There are no share links; make one with "sallyport share create URL".',
    );
  },
});

export const shareRevokeCommand = edgeCommand({
  words: ['share', 'revoke'],
  usage: 'ID [flags]',
  summary: 'revoke a share link',
  description: `Revokes a link at once; whom it has let in is out, too.`,
  examples: ['sallyport share revoke 0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e'],
  maxArgs: 1,
  async run(session) {
    const link = argument(session, 0, 'Name the link by its id; "sallyport share list" shows them.');
    await session.api.deleteShareLink({ params: { link } });
    session.show({ revoked: link }, () => `Revoked ${link} at ${session.edge}.\n`);
  },
});
