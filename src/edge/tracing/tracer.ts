// Distributed tracing of requests: continues or begins a trace, tells the origin which span asks it, and hands the spans of
// sampled requests on. A request is one `server` span; each try of an origin is a `client` span below it.
//
//   client --traceparent--> request span -> try 1 (failed), try 2 --traceparent--> origin
import type { CidrSet } from '#base/net/ip.ts';
import { cidrSet } from '#base/net/ip.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { ChangedRequest } from '#http/changed-request.ts';
import { EditedFields } from '#http/edited-fields.ts';
import type { RequestHead } from '#http/exchange.ts';
import { readTraceContext } from '#http/trace-context.ts';
import type { EdgeTracing, RouteEntry } from '#model/edge-snapshot.ts';
import { routeName } from '#model/routes/route.ts';
import type { Exchange } from '../exchange.ts';
import { RequestTrace, type TraceTry } from './request-trace.ts';
import type { Span, SpanEvent } from './span.ts';

const contextFields: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);
/** 52 bits of a trace id, of the 56 that are random: as many as a number holds exactly. */
const ratioScale = 2 ** 52;

export interface TracerOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Takes what is recorded; absent: nobody does. */
  readonly recordSpan?: ((span: Span) => void) | undefined;
}

export class Tracer {
  readonly #options: TracerOptions;
  #settings: EdgeTracing | undefined;
  #trusted: CidrSet = cidrSet([]);

  constructor(options: TracerOptions, settings: EdgeTracing | undefined) {
    this.#options = options;
    this.apply(settings);
  }

  /** Other settings from now on; undefined: only routes that ask for it are traced. */
  apply(settings: EdgeTracing | undefined): void {
    this.#settings = settings;
    this.#trusted = cidrSet(settings?.trustFrom ?? []);
  }

