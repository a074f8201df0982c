// Which troubles there are, for how long, and what is news of them. Pure: a look and the time go in, the next book and the
// news come out. A trouble is told when it has lasted, and is over when it has stayed away; one that comes and goes is told
// once as such, and then not before it has come to rest.
//
//   absent --seen--> new --settleMs--> open (began) --away--> leaving --settleMs--> absent (recovered)
//   any of them --flapChanges in flapWindowMs--> flapping --calmMs without a change--> open (began) or absent (recovered)
import { isAtLeast, type Severity } from '#model/notifications/notification.ts';
import type { Trouble } from '#model/notifications/trouble.ts';

/** A restart of a connector or an edge is over in less. */
export const settleMs = 20_000;
export const flapWindowMs = 900_000;
/** Twice there and gone again, and there once more. */
export const flapChanges = 5;
/** Without a change for so long it is at rest. */
export const calmMs = 900_000;
/** Troubles that are kept in mind; what comes beyond is told when others are over. */
export const maxTroubles = 2_000;

/** What is known of one trouble. */
export interface BookEntry {
  readonly trouble: Trouble;
  readonly sinceMs: number;
  /** It was told, and its end was not. */
  readonly isOpen: boolean;
  readonly isPresent: boolean;
  /** When `isPresent` changed last. */
  readonly changedAtMs: number;
  /** Times of the changes in the last `flapWindowMs`. */
  readonly changes: readonly number[];
  readonly isFlapping: boolean;
  /** As it was told. */
  readonly told: Severity;
}

/** By the trouble's id. */
export type Book = ReadonlyMap<string, BookEntry>;

/** Something worth telling. */
export interface News {
  /** `worse`: more severe than it was told. */
  readonly kind: 'began' | 'worse' | 'flapping' | 'recovered';
  readonly atMs: number;
  readonly trouble: Trouble;
  readonly sinceMs: number;
}

/** The book after a look at everything that is wrong now, and what is news. */
export function lookAgain(
  book: Book,
  troubles: readonly Trouble[],
  nowMs: number,
): { readonly book: Book; readonly news: readonly News[] } {
  const next = new Map<string, BookEntry>();
  const news: News[] = [];
  const present = new Map(troubles.map((trouble) => [trouble.id, trouble]));
  const keep = (id: string, entry: BookEntry): void => {
    const judged = judge(entry, nowMs);
    if (judged.news)
      news.push({ kind: judged.news, atMs: nowMs, trouble: judged.entry.trouble, sinceMs: entry.sinceMs });
    if (!isForgotten(judged.entry, nowMs)) next.set(id, judged.entry);
  };
  for (const [id, entry] of book) keep(id, seen(entry, present.get(id), nowMs));
  for (const [id, trouble] of present) {
    if (!book.has(id) && next.size < maxTroubles) keep(id, begun(trouble, nowMs));
  }
  return { book: next, news };
}

function begun(trouble: Trouble, nowMs: number): BookEntry {
  return {
    trouble,
    sinceMs: Math.min(trouble.sinceMs ?? nowMs, nowMs),
    ...{ isOpen: false, isPresent: true, changedAtMs: nowMs, changes: [nowMs], isFlapping: false },
    told: trouble.severity,
  };
}

function seen(entry: BookEntry, trouble: Trouble | undefined, nowMs: number): BookEntry {
  const isPresent = trouble !== undefined;
  // A wall clock that was set back must not hold anything up.
  const changedAtMs = Math.min(entry.changedAtMs, nowMs);
  const changes = entry.changes.filter((atMs) => atMs <= nowMs && nowMs - atMs < flapWindowMs);
  const last = trouble ?? entry.trouble;
  if (isPresent === entry.isPresent) return { ...entry, trouble: last, changedAtMs, changes };
  return {
    ...entry,
    trouble: last,
    isPresent,
    sinceMs: isPresent && !entry.isOpen ? Math.min(last.sinceMs ?? nowMs, nowMs) : entry.sinceMs,
    changedAtMs: nowMs,
    changes: [...changes.slice(-flapChanges), nowMs],
  };
}

function judge(entry: BookEntry, nowMs: number): { readonly entry: BookEntry; readonly news?: News['kind'] } {
  const { trouble, isPresent, isOpen } = entry;
  const restedMs = nowMs - entry.changedAtMs;
  if (entry.isFlapping) {
    if (restedMs < calmMs) return { entry };
    const rested = { ...entry, isFlapping: false, changes: [], isOpen: isPresent, told: trouble.severity };
    return { entry: rested, news: isPresent ? 'began' : 'recovered' };
  }
  if (entry.changes.length >= flapChanges && trouble.isEvent !== true)
    return { entry: { ...entry, isFlapping: true, isOpen: true, told: trouble.severity }, news: 'flapping' };
  if (isPresent && !isOpen && restedMs >= settleMs)
    return { entry: { ...entry, isOpen: true, told: trouble.severity }, news: 'began' };
  if (isPresent && isOpen && !isAtLeast(entry.told, trouble.severity))
    return { entry: { ...entry, told: trouble.severity }, news: 'worse' };
  if (!isPresent && isOpen && restedMs >= settleMs) {
    const over = { ...entry, isOpen: false };
    return trouble.isEvent === true ? { entry: over } : { entry: over, news: 'recovered' };
  }
  return { entry };
}

function isForgotten({ isPresent, isOpen, isFlapping, changedAtMs }: BookEntry, nowMs: number): boolean {
  return !isPresent && !isOpen && !isFlapping && nowMs - changedAtMs >= flapWindowMs;
}
