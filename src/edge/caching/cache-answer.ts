// An answer from the cache: the whole stored response, a part of it, or word that the client's copy is still good.
import type { Coding } from '#model/routes/compression-policy.ts';
import type { RequestHead, ResponseHead } from '#http/exchange.ts';
import { parseRange, resolveRange } from '#http/byte-range.ts';
import type { ByteRange } from '#http/byte-range.ts';
import { cacheStatusLines } from '#http/cache/cache-status.ts';
import type { CacheOutcome } from '#http/cache/cache-status.ts';
import { ageMs } from '#http/cache/freshness.ts';
import { notModifiedList } from '#http/cache/stored-fields.ts';
import { ifRangeHolds, isNotModified } from '#http/cache/validators.ts';
import { EditedFields } from '#http/edited-fields.ts';
import { ListFields } from '#http/list-fields.ts';
import type { Exchange } from '../exchange.ts';
import { BodyReader } from '../cache/body-reader.ts';
import { HitFields } from '../cache/cache-entry.ts';
import type { CacheEntry } from '../cache/cache-entry.ts';
import { blockBytes } from '../cache/stored-body.ts';
import type { StoredBody } from '../cache/stored-body.ts';

/** What an answer is made of. */
export interface AnswerOptions {
  /** The client's request; `exchange.request` may be another question by now. */
  readonly request: RequestHead;
  readonly entry: CacheEntry;
  /** Undefined: a plain hit. */
  readonly outcome: CacheOutcome | undefined;
  readonly nowMs: number;
  readonly wallMs: number;
  /** The coding that the client prefers, if the entry may be sent in it. */
  readonly coding: Coding | '';
  /** The entry's body in that coding; undefined when it must be sent as it is. */
  readonly codedBody: (entry: CacheEntry, coding: Coding) => StoredBody | undefined;
  /** Told when a reader has moved on. */
  readonly moved?: (() => void) | undefined;
}

/** Answers; returns the body bytes it will send, -1 if nobody knows yet. HOT for plain hits. */
export function answerFrom(exchange: Exchange, options: AnswerOptions): number {
  const { request, entry, outcome, nowMs } = options;
  const { fields } = request;
  if (
    entry.status === 200 &&
    entry.part === undefined &&
    isNotModified(fields, entry.validators, options.wallMs)
  )
    return answerNotModified(exchange, options);
  const lines =
    outcome === undefined
      ? entry.hitLines(nowMs)
      : ageLine(entry, outcome, nowMs) + cacheStatusLines(outcome);
  const range = request.method === 'GET' ? rangeOf(options) : undefined;
  if (range === 'unsatisfiable') return answerUnsatisfiable(exchange, entry, lines);
  if (range !== undefined) return answerRange(exchange, options, range, lines);
  return answerWhole(exchange, options, lines);
}

/** An answer that has just come from the origin is as old as its own Age says; one that was kept has an age in any case. */
function ageLine(entry: CacheEntry, outcome: CacheOutcome, nowMs: number): string {
  if ((outcome.word === 'MISS' || outcome.word === 'EXPIRED') && entry.facts.ageSeconds === 0) return '';
  return `Age: ${Math.floor(ageMs(entry.freshness, nowMs) / 1000)}\r\n`;
}

function answerNotModified(exchange: Exchange, options: AnswerOptions): number {
  const { entry, outcome, nowMs, coding } = options;
  const lines =
    outcome === undefined
      ? entry.hitLines(nowMs)
      : ageLine(entry, outcome, nowMs) + cacheStatusLines(outcome);
  const fields = new EditedFields(new ListFields(notModifiedList(entry.head(coding).list)), lines);
  finish(exchange, { status: 304, fields, bodyKind: 'none', contentLength: -1 });
  return 0;
}

function answerUnsatisfiable(exchange: Exchange, entry: CacheEntry, lines: string): number {
  const fields = new EditedFields(new ListFields(['Content-Range', `bytes */${totalOf(entry)}`]), lines);
  finish(exchange, { status: 416, fields, bodyKind: 'length', contentLength: 0 });
  return 0;
}

function finish(exchange: Exchange, head: ResponseHead): void {
  exchange.respond(head);
  exchange.end(null);
}

/** Length of the whole representation, -1 while unknown. */
export function totalOf({ part, body }: CacheEntry): number {
  return part === undefined ? body.expectedLength : part.total;
}

/** The bytes that the request wants of a whole whose length is known; undefined for all of them. */
function rangeOf({
  request,
  entry,
  outcome,
  wallMs,
}: AnswerOptions): ByteRange | 'unsatisfiable' | undefined {
  // A part that has just come is what the origin made of the range, whatever we would have.
  if (entry.part && outcome?.isStored === true) {
    const { first } = entry.part;
    return { first, last: first + entry.body.expectedLength - 1 };
  }
  const text = request.fields.get('range');
  if (text === undefined || (entry.status !== 200 && entry.part === undefined)) return undefined;
  const range = parseRange(text);
  const total = totalOf(entry);
  if (range === undefined) return undefined;
  if (!ifRangeHolds(request.fields, entry.validators, wallMs)) return undefined;
  if (total >= 0) return resolveRange(range, total) ?? 'unsatisfiable';
  return 'suffix' in range || range.last === Infinity ? undefined : range;
}

function answerRange(exchange: Exchange, options: AnswerOptions, range: ByteRange, lines: string): number {
  const { entry } = options;
  const total = totalOf(entry);
  const offset = entry.part?.first ?? 0;
  const contentLength = range.last - range.first + 1;
  const contentRange = `Content-Range: bytes ${range.first}-${range.last}/${total < 0 ? '*' : total}\r\n`;
  const head: ResponseHead = {
    ...{ status: 206, bodyKind: 'length', contentLength },
    fields: new HitFields(entry.head(''), contentRange + lines),
  };
  send(
    exchange,
    head,
    entry.body,
    { first: range.first - offset, end: range.last + 1 - offset },
    options.moved,
  );
  return contentLength;
}

function answerWhole(exchange: Exchange, options: AnswerOptions, lines: string): number {
  const { request, entry } = options;
  const { status } = entry;
  const coded = options.coding === '' ? undefined : options.codedBody(entry, options.coding);
  const body = coded ?? entry.body;
  const length = body.state === 'complete' ? body.length : body.expectedLength;
  const fields = new HitFields(entry.head(coded ? options.coding : ''), lines);
  if (request.method === 'HEAD' || status === 204) {
    finish(exchange, { status, fields, bodyKind: 'none', contentLength: status === 204 ? -1 : length });
    return 0;
  }
  const head: ResponseHead = {
    status,
    fields,
    bodyKind: length < 0 ? 'chunked' : 'length',
    contentLength: length,
  };
  const bytes = length <= blockBytes && body.state === 'complete' ? body.view(0) : undefined;
  if (bytes === undefined) send(exchange, head, body, { first: 0, end: Infinity }, options.moved);
  else {
    exchange.respond(head);
    exchange.body(bytes, true);
    exchange.end(null);
  }
  return length;
}

function send(
  exchange: Exchange,
  head: ResponseHead,
  body: StoredBody,
  part: { readonly first: number; readonly end: number },
  moved: (() => void) | undefined,
): void {
  const reader = new BodyReader(body, exchange, part, moved);
  exchange.attach(reader);
  exchange.respond(head);
  reader.start();
}
