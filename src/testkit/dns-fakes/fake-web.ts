// What the fakes of providers' HTTP interfaces share: a request taken apart, answers, rate limits by a sliding window, and
// faults on demand. They are written from the providers' published documentation.
import type { Clock } from '#base/clock.ts';
import { type WebAnswer, type WebClient, WebError, type WebRequest } from '#base/net/web-client.ts';

/** A request as a fake sees it. */
export interface FakeRequest {
  readonly method: WebRequest['method'];
  /** Without the base. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly url: string;
}

/** An answer of a status, with a body that is written as JSON unless it is text. */
export function reply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): WebAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers, body: Buffer.from(text) };
}

/** Several limits at once, each so many requests in so many milliseconds. */
export class SlidingLimit {
  readonly #clock: Clock;
  readonly #windows: readonly (readonly [count: number, perMs: number])[];
  #times: number[] = [];

  constructor(clock: Clock, ...windows: readonly (readonly [count: number, perMs: number])[]) {
    this.#clock = clock;
    this.#windows = windows;
  }

  /** Counts a request and returns 0, or returns the milliseconds until one is allowed. */
  take(): number {
    const now = this.#clock.nowMs();
    const longest = Math.max(...this.#windows.map(([, perMs]) => perMs));
    this.#times = this.#times.filter((at) => at > now - longest);
    const waits = this.#windows.map(([count, perMs]) => {
      const inside = this.#times.filter((at) => at > now - perMs);
      return inside.length < count ? 0 : inside[inside.length - count]! + perMs - now;
    });
    const wait = Math.max(0, ...waits);
    if (wait === 0) this.#times.push(now);
    return wait;
  }
}

/** What happens instead of an answer. */
export interface FakeFaults {
  /** Every so many reads are answered by a gateway's error page. */
  badGatewayEvery?: number;
  /** Looked at before each request: answers it in the fake's place, or lets it pass. */
  before?: (request: FakeRequest) => WebAnswer | undefined;
  /** Looked at after each request was carried out: its answer is lost on the way. */
  loses?: (request: FakeRequest) => boolean;
}

/** A client whose requests `handle` answers. */
export function fakeWeb(
  base: string,
  faults: FakeFaults,
  handle: (request: FakeRequest) => WebAnswer,
): WebClient & { readonly log: string[] } {
  const log: string[] = [];
  let reads = 0;
  const client: WebClient = async (request, signal) => {
    signal.throwIfAborted();
    const url = new URL(request.url);
    if (!request.url.startsWith(base)) throw new WebError('ENOTFOUND', `${url.host} is not ${base}`);
    const headers = Object.entries(request.headers ?? {}).map(
      ([name, value]) => [name.toLowerCase(), value] as const,
    );
    const seen: FakeRequest = {
      method: request.method,
      path: decodeURIComponent(url.href.slice(base.length).split('?')[0]!),
      query: url.searchParams,
      headers: Object.fromEntries(headers),
      body: String(request.body ?? ''),
      url: request.url,
    };
    log.push(`${seen.method} ${seen.path}`);
    const instead = faults.before?.(seen);
    if (instead) return instead;
    if (seen.method === 'GET' && faults.badGatewayEvery && ++reads % faults.badGatewayEvery === 0) {
      return reply(502, '<html><body>502 Bad Gateway</body></html>');
    }
    const answer = handle(seen);
    if (faults.loses?.(seen)) throw new WebError('ECONNRESET', 'socket hang up');
    return answer;
  };
  return Object.assign(client, { log });
}
