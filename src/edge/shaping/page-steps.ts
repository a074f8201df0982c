// The steps that answer with pages of the owner's: while a site is being worked on, and in the place of errors.
import { parseDuration } from '#base/text/duration.ts';
import { cidrSet } from '#base/net/ip.ts';
import { httpStatusTexts } from '#base/net/node-http.ts';
import { failureCodes } from '#http/exchange.ts';
import type { ExchangeFailure, FailureCode, Fields, ResponseHead } from '#http/exchange.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { ErrorPageSettings } from '#model/shaping/error-pages.ts';
import type { MaintenanceSettings } from '#model/shaping/maintenance.ts';
import { escapeHtml } from '../error-page.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import type { RouteHandler } from '../routes/route-handler.ts';
import { stepBefore } from './step-before.ts';

/** The step of `maintenance`. */
export function maintenanceStep(
  { message, retryAfter, allow }: MaintenanceSettings,
  next: RouteHandler,
): RouteHandler {
  const allowed = cidrSet(allow);
  const fields = ['Retry-After', String(Math.ceil(parseDuration(retryAfter)! / 1000))];
  return stepBefore('maintenance', next, (exchange) => {
    if (allowed.has(exchange.clientAddress)) return next.start(exchange);
    exchange.fail('maintenance', 'the route is being worked on', { sentence: message, fields });
  });
}

/** Pages by `404` and `5xx`. */
export type ErrorPages = ReadonlyMap<string, string>;

/** Reads the pages of a folder below the edge's own; empty where there are none. */
export type PageReader = (folder: string) => ErrorPages;

/** The step of `errorPages`. */
export function errorPagesStep(
  { from, pages = {}, folder }: ErrorPageSettings,
  next: RouteHandler,
  readPages: PageReader,
): RouteHandler {
  const all = new Map([...(folder === undefined ? [] : readPages(folder)), ...Object.entries(pages)]);
  return stepBefore('error pages', next, (exchange) => {
    const { request } = exchange;
    const takesHtml = (request.fields.get('accept') ?? '').includes('text/html');
    if (takesHtml && request.upgrade === '') exchange.front = new PageStep(exchange, all, from);
    next.start(exchange);
  });
}

/** What of an error answer describes the body that is not sent. */
const aboutBody: ReadonlySet<string> = new Set([
  ...['content-type', 'content-encoding', 'content-language', 'content-range', 'content-disposition'],
  ...[
    'content-md5',
    'content-digest',
    'repr-digest',
    'etag',
    'last-modified',
    'accept-ranges',
    'content-location',
  ],
]);

/** What is said of an error of the service, which comes without a sentence of ours. */
function originSentence(status: number): string {
  const phrase = httpStatusTexts[status];
  return `The service answered with ${status}${phrase === undefined ? '' : ` (${phrase})`}.`;
}

class PageStep extends HeadStep {
  readonly #pages: ErrorPages;
  readonly #from: ErrorPageSettings['from'];
  #isReplaced = false;

  constructor(exchange: Exchange, pages: ErrorPages, from: ErrorPageSettings['from']) {
    super(exchange, exchange.front);
    this.#pages = pages;
    this.#from = from;
  }

  respond(head: ResponseHead): void {
    const page = head.status < 400 ? undefined : this.#pageFor(head);
    if (page === undefined) {
      if (this.exchange.front === this) this.stepAside();
      return this.front.respond(head);
    }
    this.#isReplaced = true;
    const bytes = Buffer.from(page);
    const isHead = this.exchange.request.method === 'HEAD';
    const lines = 'Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n';
    const fields = new EditedFields(head.fields, lines, omitted);
    const body = { bodyKind: isHead ? 'none' : 'length', contentLength: bytes.length } as const;
    this.front.respond(new EditedHead(head, fields, body));
    if (!isHead) this.front.body(bytes);
  }

  #pageFor({ status, fields }: ResponseHead): string | undefined {
    const code = fields.get('x-sallyport-error') as FailureCode | undefined;
    if (this.#from !== 'any' && (this.#from === 'edge') !== (code !== undefined)) return undefined;
    const page = this.#pages.get(String(status)) ?? this.#pages.get(`${String(status)[0]}xx`);
    if (page === undefined) return undefined;
    const { host, requestId } = this.exchange.request;
    const values: Readonly<Record<string, string>> = {
      status: String(status),
      sentence:
        this.exchange.failure?.sentence ?? (code && failureCodes[code]?.[1]) ?? originSentence(status),
      host,
      request_id: requestId,
    };
    return page.replace(/\{(status|sentence|host|request_id)\}/g, (_, name: string) =>
      escapeHtml(values[name]!),
    );
  }

  // The body that the page stands for is read over.

  override body(chunk: Buffer, lasts?: boolean): boolean {
    return this.#isReplaced ? true : this.front.body(chunk, lasts);
  }

  override end(trailers: Fields | null): void {
    this.front.end(this.#isReplaced ? null : trailers);
  }

  /** The page is whole, whatever happens to the body that nobody wanted. */
  override abort(what: ExchangeFailure): void {
    if (this.#isReplaced) this.front.end(null);
    else this.front.abort(what);
  }
}

const omitted: ReadonlySet<string> = new Set([...aboutBody, 'cache-control']);
