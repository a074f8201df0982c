// `sallyport notify mute|unmute|mutes|history`: what no channel is told, and what became of messages.
import { type Input, numberOf, textOf } from '../command.ts';
import { allItems, argument, edgeCommand, timeText } from './edge-command.ts';

const nameIt = 'Name a hostname, or the id of a trouble as "sallyport status --output json" has it.';

export const notifyMuteCommand = edgeCommand({
  words: ['notify', 'mute'],
  usage: 'HOSTNAME|TROUBLE [flags]',
  summary: 'tell no channel of a trouble, or of any trouble of a hostname',
  description: `What is muted is shown all the same, here and in the dashboard; only no channel
is told of it.`,
  flags: [
    { name: 'for', type: 'duration', value: 'DURATION', help: 'for so long, such as 8h; else for good' },
  ],
  examples: ['sallyport notify mute nas.example.com --for 8h'],
  maxArgs: 1,
  async run(session) {
    const subject = argument(session, 0, nameIt);
    const mute = await session.api.setMute({ body: { subject, hours: hoursOf(session.input) } });
    session.show(mute, () => {
      const end = mute.untilMs === null ? 'until it is unmuted' : `until ${timeText(mute.untilMs)}`;
      return `Muted ${mute.subject} at ${session.edge}, ${end}.\n`;
    });
  },
});

export const notifyUnmuteCommand = edgeCommand({
  words: ['notify', 'unmute'],
  usage: 'HOSTNAME|TROUBLE [flags]',
  summary: 'take a mute away',
  description: `What is wrong with it still, and was not told, is not told either; what comes is.`,
  examples: ['sallyport notify unmute nas.example.com'],
  maxArgs: 1,
  async run(session) {
    const mute = argument(session, 0, nameIt);
    await session.api.deleteMute({ params: { mute } });
    session.show({ unmuted: mute }, () => `Channels are told of ${mute} again at ${session.edge}.\n`);
  },
});

export const notifyMutesCommand = edgeCommand({
  words: ['notify', 'mutes'],
  usage: '[flags]',
  summary: 'list what is muted',
  description: `Lists hostnames and troubles of which no channel is told, and until when.`,
  examples: ['sallyport notify mutes'],
  maxArgs: 0,
  async run(session) {
    const mutes = await allItems((page) => session.api.listMutes({ query: { ...page } }));
    session.table(
      mutes,
      [
        { title: 'MUTED', value: ({ subject }) => subject, givesWay: true },
        { title: 'UNTIL', value: ({ untilMs }) => (untilMs === null ? 'for good' : timeText(untilMs)) },
        { title: 'SINCE', value: ({ createdAtMs }) => timeText(createdAtMs) },
      ],
      'Nothing is muted.',
    );
  },
});

export const notifyHistoryCommand = edgeCommand({
  words: ['notify', 'history'],
  usage: '[flags]',
  summary: 'what became of messages',
  description: `Lists messages, newest first: by which channel, what they told, and whether they
got through.`,
  flags: [
    { name: 'search', type: 'string', value: 'TEXT', help: 'only those that contain it' },
    { name: 'limit', type: 'integer', value: 'N', help: 'at most this many (default 50)' },
  ],
  examples: ['sallyport notify history'],
  maxArgs: 0,
  async run(session) {
    const { items } = await session.api.listNotifications({
      query: {
        limit: numberOf(session.input, 'limit') ?? 50,
        search: textOf(session.input, 'search') || undefined,
      },
    });
    session.table(
      items,
      [
        { title: 'WHEN', value: ({ atMs }) => timeText(atMs) },
        { title: 'CHANNEL', value: ({ channelName, channelId }) => channelName || channelId },
        { title: 'OUTCOME', value: ({ outcome }) => outcome },
        {
          title: 'WHAT',
          value: ({ titles, detail }) => [...titles, detail].filter(Boolean).join('; ') || '-',
          givesWay: true,
        },
      ],
      'No message was sent yet.',
    );
  },
});

function hoursOf(input: Input): number | null {
  const ms = numberOf(input, 'for');
  return ms === undefined ? null : ms / 3_600_000;
}
