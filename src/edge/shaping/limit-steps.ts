// The steps that hold a route's requests to limits: how large, how often, how fast. What they count outlives a change of the
// configuration, as long as the limit itself stays what it was.
import type { Clock } from '#base/clock.ts';
import { parseDuration } from '#base/text/duration.ts';
import { parseSize } from '#base/text/size.ts';
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { RequestHead, ResponseHead } from '#http/exchange.ts';
import type { BandwidthSettings } from '#model/shaping/bandwidth.ts';
import type { RateLimitRule } from '#model/shaping/rate-limit.ts';
import type { RequestLimits } from '#model/shaping/request-limits.ts';
import type { Exchange } from '../exchange.ts';
import type { Mates } from '../mates/mates.ts';
import { SharedSpending } from '../mates/shared-spending.ts';
import { HeadStep } from '../routes/head-step.ts';
import type { RouteHandler } from '../routes/route-handler.ts';
import { clientKey } from './client-key.ts';
import { type Direction, ExchangePace, type PacedBucket } from './exchange-pace.ts';
import { stepBefore } from './step-before.ts';
import { type BucketRate, BucketTable, TokenBucket } from './token-bucket.ts';

/** Clients that one limit remembers: some 2 MiB. */
const maxClients = 20_000;
/** Limits that are remembered over changes of the configuration. */
const maxTables = 1_000;

/** What limits count, by route and rule. */
export class LimitTables {
  readonly #tables = new Map<string, BucketTable>();
  readonly #spending: SharedSpending | undefined;

  /** `shared`: the other processes of the edge, over which limits hold, too. */
  constructor(shared?: { readonly mates: Mates; readonly clock: Clock }) {
    this.#spending = shared && new SharedSpending(shared, (id) => this.#tables.get(id));
  }

  /** The table of a limit; `key` tells it from all others. */
  tableOf(key: string, rate: BucketRate): BucketTable {
    const id = `${key} ${rate.capacity} ${rate.perMs}`;
    const table = this.#tables.get(id) ?? new BucketTable(rate, maxClients, this.#spending?.of(id));
    this.#tables.delete(id);
    this.#tables.set(id, table);
    if (this.#tables.size > maxTables) this.#tables.delete(this.#tables.keys().next().value!);
    return table;
  }
}

export interface LimitTools {
  readonly clock: Clock;
  readonly tables: LimitTables;
  /** Hostname and path of the route. */
  readonly routeName: string;
}

/** The step of `limits`. */
export function requestLimitsStep(limits: RequestLimits, next: RouteHandler): RouteHandler {
  const sizeOf = (text: string | undefined): number => (text === undefined ? Infinity : parseSize(text)!);
  const [body, headers, url] = [sizeOf(limits.body), sizeOf(limits.headers), sizeOf(limits.url)];
  const headerCount = limits.headerCount ?? Infinity;
  return stepBefore('limits', next, (exchange) => {
    const { request } = exchange;
    if (request.path.length + request.query.length > url)
      return exchange.fail('uri-too-long', `more than the ${url} bytes that the route allows`);
    if (headers !== Infinity || headerCount !== Infinity) {
      const found = sizeOfFields(request);
      if (found.bytes > headers || found.count > headerCount)
        return exchange.fail('headers-too-large', `${found.count} fields of ${found.bytes} bytes`);
    }
    if (exchange.limitBody(body)) next.start(exchange);
  });
}

function sizeOfFields({ fields }: RequestHead): { readonly bytes: number; readonly count: number } {
  let bytes = 0;
  let count = 0;
  fields.forEach((name, value) => {
    bytes += name.length + value.length;
    count += 1;
  });
  return { bytes, count };
}

/** The step of one of `rateLimits`. */
export function rateLimitStep(rule: RateLimitRule, next: RouteHandler, tools: LimitTools): RouteHandler {
  const { clock } = tools;
  const windowMs = parseDuration(rule.window)!;
  const rate = { capacity: rule.burst ?? rule.requests, perMs: rule.requests / windowMs };
  const table = tools.tables.tableOf(`rate ${tools.routeName} ${JSON.stringify(rule)}`, rate);
  const { paths } = rule;
  const policyLine = `"${rule.name}";q=${rule.requests};w=${Math.ceil(windowMs / 1000)}`;
  return stepBefore('rate limit', next, (exchange) => {
    const { method, path } = exchange.request;
    const isMeant =
      (rule.methods === undefined || rule.methods.includes(method)) &&
      (paths === undefined || matchesAnyWildcard(paths, path));
    if (!isMeant) return next.start(exchange);
    const nowMs = clock.nowMs();
    const bucket = table.bucketOf(rule.per === 'route' ? '' : clientKey(exchange.clientAddress), nowMs);
    const isTaken = bucket.takeOne(rate, nowMs);
    const left = bucket.remaining(rate, nowMs);
    const fullInS = Math.ceil(bucket.waitMs(rate.capacity, rate, nowMs) / 1000);
    const fields = [
      ...['RateLimit-Policy', policyLine],
      ...['RateLimit', `"${rule.name}";r=${left};t=${fullInS}`],
    ];
    if (isTaken) {
      exchange.front = new RateStep(exchange, fields);
      return next.start(exchange);
    }
    const againInS = Math.max(1, Math.ceil(bucket.waitMs(1, rate, nowMs) / 1000));
    exchange.fail('rate-limited', `the limit "${rule.name}" is used up`, {
      fields: [...fields, 'Retry-After', String(againInS)],
      ...(rule.per === 'route' ? { sentence: 'Too many requests come to this site at once.' } : {}),
    });
  });
}

/** Tells the client how much is left. */
class RateStep extends HeadStep {
  readonly #fields: readonly string[];

