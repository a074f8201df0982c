// Where the edge tells of troubles: channels, what is muted, and what became of messages.
import { z } from 'zod';
import {
  channelKinds,
  channelRuleChange,
  channelRuleShape,
  channelSettingsSchema,
  muteSchema,
} from '#model/notifications/notification.ts';
import { idSchema, nameSchema, timeSchema } from '#model/names.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

/** A channel without what it needs to send. */
export const channelViewSchema = z
  .object({
    id: idSchema,
    name: nameSchema,
    kind: z.enum(channelKinds),
    ...channelRuleShape,
    target: z.string().meta({ description: 'Where it goes; what opens anything is left out.' }),
    state: z
      .enum(['good', 'failing', 'untried', 'off'])
      .meta({ description: '`untried`: nothing was sent yet.' }),
    detail: z.string().meta({ description: 'Why nothing gets through.' }),
    cure: z.string().meta({ description: 'What to do about that; empty when there is nothing to do.' }),
    failingSinceMs: timeSchema.nullable(),
    lastSentMs: timeSchema.nullable(),
    waiting: z.int().min(0).meta({ description: 'News that wait for their time.' }),
    createdAtMs: timeSchema,
    version: z.int(),
  })
  .meta({ id: 'Channel' });

const madeChannelSchema = channelViewSchema.extend({
  signingKey: z
    .string()
    .nullable()
    .meta({ description: 'The key that was made for a webhook; it is shown only now.' }),
});

const muteViewSchema = muteSchema.meta({ id: 'Mute' });

/** What became of a message. */
export const notificationSchema = z
  .object({
    atMs: timeSchema,
    channelId: z.string(),
    channelName: z.string(),
    outcome: z.enum(['sent', 'failed', 'given-up', 'dropped', 'tested']),
    messageId: z.string(),
    titles: z.array(z.string()),
    detail: z.string(),
  })
  .meta({ id: 'Notification' });

/** The longest that `hours` can be: what lasts longer is for good. */
const longestMuteHours = 24 * 365;

const channelParams = z.object({ channel: pathText(64).meta({ description: 'Its id or name.' }) });

export const notificationOperations = {
  listChannels: operation({
    id: 'listChannels',
    method: 'GET',
    path: '/notifications/channels',
    scope: 'settings:read',
    summary: 'List the channels by which the edge tells of troubles',
    query: z.object(pageQuery),
    result: pageOf(channelViewSchema),
  }),
  createChannel: operation({
    id: 'createChannel',
    method: 'POST',
    path: '/notifications/channels',
    scope: 'settings:write',
    summary: 'Add a channel',
    description: 'What it needs to send is sealed at rest and never shown again.',
    body: z.strictObject({ name: nameSchema, settings: channelSettingsSchema, ...channelRuleShape }),
    result: madeChannelSchema,
    creates: true,
  }),
  updateChannel: operation({
    id: 'updateChannel',
    method: 'PATCH',
    path: '/notifications/channels/{channel}',
    scope: 'settings:write',
    summary: 'Change a channel',
    description: 'Settings are given whole, and of the same kind, or not at all.',
    params: channelParams,
    body: channelRuleChange.extend({
      name: nameSchema.optional(),
      settings: channelSettingsSchema.optional(),
    }),
    result: channelViewSchema,
  }),
  deleteChannel: operation({
    id: 'deleteChannel',
    method: 'DELETE',
    path: '/notifications/channels/{channel}',
    scope: 'settings:write',
    summary: 'Remove a channel, and forget what it was still to be told',
    params: channelParams,
  }),
  testChannel: operation({
    id: 'testChannel',
    method: 'POST',
    path: '/notifications/channels/{channel}/test',
    scope: 'settings:write',
    summary: 'Send a message that shows whether a channel works',
    params: channelParams,
    result: z.object({ isSent: z.boolean(), detail: z.string() }),
  }),
  listMutes: operation({
    id: 'listMutes',
    method: 'GET',
    path: '/notifications/mutes',
    scope: 'settings:read',
    summary: 'List what is muted',
    query: z.object(pageQuery),
    result: pageOf(muteViewSchema),
  }),
  setMute: operation({
    id: 'setMute',
    method: 'PUT',
    path: '/notifications/mutes',
    scope: 'settings:write',
    summary: 'Mute a trouble or a hostname',
    description: 'It is shown all the same; only no channel is told.',
    body: z.strictObject({
      subject: z
        .string()
        .min(1)
        .max(400)
        .meta({ description: "A trouble's id as `getStatus` has it, or a hostname." }),
      hours: z
        .number()
        .positive()
        .max(longestMuteHours)
        .nullable()
        .default(null)
        .meta({ description: 'For so long; null: until it is taken away.' }),
    }),
    result: muteViewSchema,
  }),
  deleteMute: operation({
    id: 'deleteMute',
    method: 'DELETE',
    path: '/notifications/mutes/{mute}',
    scope: 'settings:write',
    summary: 'Take a mute away',
    params: z.object({ mute: pathText(400).meta({ description: 'Its id, or what it mutes.' }) }),
  }),
  listNotifications: operation({
    id: 'listNotifications',
    method: 'GET',
    path: '/notifications/history',
    scope: 'settings:read',
    summary: 'What became of messages, newest first',
    query: z.object(pageQuery),
    result: pageOf(notificationSchema),
  }),
};

export type ChannelView = z.infer<typeof channelViewSchema>;
export type MuteView = z.infer<typeof muteViewSchema>;
export type NotificationView = z.infer<typeof notificationSchema>;
