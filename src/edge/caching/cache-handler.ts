// What a route with a cache does with a request: answers it from what is stored, lets it wait for another that asks the
// same, or sends it to the origin and keeps what comes back. One handler for each route and snapshot; the cache behind it
// is one for the whole edge.
//
//   GET, HEAD -> fresh? answer
//             -> stale, may be served while it is refreshed? answer, and refresh by ourselves
//             -> being asked already? wait
//             -> ask (is it still good? or: what is it?) -> CacheMiss
//   others    -> PassThrough, which voids what they changed
import type { CachePolicy, CacheRule } from '#model/routes/cache-policy.ts';
import type { Coding } from '#model/routes/compression-policy.ts';
import { ChangedRequest } from '#http/changed-request.ts';
import { parseRange } from '#http/byte-range.ts';
import { cacheKey } from '#http/cache/cache-key.ts';
import { requestSettings, rulesFor } from '#http/cache/cache-rules.ts';
import type { CacheControl } from '#http/cache/cache-control.ts';
import type { CacheOutcome } from '#http/cache/cache-status.ts';
import { ageMs, freshForMs, usability } from '#http/cache/freshness.ts';
import type { Usability } from '#http/cache/freshness.ts';
import { isUnsafe, namedPlaces } from '#http/cache/invalidation.ts';
import type { Place } from '#http/cache/invalidation.ts';
import { reduceQuery } from '#http/cache/query.ts';
import type { ResponseFacts } from '#http/cache/response-facts.ts';
import { hasOriginCondition } from '#http/cache/validators.ts';
import { variantKey } from '#http/cache/vary.ts';
import type { RequestHead, ResponseHead } from '#http/exchange.ts';
import { forbidsTransform } from '../coding/route-coder.ts';
import type { RouteCoder } from '../coding/route-coder.ts';
import type { Exchange } from '../exchange.ts';
import { isOwnAnswer } from '../http2/http2-fields.ts';
import type { HandlerHost, RouteHandler } from '../routes/route-handler.ts';
import { detachedRequest, unconditionalRequest, validatingRequest } from './asked-request.ts';
import { answerFrom } from './cache-answer.ts';
import { codedBody } from './cached-coding.ts';
import type { CacheEntry } from '../cache/cache-entry.ts';
import { CacheMiss } from './cache-miss.ts';
import type { MissHost } from './cache-miss.ts';
import type { EdgeCache } from '../cache/edge-cache.ts';
import type { Flight } from '../cache/flights.ts';
import type { StoredBody } from '../cache/stored-body.ts';
import { DiskWaiter, nobody } from './nobody.ts';
import { passOn, PassThrough } from './pass-through.ts';
import type { Responder } from './pass-through.ts';
import { clientControl, isAboutClientCopy } from './question.ts';
import type { Question } from './question.ts';

export interface CacheHandlerOptions {
  readonly policy: CachePolicy;
  readonly cache: EdgeCache;
  readonly host: HandlerHost;
  /** Undefined: the route compresses nothing. */
  readonly coder: RouteCoder | undefined;
}

const dynamic = {
  method: { word: 'DYNAMIC', forward: 'method' },
  rule: { word: 'DYNAMIC', forward: 'bypass', refusal: 'rule' },
  body: { word: 'DYNAMIC', forward: 'bypass', refusal: 'request-body' },
  condition: { word: 'DYNAMIC', forward: 'request' },
} as const satisfies Record<string, CacheOutcome>;

/** A range that begins further ahead of what has come in than this goes to the origin itself. */
const rangeAheadBytes = 1024 * 1024;

export class CacheHandler implements RouteHandler, MissHost {
  readonly name: string;
  readonly cache: EdgeCache;
  readonly #policy: CachePolicy;
  readonly #host: HandlerHost;
  readonly #coder: RouteCoder | undefined;
  readonly #respond: Responder;

  constructor({ policy, cache, host, coder }: CacheHandlerOptions) {
    this.cache = cache;
    this.#policy = policy;
    this.#host = host;
    this.#coder = coder;
    this.name = coder ? 'cache with coder' : 'cache';
    this.#respond = coder
      ? (exchange, head) => coder.respond(exchange, head)
      : (exchange, head) => exchange.front.respond(head);
  }

