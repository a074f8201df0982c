// Handlers of the operations on notifications: channels, mutes, history. What a channel needs to send is sealed here, before
// it gets into a command, and shown by nothing.
import type { ChannelView, notificationOperations } from '#api/notifications.ts';
import { SallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import {
  type Channel,
  channelCure,
  type ChannelSettings,
  targetOf,
} from '#model/notifications/notification.ts';
import {
  createChannel,
  deleteChannel,
  deleteMute,
  findChannel,
  type NewChannel,
  setMute,
  updateChannel,
} from '../commands/notifications.ts';
import { required } from '../control-state.ts';
import type { Handlers } from '../http/handler.ts';
import { type Notifier, sealPurpose } from '../notify/notifier.ts';
import type { Seal } from '../seal.ts';
import { pageOfList } from '../views/listing.ts';
import type { Sources } from '../views/tunnel-view.ts';

export interface NotificationSources extends Pick<Sources, 'control'> {
  readonly notifier: Notifier;
  readonly seal: Seal;
  readonly random: Random;
}

const signingKeyBytes = 32;

/** Makes them. */
export function notificationHandlers(
  sources: NotificationSources,
): Handlers<keyof typeof notificationOperations> {
  const { control, notifier, seal, random } = sources;
  const found = (idOrName: string): Channel =>
    required(findChannel(control.state.channels.values(), idOrName), 'channel', idOrName);
  const view = (channel: Channel): ChannelView => viewOf(channel, notifier);
  const sealed = (settings: ChannelSettings, id: string): string =>
    seal.seal(JSON.stringify(settings), sealPurpose(id));
  return {
    listChannels: ({ query }) =>
      pageOfList({
        items: [...control.state.channels.values()].map(view),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ name, kind, target, detail }) => [name, kind, target, detail],
        key: ({ name }) => name,
      }),
    async createChannel({ body }, { caller }) {
      const { settings: given, ...rest } = body;
      const isMade = given.kind === 'webhook' && given.signingKey === undefined;
      const signingKey = isMade
        ? `whsec_${Buffer.from(random.bytes(signingKeyBytes)).toString('base64')}`
        : null;
      const settings = signingKey === null ? given : { ...given, signingKey };
      const input: NewChannel = { ...rest, kind: settings.kind, target: targetOf(settings) };
      const channel = await control.run(
        createChannel(input, (id) => sealed(settings, id)),
        caller,
      );
      return { ...view(channel), signingKey };
    },
    async updateChannel({ params, body }, { caller }) {
      const { settings, ...rest } = body;
      const channel = found(params.channel);
      const change = {
        ...onlyGiven(rest),
        ...(settings === undefined ? {} : changedSettings(settings, channel)),
      };
      return view(await control.run(updateChannel(channel.id, change), caller));
    },
    async deleteChannel({ params }, { caller }) {
      await control.run(deleteChannel(params.channel), caller);
      return undefined;
    },
    async testChannel({ params }) {
      const detail = await notifier.test(found(params.channel));
      return { isSent: detail === '', detail };
    },
    listMutes: ({ query }) =>
      pageOfList({
        items: [...control.state.mutes.values()].filter(
          ({ untilMs }) => untilMs === null || untilMs > control.nowMs(),
        ),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ subject }) => [subject],
        key: ({ subject }) => subject,
      }),
    setMute: ({ body: { subject, hours } }, { caller }) => {
      const untilMs = hours === null ? null : control.nowMs() + Math.round(hours * 3_600_000);
      return control.run(setMute(subject, untilMs), caller);
    },
    async deleteMute({ params }, { caller }) {
      await control.run(deleteMute(params.mute), caller);
      return undefined;
    },
    listNotifications: ({ query }) => {
      const lines = notifier.history.map((entry) => ({
        ...{ ...entry, titles: [...entry.titles] },
        channelName: control.state.channels.get(entry.channelId)?.name ?? '',
      }));
      const places = new Map(lines.map((line, place) => [line, place]));
      return pageOfList({
        items: lines,
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ channelName, titles, detail }) => [channelName, detail, ...titles],
        key: (line) => places.get(line)!,
      });
    },
  };

  function changedSettings(settings: ChannelSettings, { id, kind, sealed: before }: Channel) {
    if (settings.kind !== kind) {
      throw new SallyportError(
        'invalid',
        `This channel is of the kind ${kind}; make another one for ${settings.kind}.`,
      );
    }
    // A webhook keeps its key where no other is given: its receiver knows it.
    const old = JSON.parse(seal.open(before, sealPurpose(id))) as ChannelSettings;
    const kept =
      settings.kind === 'webhook' && settings.signingKey === undefined && old.kind === 'webhook'
        ? { ...settings, signingKey: old.signingKey }
        : settings;
    return { sealed: sealed(kept, id), target: targetOf(kept) };
  }
}

function onlyGiven<T extends object>(change: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) as never;
}

/** A channel as it may be shown. */
export function viewOf({ sealed: _sealed, ...channel }: Channel, notifier: Notifier): ChannelView {
  const box = notifier.boxOf(channel.id);
  const fault = channel.isEnabled ? box?.fault : undefined;
  const tried = (box?.lastSentMs ?? null) === null ? 'untried' : 'good';
  return {
    ...channel,
    state: !channel.isEnabled ? 'off' : fault ? 'failing' : tried,
    detail: fault?.detail ?? '',
    cure: fault ? channelCure(channel) : '',
    failingSinceMs: fault?.sinceMs ?? null,
    lastSentMs: box?.lastSentMs ?? null,
    waiting: box?.waiting.length ?? 0,
  };
}