  /** A request has come in: it gets its place in a trace, unless neither the edge nor its route has a word about it. */
  begin(exchange: Exchange, route: RouteEntry | undefined): void {
    const own = route?.shaping?.trace;
    if (this.#settings === undefined && own === undefined) return;
    const { request } = exchange;
    const parent = readTraceContext(request.fields);
    const bytes = this.#options.random.bytes(24).toString('hex');
    const traceId = parent?.traceId ?? bytes.slice(0, 32);
    const ratio = own?.ratio ?? this.#settings?.ratio ?? 0;
    const isSampled =
      parent && this.#trusted.has(request.client.address)
        ? parent.isSampled
        : isChosen(parent ? bytes : traceId, ratio);
    exchange.trace = new RequestTrace({
      traceId,
      spanId: bytes.slice(32),
      parentId: parent?.parentId ?? '',
      state: parent?.state ?? '',
      isSampled,
      isPassedOn: own?.passOn ?? true,
      wallOffsetMs: this.#options.clock.wallMs() - this.#options.clock.nowMs(),
    });
    // What the origin reads is written anew for each try; an invalid field of the client's is not passed on either.
    if (request.fields.get('traceparent') !== undefined || request.fields.get('tracestate') !== undefined)
      exchange.request = withoutContext(request);
  }

  /** The exchange begins on an origin, perhaps not for the first time. */
  beginTry(exchange: Exchange): void {
    const { trace } = exchange;
    if (trace === undefined) return;
    const nowMs = this.#options.clock.nowMs();
    this.#endTry(exchange, trace, nowMs);
    trace.beginTry(this.#options.random.bytes(8).toString('hex'), nowMs);
  }

  /** The exchange is over. */
  finished(exchange: Exchange, endMs: number): void {
    const { trace } = exchange;
    if (trace === undefined) return;
    this.#endTry(exchange, trace, endMs);
    const { recordSpan: record } = this.#options;
    if (!trace.isSampled || record === undefined || exchange.isBackground) return;
    const { request, route, failure } = exchange;
    const name = route ? routeName(route) : '';
    record({
      ...{ traceId: trace.traceId, spanId: trace.spanId, parentId: trace.parentId, state: trace.state },
      isParentRemote: trace.parentId !== '',
      kind: 'server',
      name: name === '' ? request.method : `${request.method} ${name}`,
      startMs: request.startedMs + trace.wallOffsetMs,
      endMs: endMs + trace.wallOffsetMs,
      attributes: {
        ...requestAttributes(request),
        'client.address': exchange.clientAddress,
        'user_agent.original': request.fields.get('user-agent')?.slice(0, 200),
        'http.response.status_code': exchange.status || undefined,
        'http.request.body.size': exchange.bytesIn || undefined,
        'http.response.body.size': exchange.bytesOut || undefined,
        'sallyport.request_id': request.requestId,
        'sallyport.route': name || undefined,
        'sallyport.cache': exchange.cacheWord || undefined,
        'error.type': errorType(failure?.code, exchange.status),
      },
      events: [],
      error: exchange.status >= 500 ? (failure?.code ?? `status ${exchange.status}`) : '',
    });
  }

  #endTry(exchange: Exchange, trace: RequestTrace, endMs: number): void {
    const { attempt } = trace;
    const { recordSpan: record } = this.#options;
    trace.attempt = undefined;
    if (attempt === undefined || record === undefined || !trace.isSampled) return;
    const { request, target, failure } = exchange;
    const lost = attempt.lost || (failure?.code ?? '');
    record({
      ...{ traceId: trace.traceId, spanId: attempt.spanId, parentId: trace.spanId, state: trace.state },
      isParentRemote: false,
      kind: 'client',
      name: `${request.method} ${target?.rule.service ?? ''}`.trim(),
      startMs: attempt.startedMs + trace.wallOffsetMs,
      endMs: endMs + trace.wallOffsetMs,
      attributes: {
        ...requestAttributes(request),
        'http.response.status_code': lost === '' ? exchange.status || undefined : undefined,
        'http.request.resend_count':
          exchange.attempts > 1 && attempt.index > 1 ? attempt.index - 1 : undefined,
        'sallyport.tunnel': target?.slot.connection.tunnelId,
        'sallyport.connector': target?.slot.connection.instanceId,
        'sallyport.service': target?.rule.service,
        'error.type': errorType(lost || undefined, exchange.status),
      },
      events: this.#eventsOf(exchange, attempt, trace.wallOffsetMs),
      error: lost,
    });
  }

  /** What happened since a try began; times of an earlier try are not told twice. */
  #eventsOf(
    { openedMs, sentMs, firstByteMs }: Exchange,
    { startedMs }: TraceTry,
    offsetMs: number,
  ): SpanEvent[] {
    const times = [
      ['origin reached', openedMs],
      ['request sent', sentMs],
      ['first byte', firstByteMs],
    ] as const;
    return times
      .filter(([, atMs]) => atMs > 0 && atMs >= startedMs)
      .map(([name, atMs]) => ({ name, atMs: atMs + offsetMs }));
  }
}

/** By the id alone, so that all who see it decide alike: the share of ids at the upper end of their range. */
function isChosen(traceId: string, ratio: number): boolean {
  return Number.parseInt(traceId.slice(18, 31), 16) >= (1 - ratio) * ratioScale;
}

/** The query is never told, as in the access log: people's secrets stand in it. */
function requestAttributes(request: RequestHead): Record<string, string> {
  return {
    'http.request.method': request.method,
    'url.scheme': request.scheme,
    'url.path': request.path,
    'server.address': request.host,
    'network.protocol.version': request.httpVersion,
  };
}

function errorType(code: string | undefined, status: number): string | undefined {
  return code ?? (status >= 500 ? String(status) : undefined);
}

/** A request as it was, but for its place in a trace. */
function withoutContext(request: RequestHead): RequestHead {
  return new ChangedRequest(request, { fields: new EditedFields(request.fields, '', contextFields) });
}
