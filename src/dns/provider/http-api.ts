// Requests to a provider's HTTP interface: paced, repeated where that is safe, patient when it asks for patience, and with
// every fault as one sentence that never holds a credential.
//
//   429, or 503 with Retry-After   wait as long as it asks, within a limit; then 'dns-limited'
//   no answer, 5xx, no JSON        GET again; a change is never repeated blindly; then 'dns-unreachable'
//   401, 403                       'dns-refused'
//   other 4xx                      ApiRefusal: this request was wrong, others may be right
import type { z } from 'zod';
import { Backoff } from '#base/backoff.ts';
import { type Clock, sleep } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import { type WebAnswer, type WebClient, WebError, type WebRequest } from '#base/net/web-client.ts';

export interface HttpApiOptions {
  /** The provider's name in edge.yml, for messages. */
  readonly name: string;
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly web: WebClient;
  readonly clock: Clock;
  readonly random: Random;
  /** Least time between two requests, from the provider's limits. */
  readonly everyMs: number;
  /** Headers of a request, the credentials among them. */
  readonly headersFor: (request: WebRequest) => Readonly<Record<string, string>>;
  /** What must never appear in a message. */
  readonly secrets: readonly string[];
  /** What went wrong, in the provider's words, from the body of an error. */
  readonly detailOf: (body: string) => string;
  /** Whether an error that is no 429 asks for patience all the same. */
  readonly isThrottle?: (answer: WebAnswer) => boolean;
}

/** A request that the provider found wrong. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = 'ApiRefusal';
    this.status = status;
  }
}

export interface ApiRequest {
  readonly method: WebRequest['method'];
  /** With a slash in front, and the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

/** In all, for one request; longer than any provider's shortest window. */
const maxPatienceMs = 150_000;
const throttleBackoff = { baseMs: 1_000, capMs: 30_000 };
const retryBackoff = { baseMs: 500, capMs: 5_000 };
const readTries = 4;
const maxDetailChars = 200;

/** One provider's interface; requests go one after the other. */
export class HttpApi {
  readonly #options: HttpApiOptions;
  #nextMs = 0;

  constructor(options: HttpApiOptions) {
    this.#options = options;
  }

  /** A JSON answer of a known shape. @throws SallyportError, ApiRefusal */
  async json<Schema extends z.ZodType>(
    request: ApiRequest,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.output<Schema>> {
    return (await this.jsonWithHeaders(request, schema, signal)).value;
  }

  /** The same with the answer's headers, by lower-case name. */
  async jsonWithHeaders<Schema extends z.ZodType>(
    request: ApiRequest,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<{ readonly value: z.output<Schema>; readonly headers: WebAnswer['headers'] }> {
    const answer = await this.send(request, signal);
    const parsed = schema.safeParse(parseJson(answer.body));
    if (parsed.success) return { value: parsed.data, headers: answer.headers };
    throw this.#unreachable(`answered ${request.method} ${pathOf(request)} with something unexpected`);
  }

  /** An answer with a status below 300. @throws SallyportError, ApiRefusal */
  async send(request: ApiRequest, signal: AbortSignal): Promise<WebAnswer> {
    const { clock, random } = this.#options;
    const deadlineMs = clock.nowMs() + maxPatienceMs;
    const throttled = new Backoff({ ...throttleBackoff, random });
    const retried = new Backoff({ ...retryBackoff, random });
    for (;;) {
      const outcome = await this.#once(request, signal);
      if (outcome instanceof SallyportError) {
        const mayRepeat = request.method === 'GET' && retried.failures < readTries - 1;
        if (!mayRepeat) throw outcome;
        await sleep(clock, retried.nextMs(), signal);
        continue;
      }
      const waitMs = this.#patienceFor(outcome, throttled);
      if (waitMs === undefined) return this.#judge(request, outcome);
      if (clock.nowMs() + waitMs > deadlineMs) throw this.#limited(waitMs);
      await sleep(clock, waitMs, signal);
    }
  }

  async #once(request: ApiRequest, signal: AbortSignal): Promise<WebAnswer | SallyportError> {
    const { clock, web, baseUrl, everyMs } = this.#options;
    const waitMs = this.#nextMs - clock.nowMs();
    this.#nextMs = Math.max(clock.nowMs(), this.#nextMs) + everyMs;
    if (waitMs > 0) await sleep(clock, waitMs, signal);
    const { method, path, body, contentType = 'application/json' } = request;
    const bare: WebRequest = { method, url: `${baseUrl}${path}`, ...(body === undefined ? {} : { body }) };
    const headers: Record<string, string> = { ...this.#options.headersFor(bare) };
    if (body !== undefined) headers['Content-Type'] = contentType;
    try {
      const answer = await web({ ...bare, headers }, signal);
      if (answer.status < 500 || this.#patienceHeader(answer) !== undefined) return answer;
      return this.#unreachable(`has trouble of its own (status ${answer.status})`);
    } catch (error) {
      if (!(error instanceof WebError)) throw error;
      return this.#unreachable(`could not be asked (${this.#clean(errorText(error))})`, error);
    }
  }

  /** How long to wait before the same request again; undefined when the answer is one. */
  #patienceFor(answer: WebAnswer, throttled: Backoff): number | undefined {
    const asked = this.#patienceHeader(answer);
    if (answer.status === 429 || this.#options.isThrottle?.(answer)) {
      // The first wait of a backoff is none; somebody who asks for patience gets some.
      return asked ?? throttleBackoff.baseMs + throttled.nextMs();
    }
    return answer.status === 503 ? asked : undefined;
  }

  /** Retry-After (RFC 9110 section 10.2.3): seconds, or a date. */
  #patienceHeader({ status, headers }: WebAnswer): number | undefined {
    if (status < 400) return undefined;
    const text = String(headers['retry-after'] ?? '').trim();
    if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
    const dateMs = Date.parse(text);
    return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - this.#options.clock.wallMs());
  }

  #judge(request: ApiRequest, answer: WebAnswer): WebAnswer {
    const { name, detailOf } = this.#options;
    if (answer.status < 300) return answer;
    const words = this.#clean(detailOf(answer.body.toString('utf8'))) || `status ${answer.status}`;
    if (answer.status === 401 || answer.status === 403) {
      throw new SallyportError(
        'dns-refused',
        `The DNS provider ${name} refuses ${request.method} ${pathOf(request)} (${words}); check that its credentials are valid and may change the zone.`,
      );
    }
    if (answer.status < 400) throw this.#unreachable(`answered with a redirect (status ${answer.status})`);
    throw new ApiRefusal(answer.status, words);
  }

  #limited(waitMs: number): SallyportError {
    return new SallyportError(
      'dns-limited',
      `The DNS provider ${this.#options.name} asks to wait ${Math.ceil(waitMs / 1000)} s before the next request; what is left is done later.`,
    );
  }

  #unreachable(what: string, cause?: unknown): SallyportError {
    const { name } = this.#options;
    return new SallyportError(
      'dns-unreachable',
      `The DNS provider ${name} ${what}; it is tried again later.`,
      { cause },
    );
  }

  /** One line of moderate length without what is secret. */
  #clean(text: string): string {
    let clean = text.replaceAll(/\s+/g, ' ').trim();
    for (const secret of this.#options.secrets)
      if (secret !== '') clean = clean.replaceAll(secret, '(secret)');
    return clean.length > maxDetailChars ? `${clean.slice(0, maxDetailChars)} ...` : clean;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Without the query, which is long and tells nothing. */
function pathOf({ path }: ApiRequest): string {
  return path.split('?')[0]!;
}
