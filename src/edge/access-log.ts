// The access log: one JSON line per request, gathered and handed on in batches. HOT: a line is one template string, put
// into memory at once: strings gathered in a string are a tree of pieces that the garbage collector carries along.
// When the sink cannot keep up or fails (a full disk), lines are dropped and counted; traffic never waits for a log.
import type { FailureCode, RequestHead } from '#http/exchange.ts';
import type { Exchange } from './exchange.ts';

/** Gathered lines are handed on when they pass this size, or at the next tick of the sweep. */
const flushBytes = 65_536;

/** Longer ones say nothing more. */
const longestUserAgent = 200;

/** Room for one more line of usual length; a longer one goes on by itself. */
const gatherBytes = flushBytes + 16_384;

export interface AccessLogOptions {
  /** Receives whole lines; throws when they are lost, or calls `onLost` when that shows later. */
  readonly write: (lines: string, onLost: () => void) => void;
  readonly wallMs: () => number;
}

/** What the log says of a request that the edge answered by itself before routing it. */
export interface OwnAnswer {
  readonly id: string;
  readonly client: string;
  readonly status: number;
  /** As far as it could be read; undefined when not even that. */
  readonly request: Pick<RequestHead, 'method' | 'host' | 'path' | 'httpVersion'> | undefined;
  readonly error?: FailureCode;
  readonly detail?: string;
}

export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #memory = Buffer.allocUnsafeSlow(gatherBytes);
  #usedBytes = 0;
  #count = 0;
  #dropped = 0;
  #second = 0;
  #secondText = '';

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Lines lost because the sink failed. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Notes a finished exchange; `endMs` on the same clock as its other times. */
  add(exchange: Exchange, endMs: number): void {
    const { request, target, failure } = exchange;
    const started = request.startedMs;
    let line =
      `{"time":"${this.#time()}","id":"${request.requestId}","client":"${exchange.clientAddress}","method":"${request.method}",` +
      `"host":"${request.host}","path":${jsonPath(request.path)},"protocol":"HTTP/${request.httpVersion}","status":${exchange.status},` +
      `"bytesIn":${exchange.bytesIn},"bytesOut":${exchange.bytesOut},"ms":${millis(endMs - started)}`;
    if (exchange.openedMs > 0) line += `,"openMs":${millis(exchange.openedMs - started)}`;
    if (exchange.firstByteMs > 0) line += `,"firstByteMs":${millis(exchange.firstByteMs - started)}`;
    if (target) line += `${target.slot.logFields},"rule":${target.ruleIndex}`;
    if (exchange.cacheWord) line += `,"cache":"${exchange.cacheWord}"`;
    if (exchange.attempts > 1) line += `,"attempts":${exchange.attempts}`;
    const userAgent = request.fields.get('user-agent');
    if (userAgent !== undefined)
      line += `,"userAgent":${JSON.stringify(userAgent.slice(0, longestUserAgent))}`;
    if (failure) line += `,"error":"${failure.code}","detail":${JSON.stringify(failure.detail)}`;
    this.#gather(`${line}}\n`);
  }

  /** Notes an answer of the edge's own to a request that never became an exchange: a refusal or a redirect. */
  addOwn(answer: OwnAnswer): void {
    const { request, status } = answer;
    const named = request
      ? `"method":"${request.method}","host":"${request.host}","path":${jsonPath(request.path)},"protocol":"HTTP/${request.httpVersion}",`
      : '';
    const error = answer.error
      ? `,"error":"${answer.error}","detail":${JSON.stringify(answer.detail ?? '')}`
      : '';
    this.#gather(
      `{"time":"${this.#time()}","id":"${answer.id}","client":"${answer.client}",${named}"status":${status}${error}}\n`,
    );
  }

  #gather(line: string): void {
    // UTF-16 units take at most three bytes each in UTF-8.
    if (this.#usedBytes + line.length * 3 > gatherBytes) this.flush();
    if (line.length * 3 > gatherBytes) return this.#handOn(line, 1);
    this.#usedBytes += this.#memory.utf8Write(line, this.#usedBytes);
    this.#count += 1;
    if (this.#usedBytes >= flushBytes) this.flush();
  }

  /** Hands gathered lines on. */
  flush(): void {
    if (this.#count === 0) return;
    const lines = this.#memory.utf8Slice(0, this.#usedBytes);
    const count = this.#count;
    this.#usedBytes = 0;
    this.#count = 0;
    this.#handOn(lines, count);
  }

  #handOn(lines: string, count: number): void {
    const onLost = (): void => void (this.#dropped += count);
    try {
      this.#options.write(lines, onLost);
    } catch {
      onLost();
    }
  }

  /** RFC 3339 with milliseconds; the text up to the second is kept while it lasts. */
  #time(): string {
    const now = this.#options.wallMs();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = new Date(second * 1000).toISOString().slice(0, 20);
    }
    return `${this.#secondText}${String(Math.floor(now % 1000)).padStart(3, '0')}Z`;
  }
}

/**
 * A canonical path as JSON. Its parser lets neither controls nor backslashes in, which leaves the quotation mark; methods
 * and hosts consist of token and hostname characters and need not even that.
 */
function jsonPath(path: string): string {
  return path.includes('"') ? JSON.stringify(path) : `"${path}"`;
}

/** Milliseconds with three decimals, from whole microseconds: printing a float costs ten times as much. */
function millis(value: number): string {
  const micros = Math.round(value * 1000);
  const whole = Math.floor(micros / 1000);
  const rest = micros - whole * 1000;
  if (rest === 0) return `${whole}`;
  return rest < 10 ? `${whole}.00${rest}` : rest < 100 ? `${whole}.0${rest}` : `${whole}.${rest}`;
}
