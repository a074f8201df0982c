// The access log: one JSON line per request, gathered and handed on in batches. HOT: a line is one template string, put
// into memory at once: strings gathered in a string are a tree of pieces that the garbage collector carries along.
// When the sink cannot keep up or fails (a full disk), lines are dropped and counted; traffic never waits for a log.
import type { ExchangeFailure, FailureCode, RequestHead } from '#http/exchange.ts';
import type { AccessGrant } from './access/access-handler.ts';
import type { PortEntry } from '#model/edge-snapshot.ts';
import type { Exchange } from './exchange.ts';
import type { RequestLog } from './request-log.ts';
import type { TunnelTarget } from './tunnel-registry.ts';

/** Gathered lines are handed on when they pass this size, or at the next tick of the sweep. */
const flushBytes = 65_536;

/** Browsers need about 120 characters; longer ones say nothing more. */
const longestUserAgent = 200;

/** Room for one more line of usual length; a longer one goes on by itself. */
const gatherBytes = flushBytes + 16_384;

export interface AccessLogOptions {
  /**
   * Receives whole lines, in memory that is used again after the call; throws when they are lost, or calls `onLost` when
   * that shows later.
   */
  readonly write: (lines: Buffer, onLost: () => void) => void;
  readonly wallMs: () => number;
  /** Keeps the last lines, and shows each to whoever watches. */
  readonly recent?: Pick<RequestLog, 'isWatched' | 'keep' | 'show'>;
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

/** What the log says of a connection to a port. */
export interface ConnectionEnd {
  readonly id: string;
  readonly client: string;
  readonly port: Pick<PortEntry, 'protocol' | 'port' | 'name'>;
  readonly host: string;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly ms: number;
  /** Until the service was reached; 0 when it was not. */
  readonly openMs: number;
  readonly attempts: number;
  readonly target: TunnelTarget | undefined;
  readonly failure: ExchangeFailure | undefined;
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
    if (exchange.routedMs > 0) line += `,"routedMs":${millis(exchange.routedMs - started)}`;
    if (exchange.openedMs > 0) line += `,"openMs":${millis(exchange.openedMs - started)}`;
    if (exchange.sentMs > 0) line += `,"sentMs":${millis(exchange.sentMs - started)}`;
    if (exchange.firstByteMs > 0) line += `,"firstByteMs":${millis(exchange.firstByteMs - started)}`;
    if (target) line += `${target.slot.logFields},"rule":${target.ruleIndex}`;
    if (exchange.grant) line += grantFields(exchange.grant);
    if (exchange.cacheWord) line += `,"cache":"${exchange.cacheWord}"`;
    if (exchange.attempts > 1) line += `,"attempts":${exchange.attempts}`;
    const agent = request.fields.get('user-agent');
    if (agent !== undefined) line += `,"userAgent":${jsonAgent(agent)}`;
    if (failure) line += `,"error":"${failure.code}","detail":${JSON.stringify(failure.detail)}`;
    this.#gather(`${line}}\n`);
  }

  /**
   * Notes the end of a connection to a port. It has the fields of a request, so that one reader reads both: method and
   * protocol are what the port speaks, the path is the port's name, and the status what a proxy would have answered.
   */
  addConnection(end: ConnectionEnd): void {
    const { port, target, failure } = end;
    const word = port.protocol.toUpperCase();
    let line =
      `{"time":"${this.#time()}","id":"${end.id}","client":"${end.client}","method":"${word}",` +
      `"host":"${end.host}","path":"${port.name}","protocol":"${word}","status":${failure?.status ?? 200},` +
      `"bytesIn":${end.bytesIn},"bytesOut":${end.bytesOut},"ms":${millis(end.ms)}`;
    if (end.openMs > 0) line += `,"openMs":${millis(end.openMs)}`;
    if (target) line += `${target.slot.logFields},"rule":${target.ruleIndex}`;
    if (end.attempts > 1) line += `,"attempts":${end.attempts}`;
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
    const { recent } = this.#options;
    if (recent?.isWatched) recent.show(line);
    // UTF-16 units take at most three bytes each in UTF-8.
    if (this.#usedBytes + line.length * 3 > gatherBytes) this.flush();
    if (line.length * 3 > gatherBytes) return this.#handOn(Buffer.from(line), 1);
    this.#usedBytes += this.#memory.utf8Write(line, this.#usedBytes);
    this.#count += 1;
    if (this.#usedBytes >= flushBytes) this.flush();
  }

  /** Hands gathered lines on. */
  flush(): void {
    if (this.#count === 0) return;
    const lines = this.#memory.subarray(0, this.#usedBytes);
    const count = this.#count;
    this.#usedBytes = 0;
    this.#count = 0;
    // As bytes: a string of this size, and a buffer for each who takes it, filled the old generation by the second.
    this.#handOn(lines, count);
  }

  #handOn(lines: Buffer, count: number): void {
    this.#options.recent?.keep(lines, count);
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

/** Names are one word of letters and digits; a rule's subject may hold anything that its owner wrote. */
function grantFields({ visitor, rule }: AccessGrant): string {
  const who = visitor ? `,"user":"${visitor.name}"` : '';
  return rule === '' ? who : `${who},"accessRule":${JSON.stringify(rule)}`;
}

/**
 * A canonical path as JSON. Its parser lets neither controls nor backslashes in, which leaves the quotation mark; methods
 * and hosts consist of token and hostname characters and need not even that.
 */
function jsonPath(path: string): string {
  return path.includes('"') ? JSON.stringify(path) : `"${path}"`;
}

/**
 * What a client calls itself, cut to a length that tells what it is. Values are latin1 text of any bytes but controls; a
 * query or a referrer is never logged, because people's secrets stand in them.
 */
function jsonAgent(agent: string): string {
  const text = agent.length > longestUserAgent ? agent.slice(0, longestUserAgent) : agent;
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** Milliseconds with three decimals, from whole microseconds: printing a float costs ten times as much. */
function millis(value: number): string {
  const micros = Math.round(value * 1000);
  const whole = Math.floor(micros / 1000);
  const rest = micros - whole * 1000;
  if (rest === 0) return `${whole}`;
  return rest < 10 ? `${whole}.00${rest}` : rest < 100 ? `${whole}.0${rest}` : `${whole}.${rest}`;
}
