// A message as the HTTP request that each kind of channel takes. Pure, so that the very bytes are compared in tests. Pages
// followed: Standard Webhooks 1.0 (webhook), docs.ntfy.sh/publish (ntfy), core.telegram.org/bots/api#sendmessage, Matrix
// client-server API v1 (PUT .../send/...), Slack's incoming webhooks.
import { createHmac } from 'node:crypto';
import type { WebRequest } from '#base/net/web-client.ts';
import type { ChannelSettings } from '#model/notifications/notification.ts';
import type { Message } from './message-text.ts';

/** Telegram takes 4,096 characters, Slack cuts at 40,000, ntfy makes a file of more than 4,096 bytes. */
const maxTelegram = 4_000;
const maxNtfyBytes = 3_800;
const maxSlack = 20_000;

/** The request; a mail is no request. */
export function channelRequest(
  settings: Exclude<ChannelSettings, { kind: 'mail' }>,
  message: Message,
): WebRequest {
  switch (settings.kind) {
    case 'webhook':
      return webhook(settings, message);
    case 'ntfy':
      return ntfy(settings, message);
    case 'telegram':
      return json('POST', `${trimmed(settings.server)}/bot${settings.token}/sendMessage`, {
        chat_id: settings.chat,
        text: cut(`${message.subject}\n\n${message.text}`, maxTelegram),
        link_preview_options: { is_disabled: true },
      });
    case 'matrix':
      // The id makes it one message, however often it is sent.
      return json(
        'PUT',
        `${trimmed(settings.server)}/_matrix/client/v3/rooms/${encodeURIComponent(settings.room)}/send/m.room.message/${encodeURIComponent(message.id)}`,
        { msgtype: 'm.text', body: `${message.subject}\n\n${message.text}` },
        { Authorization: `Bearer ${settings.token}` },
      );
    case 'slack':
      return json('POST', settings.url, {
        text: cut(`*${slackText(message.subject)}*\n\n${slackText(message.text)}`, maxSlack),
      });
  }
}

/** Signed as Standard Webhooks says: HMAC-SHA256 of id, time and body. A receiver refuses old times and ids it has seen. */
function webhook(
  { url, signingKey }: Extract<ChannelSettings, { kind: 'webhook' }>,
  message: Message,
): WebRequest {
  const body = JSON.stringify({
    type: message.news.length === 0 ? 'sallyport.test' : 'sallyport.troubles',
    timestamp: new Date(message.atMs).toISOString(),
    data: {
      edge: message.edge,
      dashboard: message.dashboardUrl,
      subject: message.subject,
      text: message.text,
      severity: message.mood,
      news: message.news.map(({ kind, atMs, sinceMs, trouble }) => ({
        ...{ event: kind, at: new Date(atMs).toISOString(), since: new Date(sinceMs).toISOString() },
        ...{ id: trouble.id, severity: trouble.severity, title: trouble.title, detail: trouble.detail },
        ...{ cure: trouble.cure, noun: trouble.noun, object: trouble.objectId },
      })),
    },
  });
  const seconds = String(Math.floor(message.atMs / 1000));
  const signature = createHmac('sha256', signingKeyBytes(signingKey ?? ''))
    .update(`${message.id}.${seconds}.${body}`)
    .digest('base64');
  return {
    url,
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Webhook-Id': message.id,
      'Webhook-Timestamp': seconds,
      'Webhook-Signature': `v1,${signature}`,
    },
    body,
  };
}

/** `whsec_` and base64, as Standard Webhooks writes keys; any other text is the key itself. */
export function signingKeyBytes(text: string): Buffer {
  const [, base64] = /^whsec_([A-Za-z0-9+/]+=*)$/.exec(text) ?? [];
  return base64 === undefined ? Buffer.from(text) : Buffer.from(base64, 'base64');
}

function ntfy(
  { server, topic, token }: Extract<ChannelSettings, { kind: 'ntfy' }>,
  message: Message,
): WebRequest {
  const priorities = { error: 5, warning: 4, notice: 3, good: 3 } as const;
  const tags = { error: 'rotating_light', warning: 'warning', notice: 'information_source' } as const;
  return json(
    'POST',
    trimmed(server),
    {
      topic,
      title: message.subject,
      message: cutBytes(message.text, maxNtfyBytes),
      priority: priorities[message.mood],
      tags: [message.mood === 'good' ? 'white_check_mark' : tags[message.mood]],
      ...(message.dashboardUrl === '' ? {} : { click: message.dashboardUrl }),
    },
    token === undefined ? {} : { Authorization: `Bearer ${token}` },
  );
}

function json(
  method: 'POST' | 'PUT',
  url: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): WebRequest {
  return {
    ...{ method, url, body: JSON.stringify(body) },
    headers: { 'Content-Type': 'application/json', ...headers },
  };
}

/** Slack reads three characters as its own. */
function slackText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function trimmed(server: string): string {
  return server.replace(/\/+$/, '');
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
}

function cutBytes(text: string, longest: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= longest) return text;
  return `${bytes
    .subarray(0, longest)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
}
