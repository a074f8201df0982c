// `sallyport notify list|add|update|remove|test`: the channels by which the edge tells of troubles.
import { readFileSync } from 'node:fs';
import type { ChannelView } from '#api/notifications.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { type ChannelKind, channelKinds } from '#model/notifications/notification.ts';
import { type Flag, type Input, textOf } from '../command.ts';
import { allItems, argument, type EdgeSession, edgeCommand, timeText } from './edge-command.ts';

const nameIt = 'Name the channel; "sallyport notify list" shows those that there are.';

const ruleFlags: readonly Flag[] = [
  { name: 'least', type: 'string', value: 'SEVERITY', help: 'error, warning (default) or notice' },
  { name: 'quiet', type: 'string', value: 'HOURS', help: 'such as "22:00-07:00 Europe/Berlin"; none: no' },
  { name: 'breaks', type: 'string', value: 'SEVERITY', help: 'what does not wait (error), or nothing' },
];

export const notifyListCommand = edgeCommand({
  words: ['notify', 'list'],
  usage: '[flags]',
  summary: 'list the channels that are told of troubles',
  description: `Lists channels, where each goes, what it is told, and whether it works.`,
  examples: ['sallyport notify list'],
  maxArgs: 0,
  async run(session) {
    const channels = await allItems((page) => session.api.listChannels({ query: { ...page } }));
    session.table(
      channels,
      [
        { title: 'NAME', value: ({ name }) => name },
        { title: 'KIND', value: ({ kind }) => kind },
        { title: 'GOES TO', value: ({ target }) => target, givesWay: true },
        { title: 'FROM', value: ({ least }) => least },
        { title: 'QUIET', value: ({ quiet }) => quiet || '-', leaves: true },
        { title: 'STATE', value: stateText, givesWay: true },
        { title: 'LAST SENT', value: ({ lastSentMs }) => timeText(lastSentMs), leaves: true },
      ],
      'Nobody is told of troubles; add a channel with "sallyport notify add NAME --kind KIND".',
    );
  },
});

export const notifyAddCommand = edgeCommand({
  words: ['notify', 'add'],
  usage: 'NAME --kind KIND [flags]',
  summary: 'add a channel that is told of troubles',
  description: `Adds a channel and asks for its secret, or reads it from a file: the URL of a
webhook or of Slack, the topic of ntfy, the token of Telegram or Matrix. It is
sealed at rest and never shown again. A webhook gets a key that signs each
message, which is shown once. Try the channel with "sallyport notify test".`,
  flags: [
    { name: 'kind', type: 'string', value: 'KIND', help: channelKinds.join(', ') },
    { name: 'to', type: 'string', value: 'ADDRESSES', help: 'mail: who gets it, with commas' },
    { name: 'server', type: 'string', value: 'URL', help: 'ntfy, telegram, matrix: another server' },
    { name: 'chat', type: 'string', value: 'CHAT', help: 'telegram: number of the chat, or @channel' },
    { name: 'room', type: 'string', value: 'ROOM', help: 'matrix: id of the room, !abc:example.com' },
    { name: 'secret-file', type: 'string', value: 'FILE', help: 'file that holds its secret' },
    { name: 'token-file', type: 'string', value: 'FILE', help: 'ntfy: file with the access token' },
    ...ruleFlags,
  ],
  examples: [
    'sallyport notify add phone --kind ntfy',
    'sallyport notify add me --kind mail --to ada@example.com --quiet "22:00-07:00 Europe/Berlin"',
    'sallyport notify add chat --kind telegram --chat 12345 --secret-file token.txt',
  ],
  maxArgs: 1,
  async run(session) {
    const name = argument(session, 0, 'Name the channel: sallyport notify add phone --kind ntfy.');
    const settings = await settingsOf(session);
    const made = await session.api.createChannel({
      body: { name, settings: settings as never, ...ruleOf(session.input) },
    });
    session.show(made, () => {
      const key =
        made.signingKey === null
          ? ''
          : `Its messages are signed with this key, which is shown only now:\n${made.signingKey}\n`;
      return `Added the channel ${made.name} (${made.kind}, ${made.target}) at ${session.edge}.\n${key}Try it: sallyport notify test ${made.name}\n`;
    });
  },
});