  start(exchange: Exchange): void {
    const { request } = exchange;
    if (request.upgrade !== '') return this.#host.forward(exchange);
    exchange.isWithCache = true;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead) return this.#forwardOther(exchange);
    // What the body asks for is not in the key, so a stored answer is none to it, and its answer is none to others.
    if (request.bodyKind !== 'none') return this.#passThrough(exchange, dynamic.body);
    const { path, query, fields } = request;
    const rules = rulesFor(this.#policy, { path, query, cookie: fields.get('cookie') ?? '' });
    if (requestSettings(this.#policy, rules).bypass) return this.#passThrough(exchange, dynamic.rule);
    if (hasOriginCondition(fields)) return this.#passThrough(exchange, dynamic.condition);
    this.#ask(this.#question(exchange, rules));
  }

  #question(exchange: Exchange, rules: readonly CacheRule[]): Question {
    const { request } = exchange;
    const settings = requestSettings(this.#policy, rules);
    const query = reduceQuery(request.query, settings.query);
    return {
      exchange,
      request,
      front: exchange.front,
      policy: this.#policy,
      rules,
      query,
      key: cacheKey(request, query, settings),
      askedMs: this.cache.clock.nowMs(),
      hasWaited: false,
      hasFetched: false,
    };
  }

  // Questions.

  #ask(question: Question): void {
    const { request, key, policy } = question;
    const { fields } = request;
    const entry = this.cache.select(key, fields, policy.matchesLanguage) ?? this.#part(question);
    // RFC 9111 section 3.5, and the other way round: who says who he is gets what is meant for everybody, or asks.
    if (!entry && this.#isFetching(question)) return;
    const isMeant = entry && (fields.get('authorization') === undefined || entry.isForAuthorized);
    if (!entry || !isMeant) return this.#miss(question, undefined);
    switch (this.#use(question, entry)) {
      case 'fresh':
        if (this.#isFarAhead(question, entry)) return this.#miss(question, undefined);
        return this.#hit(question, entry);
      case 'stale-while-revalidate':
        this.#refresh(question, entry);
        return this.#answerStale(question, entry);
      default:
        return this.#validate(question, entry);
    }
  }

  /** Has what is on disk fetched, if there is something, and asks again then. */
  #isFetching(question: Question): boolean {
    const { exchange, request, key } = question;
    if (question.hasFetched) return false;
    question.hasFetched = true;
    const giveUp = this.cache.fetchFromDisk(key, request.fields, () => {
      exchange.handOver(nobody);
      this.#ask(question);
    });
    if (giveUp) exchange.attach(new DiskWaiter(giveUp));
    return giveUp !== undefined;
  }

  /** A stored part that answers the request's range. */
  #part({ request, key }: Question): CacheEntry | undefined {
    const text = request.fields.get('range');
    const range = text === undefined || request.method !== 'GET' ? undefined : parseRange(text);
    return range && this.cache.selectPart(key, request.fields, range);
  }

  #use(question: Question, entry: CacheEntry): Usability {
    const nowMs = this.cache.clock.nowMs();
    // Whoever waited for this very answer may have it, even if the next must ask again.
    if (question.hasWaited && entry.freshness.receivedMs >= question.askedMs) return 'fresh';
    const use = usability(entry.freshness, nowMs);
    if (!question.policy.honoursClientRefresh) return use;
    return clientUse(use, clientControl(question.request), {
      ageMs: ageMs(entry.freshness, nowMs),
      leftMs: freshForMs(entry.freshness, nowMs),
      isAlwaysValidated: entry.freshness.isAlwaysValidated,
    });
  }

