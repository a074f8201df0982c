// A question that has gone to the origin: waits for the head of the answer and decides what becomes of it. It is kept, it
// confirms or replaces what is stored, it is passed on, or what is stored stands in for it.
import type { BodyKind, ExchangeFailure, FailureCode, RequestHead, ResponseHead } from '#http/exchange.ts';
import { responseSettings } from '#http/cache/cache-rules.ts';
import type { CacheOutcome, CacheWord } from '#http/cache/cache-status.ts';
import type { ResponseFacts } from '#http/cache/response-facts.ts';
import { explicitLifetimeMs, freshForMs, freshnessOf, maySaveFailure } from '#http/cache/freshness.ts';
import type { FetchTimes } from '#http/cache/freshness.ts';
import { resolve } from '#http/cache/invalidation.ts';
import { readResponseFacts } from '#http/cache/response-facts.ts';
import type { StoreRefusal } from '#http/cache/storable.ts';
import { endToEndList, keptFields, updatedFields } from '#http/cache/stored-fields.ts';
import { isStrong } from '#http/cache/validators.ts';
import { ListFields } from '#http/list-fields.ts';
import type { ExchangeCompanion } from '../exchange-owner.ts';
import type {} from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import { isOwnAnswer } from '../http2/http2-fields.ts';
import { CacheEntry } from '../cache/cache-entry.ts';
import { CacheFetch, DiscardingSide } from './cache-fetch.ts';
import { longestFetchMs } from '../cache/edge-cache.ts';
import type { EdgeCache } from '../cache/edge-cache.ts';
import type { Flight, Landing } from '../cache/flights.ts';
import type { Question } from './question.ts';
import { judgeAnswer, keepRules, refusedAtOnce } from './judgement.ts';
import type { Keepable } from './judgement.ts';
import { missedHead, outcomeOfPass, staleHead } from './pass-outcomes.ts';
import { StoredBody } from '../cache/stored-body.ts';

/** What a miss asks of the handler it belongs to. */
export interface MissHost {
  readonly cache: EdgeCache;
  /** Answers from an entry. */
  answer(question: Question, entry: CacheEntry, outcome: CacheOutcome, moved?: () => void): void;
  /** Passes the origin's answer on. */
  pass(question: Question, head: ResponseHead, outcome: CacheOutcome): void;
  /** Asks again, without conditions. */
  askAgain(question: Question, flight: Flight | undefined): void;
  /** A request that changes things has been answered. */
  changed(request: RequestHead, head: ResponseHead): void;
  /** Whether a response may be sent compressed. */
  isCodable(facts: ResponseFacts, length: number): boolean;
  /** Has the edge ask by itself for what a HEAD has shown to be worth keeping. */
  warm(question: Question): void;
}

export interface MissOptions {
  /** What is stored, but may not be used without asking. */
  readonly stale: CacheEntry | undefined;
  /** The question was whether that is still good. */
  readonly isValidating: boolean;
  readonly flight: Flight | undefined;
  readonly isBackground: boolean;
}

/** Failures that mean "not there", in which a stale answer may help out. */
const unreachableCodes: ReadonlySet<FailureCode> = new Set<FailureCode>([
  ...(['no-connector', 'connector-lost', 'draining', 'overloaded', 'origin-refused'] as const),
  ...(['origin-unreachable', 'origin-tls', 'origin-protocol', 'origin-closed', 'origin-timeout'] as const),
]);

export class CacheMiss extends HeadStep implements ExchangeCompanion {
  readonly #question: Question;
  readonly #host: MissHost;
  readonly #options: MissOptions;
  readonly #requestMs: number;
  readonly #purgeCount: number;
  /** The flight has not landed yet. */
  #flight: Flight | undefined;
  /** Counts a question of the edge's own as done. */
  #ended: (() => void) | undefined;

  constructor(question: Question, host: MissHost, options: MissOptions) {
    super(question.exchange, question.front);
    this.#question = question;
    this.#host = host;
    this.#options = options;
    this.#flight = options.flight;
    this.#requestMs = host.cache.clock.nowMs();
    this.#purgeCount = host.cache.purges.count;
    if (options.isBackground) this.#ended = host.cache.refreshing();
  }

  // ExchangeCompanion.

