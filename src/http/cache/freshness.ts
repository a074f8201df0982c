// How long a response may be reused (RFC 9111 section 4.2), and for how long after that where it must help out
// (section 4.2.4, RFC 5861). Ages are counted on the monotonic clock: a corrected wall clock makes nothing stale.
import type { ResponseSettings } from './cache-rules.ts';
import type { ResponseFacts } from './response-facts.ts';

/** Times of one stored response, in milliseconds. */
export interface Freshness {
  /** Monotonic time at which the response was received. */
  readonly receivedMs: number;
  /** Its age then. */
  readonly initialAgeMs: number;
  readonly lifetimeMs: number;
  /** Reused only after the origin has said that it may be (no-cache). */
  readonly isAlwaysValidated: boolean;
  /** After the lifetime: served while it is refreshed, when the origin fails, when it cannot be reached. */
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  readonly staleIfUnreachableMs: number;
}

/** When the request was sent and the response head came: monotonic, and the wall time of the latter. */
export interface FetchTimes {
  readonly requestMs: number;
  readonly responseMs: number;
  readonly wallMs: number;
}

/** Part of the time since the last change that is guessed to pass until the next (RFC 9111 section 4.2.2). */
const heuristicPart = 0.1;
/** A guess for longer than a day is none. */
const longestHeuristicMs = 86_400_000;

/** Statuses whose responses may live by a guess (RFC 9110 section 15.1). */
export const heuristicStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** How long a stale response helps out when connector or origin is away, if nobody says; a day covers a power cut. */
const defaultUnreachableMs = 86_400_000;

/** The freshness of a response that has just come. */
export function freshnessOf(facts: ResponseFacts, settings: ResponseSettings, times: FetchTimes): Freshness {
  const { control } = facts;
  const isForced = settings.ttlMs !== undefined && settings.isForced;
  const forbidsStale = control.mustRevalidate || control.proxyRevalidate || control.noCache;
  const after = (seconds: number, setting: number | undefined): number =>
    setting ?? (forbidsStale || seconds < 0 ? 0 : seconds * 1000);
  return {
    receivedMs: times.responseMs,
    initialAgeMs: initialAgeMs(facts, times),
    lifetimeMs: lifetimeMs(facts, settings, times.wallMs) ?? 0,
    isAlwaysValidated: control.noCache && !isForced,
    staleWhileRevalidateMs: after(control.staleWhileRevalidateSeconds, settings.staleWhileRevalidateMs),
    staleIfErrorMs: after(control.staleIfErrorSeconds, settings.staleIfErrorMs),
    staleIfUnreachableMs: forbidsStale ? 0 : unreachableMs(facts, settings),
  };
}

/** s-maxage forbids stale answers (RFC 9111 section 5.2.2.10), unless somebody asks for them in so many words. */
function unreachableMs({ control, isTargeted }: ResponseFacts, settings: ResponseSettings): number {
  const forbids = !isTargeted && control.sMaxAgeSeconds >= 0;
  return settings.staleIfUnreachableMs ?? (forbids ? 0 : defaultUnreachableMs);
}

/** Lifetime in milliseconds; undefined when neither headers nor settings name one. */
export function lifetimeMs(
  facts: ResponseFacts,
  settings: ResponseSettings,
  wallMs: number,
): number | undefined {
  return (
    settings.ttlMs ??
    explicitLifetimeMs(facts, wallMs) ??
    settings.defaultTtlMs ??
    guessedLifetimeMs(facts, settings, wallMs)
  );
}

/** What the headers say (section 4.2.1). */
export function explicitLifetimeMs(
  { control, isTargeted, expiresMs, dateMs }: ResponseFacts,
  wallMs: number,
): number | undefined {
  if (!isTargeted && control.sMaxAgeSeconds >= 0) return control.sMaxAgeSeconds * 1000;
  if (control.maxAgeSeconds >= 0) return control.maxAgeSeconds * 1000;
  if (isTargeted || expiresMs === undefined) return undefined;
  return Math.max(0, expiresMs - (dateMs ?? wallMs));
}

function guessedLifetimeMs(
  facts: ResponseFacts,
  settings: ResponseSettings,
  wallMs: number,
): number | undefined {
  if (!settings.heuristics || facts.isTargeted || facts.lastModifiedMs === undefined) return undefined;
  if (!heuristicStatuses.has(facts.status) && !facts.control.isPublic) return undefined;
  const unchangedMs = (facts.dateMs ?? wallMs) - facts.lastModifiedMs;
  return Math.min(longestHeuristicMs, Math.max(0, unchangedMs * heuristicPart));
}

/** Section 4.2.3. */
function initialAgeMs({ ageSeconds, dateMs }: ResponseFacts, times: FetchTimes): number {
  const apparentAge = dateMs === undefined ? 0 : Math.max(0, times.wallMs - dateMs);
  // A date has whole seconds; what is missing is no age.
  const wholeSeconds = Math.floor(apparentAge / 1000) * 1000;
  const correctedAge = ageSeconds * 1000 + Math.max(0, times.responseMs - times.requestMs);
  return Math.max(wholeSeconds, correctedAge);
}

/** The age at `nowMs` (monotonic), never negative. */
export function ageMs({ receivedMs, initialAgeMs: initial }: Freshness, nowMs: number): number {
  return initial + Math.max(0, nowMs - receivedMs);
}

/** Milliseconds of freshness that are left; negative once stale. */
export function freshForMs(freshness: Freshness, nowMs: number): number {
  return freshness.lifetimeMs - ageMs(freshness, nowMs);
}

/** What may be done with a stored response without or despite the origin. */
export type Usability = 'fresh' | 'stale-while-revalidate' | 'stale';

/** HOT. */
export function usability(freshness: Freshness, nowMs: number): Usability {
  if (freshness.isAlwaysValidated) return 'stale';
  const left = freshForMs(freshness, nowMs);
  if (left > 0) return 'fresh';
  return -left < freshness.staleWhileRevalidateMs ? 'stale-while-revalidate' : 'stale';
}

/** Whether a stale response may answer because the origin failed: with a 5xx, or by not being there. */
export function maySaveFailure(freshness: Freshness, nowMs: number, how: 'error' | 'unreachable'): boolean {
  if (freshness.isAlwaysValidated) return false;
  const staleMs = -freshForMs(freshness, nowMs);
  // stale-if-error covers both; being unreachable has a default of its own.
  const allowedMs =
    how === 'error'
      ? freshness.staleIfErrorMs
      : Math.max(freshness.staleIfErrorMs, freshness.staleIfUnreachableMs);
  return staleMs < 0 || staleMs < allowedMs;
}