  /** The range begins where the body that is coming in will not be for a while. */
  #isFarAhead({ request }: Question, { body }: CacheEntry): boolean {
    if (body.state !== 'growing') return false;
    const text = request.fields.get('range');
    const range = text === undefined ? undefined : parseRange(text);
    if (range === undefined) return false;
    const first = 'suffix' in range ? body.expectedLength - range.suffix : range.first;
    return first > body.length + rangeAheadBytes;
  }

  #hit(question: Question, entry: CacheEntry): void {
    this.cache.touch(entry);
    this.answer(question, entry, question.hasWaited ? collapsed : undefined);
  }

  #answerStale(question: Question, entry: CacheEntry): void {
    this.cache.touch(entry);
    const ttlMs = freshForMs(entry.freshness, this.cache.clock.nowMs());
    this.answer(question, entry, { word: 'UPDATING', forward: undefined, ttlMs });
  }

  answer(question: Question, entry: CacheEntry, outcome: CacheOutcome | undefined, moved?: () => void): void {
    const { exchange, request } = question;
    const { clock } = this.cache;
    const word = outcome?.word ?? 'HIT';
    exchange.cacheWord = word;
    exchange.front = question.front;
    const isSaved = word !== 'MISS' && word !== 'EXPIRED';
    const nowMs = clock.nowMs();
    const coding = this.#codingFor(question, entry);
    const bytes = answerFrom(exchange, {
      request,
      entry,
      outcome,
      nowMs,
      wallMs: clock.wallMs(),
      moved,
      coding,
      codedBody: this.#codedBody,
    });
    this.cache.count(word, request.host, isSaved ? bytes : 0);
  }

  /** Once for all answers, so that none has to make it. */
  readonly #codedBody = (entry: CacheEntry, coding: Coding): StoredBody | undefined =>
    this.#coder && codedBody(entry, coding, this.#coder.pool, (coded) => this.cache.reweigh(coded));

  isCodable(facts: ResponseFacts, length: number): boolean {
    return this.#coder?.isCodable(facts, length) === true;
  }

  #codingFor({ request }: Question, entry: CacheEntry): Coding | '' {
    const coder = this.#coder;
    if (!coder || !entry.isCodable || forbidsTransform(request.fields)) return '';
    const { state, length } = entry.body;
    return state === 'complete' && length < coder.policy.minBytes ? '' : coder.choose(request);
  }

  // Asking the origin.

  /** Asks whether a stored response is still good. */
  #validate(question: Question, entry: CacheEntry): void {
    const { exchange, request, query } = question;
    if (request.method === 'HEAD') return this.#miss(question, entry);
    const { etag, lastModified } = entry.validators;
    if ((etag === '' && lastModified === '') || entry.part !== undefined) return this.#miss(question, entry);
    const flight = this.#joinOrBegin(question, entry);
    if (flight === 'waiting') return;
    if (this.#refusesToAsk(question)) return this.#land(flight);
    exchange.request = validatingRequest(request, query, entry.validators);
    this.#send(question, { stale: entry, isValidating: true, flight, isBackground: false });
  }

  /** Asks what there is; `stale` may have to stand in for the answer. */
  #miss(question: Question, stale: CacheEntry | undefined): void {
    const { exchange, request, query } = question;
    const isShareable = request.method === 'GET' && !isAboutClientCopy(request);
    const flight = isShareable
      ? this.#joinOrBegin(question, stale ?? this.cache.any(question.key))
      : undefined;
    if (flight === 'waiting') return;
    if (this.#refusesToAsk(question)) return this.#land(flight);
    if (query !== request.query) exchange.request = new ChangedRequest(request, { query });
    this.#send(question, { stale, isValidating: false, flight, isBackground: false });
  }

  #send(question: Question, options: ConstructorParameters<typeof CacheMiss>[2]): void {
    const { exchange } = question;
    const miss = new CacheMiss(question, this, options);
    exchange.front = miss;
    exchange.companion = miss;
    this.#host.forward(exchange);
  }

  /** Waits for the same question that is under way, or makes this one the first. */
  #joinOrBegin(question: Question, known: CacheEntry | undefined): Flight | 'waiting' | undefined {
    const { flights } = this.cache;
    const key = flightKey(question, known);
    const flight = flights.find(key);
    if (flight === undefined) return flights.begin(key);
    const untilMs = question.askedMs + this.#policy.collapseWaitMs;
    if (!this.#mayWait(question) || !flights.mayWait(flight, untilMs)) return undefined;
    const { exchange } = question;
    question.hasWaited = true;
    const waiter = flights.wait(flight, untilMs, () => {
      exchange.handOver(nobody);
      this.#ask(question);
    });
    exchange.attach(waiter);
    return 'waiting';
  }

  /** Who asks for events asks for something that will not come to an end. */
  #mayWait({ request }: Question): boolean {
    return !(request.fields.get('accept') ?? '').includes('text/event-stream');
  }

  /** The client wants what is stored or nothing. */
  #refusesToAsk({ exchange, request }: Question): boolean {
    if (request.fields.get('cache-control') === undefined || !clientControl(request).onlyIfCached)
      return false;
    exchange.fail('not-cached', 'the client sent only-if-cached');
    return true;
  }

  #land(flight: Flight | undefined): void {
    if (flight) this.cache.flights.land(flight, 'gone');
  }

  askAgain(question: Question, flight: Flight | undefined): void {
    question.exchange.request = unconditionalRequest(question.request, question.query);
    this.#send(question, { stale: undefined, isValidating: false, flight, isBackground: false });
  }

  /** Asks for a stored response again while its client has been answered. */
  #refresh(question: Question, entry: CacheEntry): void {
    if (entry.isRefreshing || question.request.method !== 'GET') return;
    entry.isRefreshing = true;
    const { etag, lastModified } = entry.validators;
    const copy = detachedRequest(question.request, question.query);
    const isValidating = etag !== '' || lastModified !== '';
    const asked = isValidating
      ? validatingRequest(copy, question.query, entry.validators)
      : unconditionalRequest(copy, question.query);
    const exchange = this.#host.background(asked, question.exchange, nobody);
    const own: Question = { ...question, exchange, request: copy, front: nobody };
    this.#send(own, { stale: entry, isValidating, flight: undefined, isBackground: true });
  }

  warm(question: Question): void {
    const flight = this.cache.flights.find(question.key) ? undefined : this.cache.flights.begin(question.key);
    if (!flight) return;
    const copy = detachedRequest(question.request, question.query);
    const asked = unconditionalRequest(copy, question.query, 'GET');
    const exchange = this.#host.background(asked, question.exchange, nobody);
    const own: Question = { ...question, exchange, request: asked, front: nobody };
    this.#send(own, { stale: undefined, isValidating: false, flight, isBackground: true });
  }

  // What the cache does not answer.

  pass({ exchange, front, request }: Question, head: ResponseHead, outcome: CacheOutcome): void {
    if (!isOwnAnswer(head.fields)) this.cache.count(outcome.word, request.host, 0);
    passOn(exchange, front, head, { outcome, respond: this.#respond });
  }

  #passThrough(exchange: Exchange, outcome: CacheOutcome, answered?: (head: ResponseHead) => void): void {
    exchange.front = new PassThrough(exchange, { outcome, respond: this.#respond }, answered);
    this.cache.count(outcome.word, exchange.request.host, 0);
    this.#host.forward(exchange);
  }

  #forwardOther(exchange: Exchange): void {
    const { request } = exchange;
    if (!isUnsafe(request.method)) return this.#passThrough(exchange, dynamic.method);
    if (request.method === 'POST' && this.#policy.storesPost)
      return this.#send(this.#question(exchange, []), {
        ...{ stale: undefined, isValidating: false, flight: undefined, isBackground: false },
      });
    this.#passThrough(exchange, dynamic.method, (head) => this.changed(request, head));
  }

  changed({ scheme, host, path, query }: RequestHead, { status, fields }: ResponseHead): void {
    // RFC 9111 section 4.4: a failed change has changed nothing.
    if (status < 200 || status >= 400) return;
    this.#invalidate(scheme, host, { path, query });
    const location = fields.get('location') ?? '';
    const contentLocation = fields.get('content-location') ?? '';
    if (location === '' && contentLocation === '') return;
    for (const place of namedPlaces({ scheme, host, path, query }, { location, contentLocation }))
      this.#invalidate(scheme, host, place);
  }

  /** Voids the key that a place has under this route's policy. */
  #invalidate(scheme: 'http' | 'https', host: string, { path, query }: Place): void {
    const settings = requestSettings(this.#policy, rulesFor(this.#policy, { path, query, cookie: '' }));
    this.cache.invalidate(scheme, host, path, reduceQuery(query, settings.query));
  }
}

const collapsed: CacheOutcome = { word: 'HIT', forward: 'uri-miss', isCollapsed: true };

/** Equal questions have equal flight keys; what the answer will vary by is known only when one is stored. */
function flightKey({ key, request }: Question, known: CacheEntry | undefined): string {
  if (known === undefined || known.vary.length === 0) return key;
  return `${key}\0${variantKey(known.vary, request.fields) ?? ''}`;
}

/** What a client's own directives leave of a stored response's use (RFC 9111 section 5.2.1), where a route honours them. */
function clientUse(
  use: Usability,
  control: CacheControl,
  entry: { readonly ageMs: number; readonly leftMs: number; readonly isAlwaysValidated: boolean },
): Usability {
  if (control.noCache || control.noStore) return 'stale';
  if (control.maxAgeSeconds >= 0 && entry.ageMs > control.maxAgeSeconds * 1000) return 'stale';
  if (control.minFreshSeconds >= 0 && entry.leftMs < control.minFreshSeconds * 1000) return 'stale';
  const mayBeStale = control.maxStaleSeconds >= 0 && -entry.leftMs < control.maxStaleSeconds * 1000;
  return mayBeStale && !entry.isAlwaysValidated ? 'fresh' : use;
}