  /** The origin could not be asked. */
  rescue(cause: ExchangeFailure): boolean {
    const { stale } = this.#options;
    if (!stale || !unreachableCodes.has(cause.code)) return false;
    if (!maySaveFailure(stale.freshness, this.#host.cache.clock.nowMs(), 'unreachable')) return false;
    this.#leave();
    this.#answerStale(stale, undefined);
    return true;
  }

  /** The exchange is over, perhaps before there was an answer. */
  finished(): void {
    this.#land('gone');
    this.#noteEnd();
  }

  #noteEnd(): void {
    const { stale } = this.#options;
    if (stale) stale.isRefreshing = false;
    this.#ended?.();
    this.#ended = undefined;
  }

  // Downstream.

  respond(head: ResponseHead): void {
    const { request } = this.#question;
    const { stale, isValidating } = this.#options;
    this.#leave();
    if (isOwnAnswer(head.fields)) return this.#pass(head, '');
    if (stale && isValidating && head.status === 304) return this.#confirmed(stale, head);
    if (stale && head.status >= 500 && maySaveFailure(stale.freshness, this.#now(), 'error'))
      return this.#hideError(stale, head.status);
    if (request.method === 'HEAD') return this.#answeredHead(stale, head);
    if (request.method === 'POST' && !this.#isKeepablePost(head)) return this.#pass(head, 'method');
    const refusal = refusedAtOnce(this.#question, head);
    if (refusal !== '') return this.#refused(head, refusal);
    const times = this.#times();
    const kept = this.#judge(head, head.bodyKind, times);
    if (typeof kept === 'string') return this.#refused(head, kept);
    this.#keep(head, kept, times);
  }

  #refused(head: ResponseHead, refusal: StoreRefusal): void {
    const { stale } = this.#options;

    // What has come instead of a stored response, and is no failure, has replaced it.
    if (stale?.isListed === true && head.status < 500 && head.status !== 304) this.#host.cache.drop(stale);
    this.#pass(head, refusal);
  }

  #now(): number {
    return this.#host.cache.clock.nowMs();
  }

  #times(): FetchTimes {
    const { clock } = this.#host.cache;
    return { requestMs: this.#requestMs, responseMs: clock.nowMs(), wallMs: clock.wallMs() };
  }

  /** From here on the exchange goes its own way. */
  #leave(): void {
    this.stepAside();
    this.exchange.companion = undefined;
    this.#noteEnd();
  }

  #land(how: Landing): void {
    const flight = this.#flight;
    this.#flight = undefined;
    if (flight) this.#host.cache.flights.land(flight, how);
  }

  #pass(head: ResponseHead, refusal: StoreRefusal | ''): void {
    this.#host.pass(this.#question, head, outcomeOfPass(refusal, this.#options.stale !== undefined));
    this.#land('private');
  }

  // Keeping.

  #judge(head: ResponseHead, bodyKind: BodyKind, times: FetchTimes): Keepable | StoreRefusal {
    const { cache } = this.#host;
    const kept = judgeAnswer(this.#question, head, { bodyKind, times, maxObjectBytes: cache.maxObjectBytes });
    if (typeof kept === 'string') return kept;
    const isVoid = this.#flight?.isVoid === true || this.#now() - this.#requestMs > longestFetchMs;
    return isVoid || !cache.mayFill(kept.length) ? 'busy' : kept;
  }

  #keep(head: ResponseHead, { facts, settings, variant, length, part }: Keepable, times: FetchTimes): void {
    const { cache } = this.#host;
    const { exchange, policy, key } = this.#question;
    const isWhole = part !== undefined && part.first === 0 && part.total === length;
    const list = keptFields(endToEndList(head.fields), keepRules(facts, settings));
    const entry = new CacheEntry({
      ...{ key, vary: facts.vary, variant, facts },
      // Every byte of it, as players like to ask for, is as good as the whole.
      status: isWhole ? 200 : head.status,
      part: isWhole ? undefined : part,
      list: part ? withoutContentRange(list) : list,
      freshness: freshnessOf(facts, settings, times),
      body: new StoredBody(length),
      purgeCount: this.#purgeCount,
      requestWallMs: times.wallMs - (times.responseMs - times.requestMs),
      storedWallMs: times.wallMs,
    });
    entry.isCodable = entry.part === undefined && this.#host.isCodable(facts, length);
    const fetch = new CacheFetch({
      entry,
      host: cache,
      limitBytes: Math.min(cache.maxObjectBytes, policy.maxObjectBytes),
      replaced: cache.list(entry),
      isBackground: this.#options.isBackground,
    });
    const unwatch = cache.watch(fetch);
    fetch.whenOver = unwatch;
    fetch.upstream = exchange.handOver(fetch);
    const { isBackground, stale } = this.#options;
    if (isBackground) exchange.end(null);
    else {
      const word: CacheWord = stale ? 'EXPIRED' : 'MISS';
      const outcome = {
        ...this.#forward(),
        word,
        isStored: true,
        ttlMs: freshForMs(entry.freshness, this.#now()),
      };
      this.#host.answer(this.#question, entry, outcome, () => fetch.moved());
    }
    this.#land('kept');
  }

  #forward(): Pick<CacheOutcome, 'forward' | 'isCollapsed'> {
    const isVaryMiss = this.#host.cache.any(this.#question.key)?.nextVariant !== undefined;
    if (this.#options.stale) return { forward: 'stale' };
    return { forward: isVaryMiss ? 'vary-miss' : 'uri-miss' };
  }

  // What is stored.

