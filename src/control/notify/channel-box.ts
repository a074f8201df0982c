// What one channel is still to be told, and what is on its way. Pure, like the book that the news come from.
//
//   news --rule, mutes--> waiting --windowMs, quiet hours--> outbox, one at a time --sent or given up-->
//
// Several news within the window go in one message; what is over before anybody was told is not told at all.
import { isWithinHours, momentOf, parseHours, zoneFormat } from '#model/access/access-hours.ts';
import { type Channel, isAtLeast } from '#model/notifications/notification.ts';
import type { News } from './trouble-book.ts';

/** News within so long of the first go together. */
export const windowMs = 15_000;
/** Sendings of one message before it is given up: within about half an hour. */
export const maxAttempts = 7;
const firstRetryMs = 5_000;
const longestRetryMs = 600_000;
/** News that wait (a night's worth); the oldest go first. */
export const maxWaiting = 500;
/** Messages under way; each holds many news. */
export const maxOutbox = 20;

/** A message that is to be sent. */
export interface Outgoing {
  readonly id: string;
  readonly news: readonly News[];
  readonly attempts: number;
  /** Not before. */
  readonly dueMs: number;
}

export interface ChannelBox {
  /** Troubles of which it was told, and not yet of their end. */
  readonly told: ReadonlySet<string>;
  readonly waiting: readonly News[];
  readonly outbox: readonly Outgoing[];
  /** Why nothing gets through, since when; undefined while it does. */
  readonly fault?: { readonly sinceMs: number; readonly detail: string } | undefined;
  readonly lastSentMs: number | null;
}

/** The part of a channel that decides; mutes are trouble ids and hostnames. */
export type ChannelRule = Pick<Channel, 'id' | 'isEnabled' | 'least' | 'quiet' | 'breaks'> & {
  readonly muted: ReadonlySet<string>;
};

/** What became of a message, for the history. */
export interface Outcome {
  readonly kind: 'sent' | 'failed' | 'given-up' | 'dropped';
  readonly messageId: string;
  readonly news: readonly News[];
  readonly detail: string;
}

export interface BoxStep {
  readonly box: ChannelBox;
  readonly outcomes: readonly Outcome[];
}

export const emptyBox: ChannelBox = { told: new Set(), waiting: [], outbox: [], lastSentMs: null };

/** Takes news in. */
export function takeNews(box: ChannelBox, news: readonly News[], rule: ChannelRule): BoxStep {
  let waiting = [...box.waiting];
  for (const each of news) {
    const { id } = each.trouble;
    // Nobody can be told by a channel that it does not work.
    if (id === channelTroubleId(rule.id)) continue;
    if (each.kind === 'recovered') {
      waiting = waiting.filter(({ trouble }) => trouble.id !== id);
      if (box.told.has(id)) waiting.push(each);
    } else if (mayTell(each, rule)) {
      // Worse than what this channel was never told is new to it.
      const kind = each.kind === 'worse' && !box.told.has(id) ? 'began' : each.kind;
      waiting = [...waiting.filter(({ trouble }) => trouble.id !== id), { ...each, kind }];
    }
  }
  const lost = waiting.slice(0, Math.max(0, waiting.length - maxWaiting));
  const outcomes: Outcome[] =
    lost.length === 0
      ? []
      : [{ kind: 'dropped', messageId: '', news: lost, detail: `more than ${maxWaiting} news were waiting` }];
  return { box: { ...box, waiting: waiting.slice(lost.length) }, outcomes };
}

