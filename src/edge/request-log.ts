// The recent lines of the access log, kept in memory for whoever wants to look: as the text they are, in the batches in which
// they come, and parsed only when somebody reads. To the data path it costs one push a batch.
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { LoggedRequest, RequestFilter } from '#model/logged-request.ts';

/** A page of requests, newest first. */
export interface RequestPage {
  readonly items: LoggedRequest[];
  /** Continues below the last of `items`; undefined at the end. */
  readonly nextCursor: string | undefined;
  /** Lines that are kept at the moment. */
  readonly held: number;
}

interface Batch {
  /** Number of its first line since the start. */
  readonly first: number;
  readonly count: number;
  readonly text: string;
}

interface Subscription {
  readonly matches: (line: string, request: LoggedRequest) => boolean;
  readonly onRequest: (request: LoggedRequest) => void;
}

export class RequestLog {
  readonly #capacity: number;
  readonly #batches: Batch[] = [];
  readonly #subscriptions = new Set<Subscription>();
  #held = 0;
  #next = 0;

  /** `capacity`: lines that are kept at least, as soon as there were so many. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether anybody waits for new requests. */
  get isWatched(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** Takes whole lines, as the access log hands them on. */
  add(text: string): void {
    let count = 0;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
    this.#batches.push({ first: this.#next, count, text });
    this.#next += count;
    this.#held += count;
    while (this.#batches.length > 1 && this.#held - this.#batches[0]!.count >= this.#capacity) {
      this.#held -= this.#batches.shift()!.count;
    }
    if (this.isWatched) this.#tell(text);
  }

  /** Requests that pass the filter, newest first; without those to the edge's own pages. */
  list(
    filter: RequestFilter,
    page: { readonly limit: number; readonly cursor: string | undefined },
  ): RequestPage {
    const matches = matcherOf(filter);
    const below = page.cursor === undefined ? Infinity : Number(page.cursor);
    const items: LoggedRequest[] = [];
    for (const { number, line } of this.#linesBelow(below)) {
      const request = parseLine(line);
      if (!request || isOwn(request) || !matches(line, request)) continue;
      if (items.length === page.limit) return { items, nextCursor: String(number + 1), held: this.#held };
      items.push(request);
    }
    return { items, nextCursor: undefined, held: this.#held };
  }

  /** The request with this id, if its line is still kept. */
  find(id: string): LoggedRequest | undefined {
    const mark = `"id":${JSON.stringify(id)}`;
    for (const { line } of this.#linesBelow(Infinity)) {
      if (!line.includes(mark)) continue;
      const request = parseLine(line);
      if (request?.id === id) return request;
    }
    return undefined;
  }

  /** Calls back for each request that passes the filter, from now until the returned function is called. */
  subscribe(filter: RequestFilter, onRequest: (request: LoggedRequest) => void): () => void {
    const subscription = { matches: matcherOf(filter), onRequest };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  #tell(text: string): void {
    for (const line of text.split('\n')) {
      const request = line === '' ? undefined : parseLine(line);
      if (!request || isOwn(request)) continue;
      for (const { matches, onRequest } of this.#subscriptions)
        if (matches(line, request)) onRequest(request);
    }
  }

  /** Lines with a number below `limit`, the newest first. */
  *#linesBelow(limit: number): Generator<{ readonly number: number; readonly line: string }> {
    for (const { first, count, text } of this.#batches.toReversed()) {
      if (first >= limit) continue;
      const lines = text.split('\n');
      for (let i = count - 1; i >= 0; i--) {
        if (first + i < limit) yield { number: first + i, line: lines[i]! };
      }
    }
  }
}

/** The dashboard and the API: looking at the log must not fill it. */
function isOwn({ tunnel }: LoggedRequest): boolean {
  return tunnel !== null && isLocalTunnelId(tunnel);
}

/** A line with everything it may lack; undefined for one that is no JSON. */
export function parseLine(line: string): LoggedRequest | undefined {
  try {
    return { ...emptyRequest, ...(JSON.parse(line) as Partial<LoggedRequest>) };
  } catch {
    return undefined;
  }
}

const emptyRequest: LoggedRequest = {
  time: '',
  id: '',
  client: '',
  method: '',
  host: '',
  path: '',
  protocol: '',
  status: 0,
  bytesIn: 0,
  bytesOut: 0,
  ms: 0,
  openMs: null,
  firstByteMs: null,
  tunnel: null,
  connector: null,
  connection: null,
  rule: null,
  attempts: 1,
  userAgent: null,
  cache: null,
  error: null,
  detail: null,
};

/** What a filter asks for, as one test. */
function matcherOf(filter: RequestFilter): Subscription['matches'] {
  const { host, status, tunnel, method, path, client } = filter;
  const search = filter.search?.toLowerCase();
  const suffix = host?.startsWith('*.') ? host.slice(1) : undefined;
  return (line, request) =>
    (host === undefined || (suffix === undefined ? request.host === host : request.host.endsWith(suffix))) &&
    (status === undefined || hasStatus(request.status, status)) &&
    (tunnel === undefined || request.tunnel === tunnel) &&
    (method === undefined || request.method === method.toUpperCase()) &&
    (path === undefined || request.path.startsWith(path)) &&
    (client === undefined || request.client === client) &&
    (search === undefined || line.toLowerCase().includes(search));
}

function hasStatus(status: number, wanted: string): boolean {
  return wanted.endsWith('xx') ? Math.floor(status / 100) === Number(wanted[0]) : status === Number(wanted);
}