  /** The origin says that what is stored is still good (RFC 9111 section 4.3.4). */
  #confirmed(stale: CacheEntry, head: ResponseHead): void {
    const { cache } = this.#host;
    const { exchange } = this.#question;
    const news = head.fields.get('etag');
    if (
      news !== undefined &&
      isStrong(news) &&
      stale.validators.etag !== '' &&
      news !== stale.validators.etag
    ) {
      // The origin confirms something else than what it was asked about.
      cache.drop(stale);
      this.#discard();
      const flight = this.#flight;
      this.#flight = undefined;
      return this.#host.askAgain(this.#question, flight);
    }
    this.#update(stale, head);
    this.#discard();
    if (this.#options.isBackground) exchange.end(null);
    else {
      const ttlMs = freshForMs(stale.freshness, this.#now());
      const outcome = { word: 'REVALIDATED', forward: 'stale', forwardStatus: 304, ttlMs } as const;
      this.#host.answer(this.#question, stale, outcome);
    }
    this.#land('kept');
  }

  /** Lays the fields of a 304 or a HEAD over the stored head. */
  #update(stale: CacheEntry, head: ResponseHead): void {
    const { policy, rules } = this.#question;
    const times = this.#times();
    const merged = updatedFields(stale.list, endToEndList(head.fields));
    const facts = readResponseFacts(stale.status, new ListFields(merged), times.wallMs);
    const settings = responseSettings(policy, rules, facts);
    stale.update({
      list: keptFields(merged, keepRules(facts, settings)),
      facts,
      freshness: freshnessOf(facts, settings, times),
      requestWallMs: times.wallMs - (times.responseMs - times.requestMs),
      storedWallMs: times.wallMs,
      purgeCount: Math.max(stale.purgeCount, this.#purgeCount),
    });
    this.#host.cache.updated(stale);
  }

  /** A 5xx came, and a stale copy may hide it. */
  #hideError(stale: CacheEntry, status: number): void {
    this.#discard();
    this.#answerStale(stale, status);
  }

  #answerStale(stale: CacheEntry, forwardStatus: number | undefined): void {
    if (this.#options.isBackground) this.#question.exchange.end(null);
    else {
      const ttlMs = freshForMs(stale.freshness, this.#now());
      const outcome: CacheOutcome = { word: 'STALE', forward: 'stale', ttlMs };
      const told = forwardStatus === undefined ? outcome : { ...outcome, forwardStatus };
      this.#host.answer(this.#question, stale, told);
    }
    this.#land('gone');
  }

  /** Nobody wants what the upstream still sends. */
  #discard(): void {
    const side = new DiscardingSide();
    side.upstream = this.#question.exchange.handOver(side);
  }

  /** A HEAD tells of the GET that is stored (RFC 9111 section 4.3.5), or of one that is worth storing. */
  #answeredHead(stale: CacheEntry | undefined, head: ResponseHead): void {
    const kept = this.#judge(head, 'length', this.#times());
    if (stale?.isListed === true && head.status === 200 && stale.status === 200) {
      if (isSameRepresentation(stale, head)) this.#update(stale, head);
      else this.#host.cache.drop(stale);
    }
    if (typeof kept === 'string') return this.#pass(head, kept);
    this.#host.pass(this.#question, head, stale ? staleHead : missedHead);
    this.#land('private');
    if (stale?.isListed !== true && head.contentLength <= warmBytes) this.#host.warm(this.#question);
  }

  /**
   * A POST's answer that is what a GET of its address would bring, and says so: in Content-Location, with a lifetime in so
   * many words (RFC 9110 section 9.3.3).
   */
  #isKeepablePost(head: ResponseHead): boolean {
    const { exchange, request } = this.#question;
    this.#host.changed(request, head);
    const named = head.fields.get('content-location');
    // An empty reference is the address itself; a missing one names nothing.
    const place = named === undefined ? undefined : resolve(named, request);
    const isSelf = place?.path === request.path && place.query === request.query;
    if (head.status !== 200 || !exchange.isRequestDone || !isSelf) return false;
    return explicitLifetimeMs(readResponseFacts(200, head.fields, this.#times().wallMs), 0) !== undefined;
  }

  override switchProtocols(head: ResponseHead): void {
    this.#leave();
    this.#land('private');
    super.switchProtocols(head);
  }
}

function withoutContentRange(list: readonly string[]): string[] {
  return list.filter((_, i) => list[i - (i % 2)]!.toLowerCase() !== 'content-range');
}

/** Whether a HEAD's head is that of the stored GET: no validator and no length says otherwise. */
function isSameRepresentation({ validators, body }: CacheEntry, head: ResponseHead): boolean {
  const { fields, contentLength } = head;
  const etag = fields.get('etag');
  if (etag !== undefined && etag !== validators.etag) return false;
  const lastModified = fields.get('last-modified');
  if (lastModified !== undefined && lastModified !== validators.lastModified) return false;
  return contentLength < 0 || body.state !== 'complete' || contentLength === body.length;
}

/** A HEAD makes the edge fetch pages, not films. */
const warmBytes = 1024 * 1024;