export const notifyUpdateCommand = edgeCommand({
  words: ['notify', 'update'],
  usage: 'NAME [flags]',
  summary: 'change what a channel is told, and when',
  description: `Changes what is given and leaves the rest.`,
  flags: [
    ...ruleFlags,
    { name: 'name', type: 'string', value: 'NAME', help: 'call it so' },
    { name: 'enable', type: 'boolean', help: 'tell it again' },
    { name: 'disable', type: 'boolean', help: 'keep it, and tell it nothing' },
  ],
  examples: ['sallyport notify update phone --least error', 'sallyport notify update phone --disable'],
  maxArgs: 1,
  async run(session) {
    const { input } = session;
    const channel = argument(session, 0, nameIt);
    const isOn = input.flags.get('enable') === true;
    const isOff = input.flags.get('disable') === true;
    const changed = await session.api.updateChannel({
      params: { channel },
      body: {
        ...ruleOf(input),
        ...(textOf(input, 'name') === '' ? {} : { name: textOf(input, 'name') }),
        ...(isOn || isOff ? { isEnabled: isOn } : {}),
      },
    });
    session.show(changed, () => `Changed the channel ${changed.name} at ${session.edge}.\n`);
  },
});

export const notifyRemoveCommand = edgeCommand({
  words: ['notify', 'remove'],
  usage: 'NAME [flags]',
  summary: 'remove a channel',
  description: `Removes it, and forgets what it was still to be told.`,
  examples: ['sallyport notify remove phone'],
  maxArgs: 1,
  async run(session) {
    const channel = argument(session, 0, nameIt);
    await session.api.deleteChannel({ params: { channel } });
    session.show({ removed: channel }, () => `Removed the channel ${channel} at ${session.edge}.\n`);
  },
});

export const notifyTestCommand = edgeCommand({
  words: ['notify', 'test'],
  usage: 'NAME [flags]',
  summary: 'send a message that shows whether a channel works',
  description: `Sends a message now, whatever the rule of the channel says, and waits for what
comes of it.`,
  examples: ['sallyport notify test phone'],
  exitCodes: { 1: 'the message did not get through' },
  maxArgs: 1,
  async run(session) {
    const channel = argument(session, 0, nameIt);
    const outcome = await session.api.testChannel({ params: { channel } });
    session.show(outcome, () =>
      outcome.isSent
        ? `${session.edge} has sent a message by ${channel}; see whether it has arrived.\n`
        : `The message did not get through: ${outcome.detail}\n`,
    );
    return outcome.isSent ? 0 : 1;
  },
});

function stateText({ state, detail, cure }: ChannelView): string {
  return detail === '' ? state : `${state}: ${detail} ${cure}`;
}

/** What the flags say of the rule; the API looks at the values. */
function ruleOf(input: Input): Record<string, never> {
  const given = ['least', 'quiet', 'breaks'].flatMap((name) => {
    const text = textOf(input, name);
    return text === '' ? [] : [[name, name === 'quiet' && text === 'none' ? '' : text]];
  });
  return Object.fromEntries(given) as Record<string, never>;
}

/** What each kind keeps to itself: the name of the setting, and how to ask for it. */
const secretOf: Readonly<Record<Exclude<ChannelKind, 'mail'>, readonly [string, string]>> = {
  webhook: ['url', 'URL to send to'],
  slack: ['url', 'URL of the incoming webhook'],
  ntfy: ['topic', 'Topic'],
  telegram: ['token', 'Token of the bot'],
  matrix: ['token', 'Access token'],
};

async function settingsOf(session: EdgeSession): Promise<Record<string, unknown>> {
  const { input } = session;
  const kind = channelKinds.find((each) => each === textOf(input, 'kind'));
  if (kind === undefined)
    throw new SallyportError('usage', `Say how to send with --kind: ${channelKinds.join(', ')}.`);
  const given = Object.fromEntries(
    ['server', 'chat', 'room'].flatMap((name) => {
      const text = textOf(input, name);
      return text === '' ? [] : [[name, text]];
    }),
  );
  if (kind === 'mail')
    return {
      kind,
      to: textOf(input, 'to')
        .split(/[\s,]+/)
        .filter(Boolean),
    };
  const [setting, question] = secretOf[kind];
  const secret = await secretFrom(session, question);
  const tokenFile = textOf(input, 'token-file');
  return {
    ...{ kind, ...given, [setting]: secret },
    ...(tokenFile === '' ? {} : { token: readSecret(tokenFile) }),
  };
}

async function secretFrom({ input, context }: EdgeSession, question: string): Promise<string> {
  const file = textOf(input, 'secret-file');
  if (file !== '') return readSecret(file);
  const typed = await context.ask(`${question}: `, true);
  if (typed !== undefined) return typed.trim();
  throw new SallyportError('usage', 'There is nobody to type the secret; give --secret-file FILE.');
}

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SallyportError('file-unreadable', `The file ${file} could not be read (${errorText(error)}).`, {
      cause: error,
    });
  }
}
