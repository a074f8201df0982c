// Channels, mutes, messages and the support bundle of the world in memory. Every channel works but the one called "broken".
import type { ChannelView, MuteView, NotificationView } from '#api/notifications.ts';
import { channelCure, targetOf } from '#model/notifications/notification.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import { page } from './fake-routes.ts';
import type { FakeWorld } from './fake-world.ts';

type NotificationIds =
  | 'listChannels'
  | 'createChannel'
  | 'updateChannel'
  | 'deleteChannel'
  | 'testChannel'
  | 'listMutes'
  | 'setMute'
  | 'deleteMute'
  | 'listNotifications'
  | 'listSupportBundle';

/** Handlers of these operations. */
export function notificationHandlers(world: FakeWorld): Pick<Handlers, NotificationIds> {
  const channels: ChannelView[] = [];
  const mutes: MuteView[] = [];
  const history: NotificationView[] = [];
  const find = (idOrName: string): ChannelView => {
    const channel = channels.find(({ id, name }) => id === idOrName || name === idOrName);
    if (channel === undefined) throw new Refusal('not-found', `There is no channel ${idOrName}.`);
    return channel;
  };
  return {
    listChannels: () => page(channels, { limit: 500 }),
    createChannel({ body: { settings, ...rest } }) {
      const channel: ChannelView = {
        ...{ id: world.uuid(), ...rest, kind: settings.kind, target: targetOf(settings) },
        ...{ state: 'untried', detail: '', cure: '', failingSinceMs: null, lastSentMs: null, waiting: 0 },
        ...{ createdAtMs: Date.now(), version: 1 },
      };
      channels.push(channel);
      return {
        ...channel,
        signingKey: settings.kind === 'webhook' ? 'whsec_bm90IGEga2V5IGF0IGFsbA==' : null,
      };
    },
    updateChannel({ params, body: { settings: _settings, ...change } }) {
      const channel = find(params.channel);
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      return Object.assign(channel, Object.fromEntries(given));
    },
    deleteChannel({ params }) {
      channels.splice(channels.indexOf(find(params.channel)), 1);
      return undefined;
    },
    testChannel({ params }) {
      const channel = find(params.channel);
      const detail = channel.name === 'broken' ? 'ntfy.sh answered 403 (forbidden).' : '';
      const cure = detail === '' ? '' : channelCure(channel);
      const state = detail === '' ? 'good' : 'failing';
      Object.assign(channel, { state, detail, cure, lastSentMs: Date.now() });
      history.unshift({
        ...{ atMs: Date.now(), channelId: channel.id, channelName: channel.name, outcome: 'tested' },
        ...{ messageId: '', titles: [], detail },
      });
      return { isSent: detail === '', detail };
    },
    listMutes: () => page(mutes, { limit: 500 }),
    setMute({ body: { subject, hours } }) {
      const untilMs = hours == null ? null : Date.now() + hours * 3_600_000;
      const mute = { id: world.uuid(), subject, untilMs, createdAtMs: Date.now() };
      mutes.push(mute);
      return mute;
    },
    deleteMute({ params }) {
      mutes.splice(
        mutes.findIndex(({ id, subject }) => id === params.mute || subject === params.mute),
        1,
      );
      return undefined;
    },
    listSupportBundle: () => ({ items: [{ name: 'log.txt', about: 'the last lines', bytes: 4_096 }] }),
    listNotifications: () => page(history, { limit: 500 }),
  };
}
