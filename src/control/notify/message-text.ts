// A message in words: a subject of one line and a text that says what is wrong, since when, and what to do. The same words for
// every channel; how they are wrapped is the channel's matter (channel-request.ts).
import { severities, type Severity } from '#model/notifications/notification.ts';
import { newsTitle } from './notify-state.ts';
import type { News } from './trouble-book.ts';

/** What every channel sends. */
export interface Message {
  readonly id: string;
  readonly atMs: number;
  /** Name of the edge. */
  readonly edge: string;
  /** Where the dashboard is, '' without one. */
  readonly dashboardUrl: string;
  readonly subject: string;
  readonly text: string;
  /** The worst of the news; `good` when all of them are over. */
  readonly mood: Severity | 'good';
  readonly news: readonly News[];
}

/** News that are told in full; the others are counted. */
const maxInFull = 20;
/** One line on a phone. */
const maxSubject = 180;

export interface MessageFacts {
  readonly id: string;
  readonly atMs: number;
  readonly edge: string;
  readonly dashboardUrl: string;
}

/** The message about some news, at least one. */
export function messageOf(news: readonly News[], facts: MessageFacts): Message {
  const inOrder = news.toSorted((a, b) => rank(a) - rank(b));
  const bad = inOrder.filter(({ kind }) => kind !== 'recovered');
  const [first] = inOrder;
  const more = inOrder.length > 1 ? ` and ${inOrder.length - 1} more` : '';
  const lead = first!.kind === 'began' ? first!.trouble.title : newsTitle(first!);
  const paragraphs = inOrder.slice(0, maxInFull).map((each) => paragraph(each, facts.atMs));
  if (inOrder.length > maxInFull) paragraphs.push(`And ${inOrder.length - maxInFull} more.`);
  if (facts.dashboardUrl !== '') paragraphs.push(facts.dashboardUrl);
  return {
    ...facts,
    subject: oneLine(`${facts.edge || 'Sallyport'}: ${lead}${more}`, maxSubject),
    text: paragraphs.join('\n\n'),
    mood: bad[0]?.trouble.severity ?? 'good',
    news: inOrder,
  };
}

/** A message that only shows that a channel works. */
export function testMessage(facts: MessageFacts): Message {
  return {
    ...facts,
    subject: oneLine(`${facts.edge || 'Sallyport'}: this channel works`, maxSubject),
    text: 'Somebody has asked for this message, to see that it arrives. Nothing is wrong.',
    mood: 'good',
    news: [],
  };
}

function rank({ kind, trouble }: News): number {
  return kind === 'recovered' ? severities.length : severities.indexOf(trouble.severity);
}

function paragraph(news: News, nowMs: number): string {
  const { kind, trouble, sinceMs } = news;
  const title = `${newsTitle(news)}.`;
  if (kind === 'recovered') return `${title} It lasted ${durationText(nowMs - sinceMs)}.`;
  const rest = kind === 'flapping' ? ' You are told again when it has come to rest.' : '';
  return [title, `${trouble.detail}${rest}`.trim(), trouble.cure].filter((line) => line !== '').join('\n');
}

function durationText(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 120) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

/** Texts of certificates and of names come from outside: no line breaks, no control characters in a subject. */
function oneLine(text: string, longest: number): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`;
}
