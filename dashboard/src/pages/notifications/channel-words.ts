// Words for channels: what each kind is called, what it needs, and how a channel is.
import type { ChannelView, NotificationView } from '#api/notifications.ts';
import type { ChannelKind, Severity } from '#model/notifications/notification.ts';
import type { Tone } from '../../kit/status.tsx';

export const kindWords: Readonly<Record<ChannelKind, string>> = {
  ...{ webhook: 'Webhook', ntfy: 'ntfy', mail: 'Mail', telegram: 'Telegram', matrix: 'Matrix' },
  slack: 'Slack and its kin',
};

/** A setting that a kind needs. */
export interface SettingField {
  readonly name: string;
  readonly label: string;
  readonly description?: string;
  readonly placeholder?: string;
  readonly isSecret?: boolean;
  readonly isOptional?: boolean;
}

const server = (placeholder: string): SettingField => ({
  ...{ name: 'server', label: 'Server', placeholder, isOptional: true },
});

export const kindFields: Readonly<Record<ChannelKind, readonly SettingField[]>> = {
  webhook: [
    {
      ...{ name: 'url', label: 'Address', placeholder: 'https://example.com/hook', isSecret: true },
      description: 'Gets a POST with JSON. Each message is signed with a key that you get next.',
    },
  ],
  ntfy: [
    {
      ...{ name: 'topic', label: 'Topic', placeholder: 'home-9f2c61d4', isSecret: true },
      description: 'Whoever knows it reads along: make it long, as a password.',
    },
    server('https://ntfy.sh'),
    { name: 'token', label: 'Access token', isSecret: true, isOptional: true },
  ],
  mail: [
    {
      ...{ name: 'to', label: 'To', placeholder: 'ada@example.com' },
      description: 'Addresses, with commas. The mail server stands in edge.yml, under mail.',
    },
  ],
  telegram: [
    { name: 'token', label: 'Token of the bot', placeholder: '123456:ABC…', isSecret: true },
    { name: 'chat', label: 'Chat', placeholder: '-1001234567890', description: 'Its number, or @channel.' },
  ],
  matrix: [
    { name: 'server', label: 'Homeserver', placeholder: 'https://matrix.example.com' },
    { name: 'room', label: 'Room', placeholder: '!abc:example.com', description: 'Its id, not its alias.' },
    { name: 'token', label: 'Access token', isSecret: true },
  ],
  slack: [
    {
      ...{ name: 'url', label: 'Incoming webhook', placeholder: 'https://hooks.slack.com/services/…' },
      ...{
        isSecret: true,
        description: 'Of Slack, Mattermost, Rocket.Chat, or Discord with /slack at its end.',
      },
    },
  ],
};

export const severityWords: Readonly<Record<Severity, string>> = {
  ...{ error: 'errors', warning: 'errors and warnings', notice: 'everything' },
};

export const stateTones: Readonly<Record<ChannelView['state'], Tone>> = {
  ...{ good: 'good', failing: 'bad', untried: 'off', off: 'off' },
};

export const stateWords: Readonly<Record<ChannelView['state'], string>> = {
  ...{ good: 'works', failing: 'does not get through', untried: 'not tried yet', off: 'switched off' },
};

export const outcomeTones: Readonly<Record<NotificationView['outcome'], Tone>> = {
  ...{ sent: 'good', tested: 'good', failed: 'warn', 'given-up': 'bad', dropped: 'bad' },
};

export const outcomeWords: Readonly<Record<NotificationView['outcome'], string>> = {
  ...{ sent: 'sent', tested: 'tried by hand', failed: 'failed, tried again', dropped: 'dropped' },
  'given-up': 'given up',
};
