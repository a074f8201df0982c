// The whole of what notifications remember, and the one function that changes it: an event, the rules and the time go in, the
// next state and what is to be done come out. No clock, no network, no store: notifier.ts has those.
import { maxChannels } from '#model/notifications/notification.ts';
import type { Trouble } from '#model/notifications/trouble.ts';
import {
  type BoxStep,
  type ChannelBox,
  type ChannelRule,
  dueMessage,
  emptyBox,
  type Failure,
  gather,
  messageFailed,
  messageSent,
  type Outcome,
  type Outgoing,
  takeNews,
} from './channel-box.ts';
import { type Book, lookAgain, type News } from './trouble-book.ts';

export interface NotifyState {
  readonly book: Book;
  /** By the channel's id. */
  readonly boxes: ReadonlyMap<string, ChannelBox>;
  /** What became of messages, newest first. */
  readonly history: readonly HistoryEntry[];
}

/** One line of the history; the news as words, because troubles come and go. */
export interface HistoryEntry {
  readonly atMs: number;
  readonly channelId: string;
  readonly outcome: Outcome['kind'] | 'tested';
  readonly messageId: string;
  readonly titles: readonly string[];
  readonly detail: string;
}

export const emptyState: NotifyState = { book: new Map(), boxes: new Map(), history: [] };

export type NotifyEvent =
  /** Everything that is wrong now. */
  | { readonly kind: 'looked'; readonly troubles: readonly Trouble[] }
  | { readonly kind: 'sent'; readonly channelId: string; readonly messageId: string }
  | { readonly kind: 'failed'; readonly channelId: string; readonly failure: Failure }
  /** Somebody has tried a channel by hand; '' is good. */
  | { readonly kind: 'tested'; readonly channelId: string; readonly detail: string }
  /** Time has passed. */
  | { readonly kind: 'ticked' };

/** What the event happens under. */
export interface NotifyContext {
  readonly nowMs: number;
  readonly rules: readonly ChannelRule[];
  readonly newId: () => string;
}

/** What is to be done. */
export interface NotifyStep {
  readonly state: NotifyState;
  readonly send: readonly { readonly channelId: string; readonly message: Outgoing }[];
  /** For the log. */
  readonly said: readonly HistoryEntry[];
}

/** Lines that are kept: some weeks of a quiet home. */
export const maxHistory = 300;
/** Titles that a line keeps. */
const maxTitles = 20;

/** The next state. Messages in `send` are handed out again at each step until `sent` or `failed` comes for them. */
export function reduce(state: NotifyState, event: NotifyEvent, context: NotifyContext): NotifyStep {
  const { nowMs, rules } = context;
  const looked = event.kind === 'looked' ? lookAgain(state.book, event.troubles, nowMs) : undefined;
  const boxes = new Map<string, ChannelBox>();
  const said: HistoryEntry[] = [];
  for (const rule of rules.slice(0, maxChannels)) {
    let box = state.boxes.get(rule.id) ?? emptyBox;
    const step = (next: BoxStep): void => {
      box = next.box;
      said.push(...next.outcomes.map((outcome) => entryOf(outcome, rule.id, nowMs)));
    };
    if ('channelId' in event && event.channelId === rule.id) {
      if (event.kind === 'sent') step(messageSent(box, event.messageId, nowMs));
      if (event.kind === 'failed') step(messageFailed(box, event.failure, nowMs));
      if (event.kind === 'tested') {
        box = tested(box, event.detail, nowMs);
        said.push({
          ...{ atMs: nowMs, channelId: rule.id, outcome: 'tested', messageId: '' },
          ...{ titles: [], detail: event.detail },
        });
      }
    }
    if (looked) step(takeNews(box, looked.news, rule));
    step(gather(box, rule, nowMs, context.newId));
    boxes.set(rule.id, rule.isEnabled ? box : { ...box, outbox: [], fault: undefined });
  }
  const next = {
    book: looked?.book ?? state.book,
    boxes,
    history: [...said.toReversed(), ...state.history].slice(0, maxHistory),
  };
  return { state: next, send: dueOf(next, nowMs), said };
}

function dueOf({ boxes }: NotifyState, nowMs: number): NotifyStep['send'] {
  return [...boxes].flatMap(([channelId, box]) => {
    const message = dueMessage(box, nowMs);
    return message ? [{ channelId, message }] : [];
  });
}

function tested(box: ChannelBox, detail: string, nowMs: number): ChannelBox {
  if (detail === '') return { ...box, fault: undefined, lastSentMs: nowMs };
  return { ...box, fault: { sinceMs: box.fault?.sinceMs ?? nowMs, detail } };
}

function entryOf({ kind, messageId, news, detail }: Outcome, channelId: string, atMs: number): HistoryEntry {
  const titles = news.slice(0, maxTitles).map(newsTitle);
  if (news.length > maxTitles) titles.push(`and ${news.length - maxTitles} more`);
  return { atMs, channelId, outcome: kind, messageId, titles, detail };
}

/** One line for one piece of news. */
export function newsTitle({ kind, trouble }: News): string {
  return `${newsWords[kind]}: ${trouble.title}`;
}

const newsWords = { began: 'New', worse: 'Worse', flapping: 'Comes and goes', recovered: 'Over' } as const;

/** What a restart must not forget, as JSON; '' when that is nothing. Troubles that are over and told are in mind only. */
export function encodeState({ book, boxes, history }: NotifyState): string {
  const lasting = [...book].filter(([, entry]) => entry.isPresent || entry.isOpen || entry.isFlapping);
  if (lasting.length === 0 && boxes.size === 0 && history.length === 0) return '';
  return JSON.stringify({
    version: 1,
    book: lasting,
    boxes: [...boxes].map(([id, box]) => [id, { ...box, told: [...box.told] }]),
    history,
  });
}

/** The state that was kept; undefined when it is not one (of another release): then everything is news once more. */
export function decodeState(text: string): NotifyState | undefined {
  try {
    const kept = JSON.parse(text) as {
      version: number;
      book: [string, Book extends ReadonlyMap<string, infer E> ? E : never][];
      boxes: [string, Omit<ChannelBox, 'told'> & { told: string[] }][];
      history: HistoryEntry[];
    };
    if (kept.version !== 1) return undefined;
    return {
      book: new Map(kept.book),
      boxes: new Map(kept.boxes.map(([id, box]) => [id, { ...box, told: new Set(box.told) }])),
      history: kept.history,
    };
  } catch {
    return undefined;
  }
}
