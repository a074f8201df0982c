// Where the edge tells of troubles: channels, each with a rule of what it is told and when, and mutes. What a channel needs to
// send (addresses that are as good as keys, tokens) is one sealed text; only `target` says in words where it goes.
import { z } from 'zod';
import { parseHours } from '../access/access-hours.ts';
import { idSchema, nameSchema, timeSchema, versionSchema } from '../names.ts';

/** From the worst to the least. */
export const severities = ['error', 'warning', 'notice'] as const;
export type Severity = (typeof severities)[number];

export const channelKinds = ['webhook', 'ntfy', 'mail', 'telegram', 'matrix', 'slack'] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** Channels of one edge; each costs a message for each trouble. */
export const maxChannels = 50;
/** Mutes of one edge. */
export const maxMutes = 500;
/** Addresses of one mail channel. */
const maxMailAddresses = 10;

const webAddress = z
  .string()
  .max(2_000)
  .refine((text) => /^https?:\/\/./.test(text) && URL.canParse(text) && new URL(text).username === '', {
    error: 'must be an address such as https://hooks.example.com/abc, without a user name',
  });
const token = z
  .string()
  .regex(/^[\x21-\x7e]{4,500}$/, { error: 'must be one word without spaces, from 4 to 500 characters' });
const mailAddress = z
  .string()
  .regex(/^[^\s@<>,;:"()]{1,64}@[^\s@<>,;:"()]{1,190}$/, { error: 'must be one plain mail address' });

/** What each kind needs to send. */
export const channelSettingsSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('webhook'),
    url: webAddress.meta({ description: 'Where to send a POST with JSON to.' }),
    signingKey: z
      .string()
      .min(16)
      .max(200)
      .optional()
      .meta({ description: 'Signs each message; one is made where none is given.' }),
  }),
  z.strictObject({
    kind: z.literal('ntfy'),
    server: webAddress.default('https://ntfy.sh'),
    topic: z.string().regex(/^[-_A-Za-z0-9]{1,64}$/, {
      error: 'must be letters, digits, dashes and underscores, at most 64',
    }),
    token: token.optional().meta({ description: 'Of a server that asks who writes.' }),
  }),
  z.strictObject({
    kind: z.literal('mail'),
    to: z.array(mailAddress).min(1).max(maxMailAddresses),
  }),
  z.strictObject({
    kind: z.literal('telegram'),
    server: webAddress.default('https://api.telegram.org'),
    token: z.string().regex(/^\d{1,20}:[A-Za-z0-9_-]{10,100}$/, {
      error: 'must be a bot token such as 123456:ABC-DEF',
    }),
    chat: z.string().regex(/^(-?\d{1,20}|@[A-Za-z0-9_]{1,64})$/, {
      error: 'must be the number of a chat, or @ and the name of a channel',
    }),
  }),
  z.strictObject({
    kind: z.literal('matrix'),
    server: webAddress.meta({ description: 'The homeserver, such as https://matrix.example.com.' }),
    room: z
      .string()
      .max(255)
      .regex(/^![^\s/?#]+$/, { error: 'must be the id of a room, which begins with "!"' }),
    token: token.meta({ description: 'Access token of the user who writes.' }),
  }),
  z.strictObject({
    kind: z.literal('slack'),
    url: webAddress.meta({
      description: 'An incoming webhook of Slack, Mattermost, Rocket.Chat or Discord.',
    }),
  }),
]);

export type ChannelSettings = z.infer<typeof channelSettingsSchema>;

const quietSchema = z
  .string()
  .max(120)
  .refine((text) => text === '' || parseHours(text) !== undefined, {
    error: 'must be hours such as "22:00-07:00 Europe/Berlin" or "Sat,Sun 00:00-24:00"',
  });

/** What a channel is told, and when. */
const ruleShape = {
  isEnabled: z.boolean(),
  least: z.enum(severities).meta({ description: 'What is less than this is not told.' }),
  quiet: quietSchema.meta({ description: "Hours in which news wait for the end of them; '' for none." }),
  breaks: z
    .enum([...severities, 'nothing'])
    .meta({ description: 'From this on news do not wait for the end of the quiet hours.' }),
};

/** The same with what a new channel has where nothing is said. */
export const channelRuleShape = {
  isEnabled: ruleShape.isEnabled.default(true),
  least: ruleShape.least.default('warning'),
  quiet: ruleShape.quiet.default(''),
  breaks: ruleShape.breaks.default('error'),
};

/** A change of them: what is not given stays. */
export const channelRuleChange = z.strictObject(ruleShape).partial();

export const channelSchema = z.strictObject({
  id: idSchema,
  name: nameSchema,
  kind: z.enum(channelKinds),
  ...channelRuleShape,
  /** Where it goes, in words that are no secret. */
  target: z.string().max(700),
  /** ChannelSettings as JSON, sealed for `channel <id>`. */
  sealed: z.string().max(20_000),
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type Channel = z.infer<typeof channelSchema>;

/** No channel is told of a trouble, or of any trouble of a hostname, until then. */
export const muteSchema = z.strictObject({
  id: idSchema,
  /** A trouble's id, or a hostname. */
  subject: z.string().min(1).max(400),
  /** null: until it is taken away. */
  untilMs: timeSchema.nullable(),
  createdAtMs: timeSchema,
});

export type Mute = z.infer<typeof muteSchema>;

/** What a channel's target says: where, and nothing that opens anything. */
export function targetOf(settings: ChannelSettings): string {
  switch (settings.kind) {
    case 'webhook':
    case 'slack':
      return new URL(settings.url).host;
    case 'ntfy':
      return new URL(settings.server).host;
    case 'mail':
      return settings.to.join(', ');
    case 'telegram':
      return `chat ${settings.chat}`;
    case 'matrix':
      return `${settings.room} at ${new URL(settings.server).host}`;
  }
}

/** What to do about a channel that does not get through. */
export function channelCure({ kind, name }: Pick<Channel, 'kind' | 'name'>): string {
  return `${channelCures[kind]} Then try it: sallyport notify test ${name}.`;
}

const channelCures: Readonly<Record<ChannelKind, string>> = {
  webhook: 'Look whether its address is right, and what answers there.',
  ntfy: 'Look whether the server runs, and takes this topic and token.',
  mail: 'Look at mail in edge.yml, and at the addresses of the channel.',
  telegram: 'Look whether the bot has this token still, and is in the chat.',
  matrix: 'Look whether the access token is good still, and its user in the room.',
  slack: 'Look whether the webhook is there still; a new one is a new channel.',
};

/** Whether `severity` is at least as bad as `least`. */
export function isAtLeast(severity: Severity, least: Severity | 'nothing'): boolean {
  return least !== 'nothing' && severities.indexOf(severity) <= severities.indexOf(least);
}