  constructor(exchange: Exchange, fields: readonly string[]) {
    super(exchange, exchange.front);
    this.#fields = fields;
  }

  respond(head: ResponseHead): void {
    if (this.exchange.front === this) this.stepAside();
    const [name, policy, other, state] = this.#fields;
    const lines = `${name}: ${policy}\r\n${other}: ${state}\r\n`;
    this.front.respond(new EditedHead(head, new EditedFields(head.fields, lines)));
  }
}

/** The step of `bandwidth`. */
export function bandwidthStep(
  { down, up, per }: BandwidthSettings,
  next: RouteHandler,
  { clock, tables, routeName }: LimitTools,
): RouteHandler {
  const lanes = Object.entries({ down, up }).flatMap(([direction, text]) => {
    if (text === undefined) return [];
    // What comes in a second may come at once.
    const bytes = parseSize(text)!;
    const rate = { capacity: bytes, perMs: bytes / 1000 };
    const table = tables.tableOf(`bandwidth ${direction} ${per} ${routeName}`, rate);
    return [{ direction: direction as Direction, rate, table }];
  });
  return stepBefore('bandwidth', next, (exchange) => {
    const nowMs = clock.nowMs();
    const buckets: Partial<Record<Direction, PacedBucket>> = {};
    for (const { direction, rate, table } of lanes) {
      const bucket =
        per === 'request'
          ? new TokenBucket(rate, nowMs)
          : table.bucketOf(per === 'route' ? '' : clientKey(exchange.clientAddress), nowMs);
      buckets[direction] = { bucket, rate };
    }
    exchange.pace = new ExchangePace(exchange, buckets, clock);
    whenPaid(exchange, buckets.down, clock, () => next.start(exchange));
  });
}

/** Longest wait in one go; then the time limits of the data path are told that all is well. */
const longestWaitMs = 5_000;

/**
 * Bytes are paid for after they have passed, so that an answer of one piece never waits by itself: as long as its client owes
 * for earlier ones, a request waits. One with a body goes on, because that is on its way already.
 */
function whenPaid(exchange: Exchange, paced: PacedBucket | undefined, clock: Clock, go: () => void): void {
  if (exchange.isFinished) return;
  const owedMs = paced?.bucket.waitMs(0, paced.rate, clock.nowMs()) ?? 0;
  if (owedMs === 0 || !exchange.isRequestDone) return go();
  exchange.progressMs = clock.nowMs();
  clock.after(Math.min(owedMs, longestWaitMs), () => whenPaid(exchange, paced, clock, go));
}