/** Makes a message of what has waited long enough; `newId` names it. */
export function gather(box: ChannelBox, rule: ChannelRule, nowMs: number, newId: () => string): BoxStep {
  if (box.waiting.length === 0) return { box, outcomes: [] };
  // A mute counts from the moment it is set.
  const wanted = box.waiting.filter((news) => news.kind === 'recovered' || mayTell(news, rule));
  const isQuiet = isQuietAt(rule.quiet, nowMs);
  const ready = wanted.filter(({ trouble }) => !isQuiet || isAtLeast(trouble.severity, rule.breaks));
  const oldestMs = Math.min(...ready.map(({ atMs }) => atMs));
  if (ready.length === 0 || nowMs - Math.min(oldestMs, nowMs) < windowMs)
    return { box: wanted.length === box.waiting.length ? box : { ...box, waiting: wanted }, outcomes: [] };
  const told = new Set(box.told);
  for (const { kind, trouble } of ready) {
    if (kind === 'recovered') told.delete(trouble.id);
    else told.add(trouble.id);
  }
  const all = [...box.outbox, { id: newId(), news: ready, attempts: 0, dueMs: nowMs }];
  // The first is perhaps being sent: the one after it goes.
  const dropped = all.length > maxOutbox ? all.splice(1, 1) : [];
  return {
    box: { ...box, told, waiting: wanted.filter((news) => !ready.includes(news)), outbox: all },
    outcomes: dropped.map(({ id, news }) => ({
      ...{ kind: 'dropped' as const, messageId: id, news },
      detail: `more than ${maxOutbox} messages were waiting`,
    })),
  };
}

/** The message that is to be sent now; messages of a channel keep their order. */
export function dueMessage(box: ChannelBox, nowMs: number): Outgoing | undefined {
  const [first] = box.outbox;
  return first && (first.dueMs <= nowMs || first.dueMs - nowMs > 2 * longestRetryMs) ? first : undefined;
}

/** It got through. */
export function messageSent(box: ChannelBox, messageId: string, nowMs: number): BoxStep {
  const [first, ...rest] = box.outbox;
  if (first?.id !== messageId) return { box, outcomes: [] };
  return {
    box: { ...box, outbox: rest, fault: undefined, lastSentMs: nowMs },
    outcomes: [{ kind: 'sent', messageId, news: first.news, detail: '' }],
  };
}

export interface Failure {
  readonly messageId: string;
  readonly detail: string;
  /** Nobody would answer otherwise in a minute: a wrong address, a token that was revoked. */
  readonly isFinal: boolean;
  /** The other side asked to be left alone for so long. */
  readonly retryAfterMs: number;
  /** From 0 to 1, so that many edges do not come back at once. */
  readonly fraction: number;
}

/** It did not: another time, or never. */
export function messageFailed(box: ChannelBox, failure: Failure, nowMs: number): BoxStep {
  const { messageId, detail, isFinal, retryAfterMs, fraction } = failure;
  const [first, ...rest] = box.outbox;
  if (first?.id !== messageId) return { box, outcomes: [] };
  const attempts = first.attempts + 1;
  const fault = { sinceMs: box.fault?.sinceMs ?? nowMs, detail };
  const isOver = isFinal || attempts >= maxAttempts;
  const waitMs = Math.min(longestRetryMs, firstRetryMs * 3 ** (attempts - 1));
  const dueMs = nowMs + Math.max(waitMs * (0.5 + fraction / 2), Math.min(retryAfterMs, longestRetryMs));
  return {
    box: { ...box, fault, outbox: isOver ? rest : [{ ...first, attempts, dueMs }, ...rest] },
    outcomes: [{ kind: isOver ? 'given-up' : 'failed', messageId, news: first.news, detail }],
  };
}

/** The id of the trouble that a channel does not work. */
export function channelTroubleId(channelId: string): string {
  return `channel:${channelId}`;
}

function mayTell({ trouble }: News, { isEnabled, least, muted }: ChannelRule): boolean {
  if (!isEnabled || !isAtLeast(trouble.severity, least)) return false;
  return !muted.has(trouble.id) && !muted.has(trouble.objectId);
}

/** Whether a moment lies in the quiet hours; '' is never. */
export function isQuietAt(quiet: string, nowMs: number): boolean {
  const hours = quiet === '' ? undefined : parseHours(quiet);
  if (!hours) return false;
  return isWithinHours(hours, ...momentOf(zoneFormat(hours.zone), nowMs));
}
