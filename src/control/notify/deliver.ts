// Sends one message by one channel, and says what came of it in a sentence that holds no secret.
import { errorText, isSallyportError } from '#base/errors.ts';
import { type WebAnswer, type WebClient, WebError } from '#base/net/web-client.ts';
import type { ChannelSettings } from '#model/notifications/notification.ts';
import { channelRequest } from './channel-request.ts';
import type { Message } from './message-text.ts';

/** The edge's mail sender; undefined where edge.yml names no mail server. */
export type SendMail = (mail: {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}) => Promise<void>;

export interface DeliverTools {
  readonly web: WebClient;
  readonly mail: () => SendMail | undefined;
}

/** What came of it; '' is good. */
export interface Delivery {
  readonly detail: string;
  readonly isFinal: boolean;
  readonly retryAfterMs: number;
}

const delivered: Delivery = { detail: '', isFinal: false, retryAfterMs: 0 };
/** What a server says beside its status is worth this much. */
const maxSaid = 200;

/** Sends it. Never rejects but with the signal's reason. */
export async function deliver(
  settings: ChannelSettings,
  message: Message,
  tools: DeliverTools,
  signal: AbortSignal,
): Promise<Delivery> {
  if (settings.kind === 'mail') return await deliverMail(settings, message, tools.mail());
  const request = channelRequest(settings, message);
  const where = new URL(request.url).host;
  try {
    const answer = await tools.web(request, signal);
    if (isTaken(settings.kind, answer)) return delivered;
    return refusal(where, answer, settings);
  } catch (error) {
    if (signal.aborted) throw error;
    const why = error instanceof WebError ? error.message : errorText(error);
    return {
      detail: withoutSecrets(`${where} could not be asked: ${why}.`, settings),
      isFinal: false,
      retryAfterMs: 0,
    };
  }
}

async function deliverMail(
  { to }: Extract<ChannelSettings, { kind: 'mail' }>,
  { subject, text }: Message,
  mail: SendMail | undefined,
): Promise<Delivery> {
  if (!mail) {
    return {
      detail: 'edge.yml names no mail server; add one under "mail", see docs/notifications.md.',
      isFinal: true,
      retryAfterMs: 0,
    };
  }
  const outcomes = await Promise.allSettled(to.map((each) => mail({ to: each, subject, text: `${text}\n` })));
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
  );
  if (failures.length === 0) return delivered;
  const [first] = failures;
  return {
    detail: errorText(first),
    // Who has it already must not get it again.
    isFinal:
      failures.length < to.length ||
      isSallyportError(first, 'invalid') ||
      isSallyportError(first, 'mail-refused'),
    retryAfterMs: 0,
  };
}

/** Telegram and Slack answer 200 to some refusals as well. */
function isTaken(kind: ChannelSettings['kind'], { status, body }: WebAnswer): boolean {
  if (status < 200 || status > 299) return false;
  if (kind !== 'telegram') return true;
  return (parsed(body) as { ok?: boolean } | undefined)?.ok === true;
}

function refusal(where: string, { status, headers, body }: WebAnswer, settings: ChannelSettings): Delivery {
  const seconds = Number(headers['retry-after'] ?? retryAfterOf(parsed(body)) ?? 0);
  const said = body
    .toString('utf8')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, maxSaid);
  const isBusy = status === 408 || status === 425 || status === 429 || status >= 500;
  return {
    detail: withoutSecrets(`${where} answered ${status}${said === '' ? '' : ` (${said})`}.`, settings),
    isFinal: !isBusy,
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0,
  };
}

/** Telegram and Matrix say it in the body. */
function retryAfterOf(body: unknown): number | undefined {
  const { parameters, retry_after_ms: ms } = (body ?? {}) as {
    parameters?: { retry_after?: number };
    retry_after_ms?: number;
  };
  return parameters?.retry_after ?? (typeof ms === 'number' ? ms / 1000 : undefined);
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A server may echo what it was sent. */
function withoutSecrets(text: string, settings: ChannelSettings): string {
  return secretsOf(settings).reduce((rest, secret) => rest.replaceAll(secret, '(secret)'), text);
}

/** Everything of a channel that opens something. */
export function secretsOf(settings: ChannelSettings): string[] {
  switch (settings.kind) {
    case 'webhook':
      return [
        ...urlSecrets(settings.url),
        ...(settings.signingKey === undefined ? [] : [settings.signingKey]),
      ];
    case 'slack':
      return urlSecrets(settings.url);
    case 'ntfy':
      return [settings.topic, ...(settings.token === undefined ? [] : [settings.token])];
    case 'telegram':
    case 'matrix':
      return [settings.token];
    case 'mail':
      return [];
  }
}

function urlSecrets(text: string): string[] {
  const { pathname, search } = new URL(text);
  return [text, ...[`${pathname}${search}`, pathname].filter((part) => part.length > 1)];
}
