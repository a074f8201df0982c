// The access log: one JSON line per request, gathered and handed on in batches. HOT: a line is one template string.
// When the sink cannot keep up or fails (a full disk), lines are dropped and counted; traffic never waits for a log.
import type { Exchange } from './exchange.ts';

/** Gathered lines are handed on when they pass this size, or at the next tick of the sweep. */
const flushBytes = 65_536;

export interface AccessLogOptions {
  /** Receives whole lines; may throw. */
  readonly write: (lines: string) => void;
  readonly wallMs: () => number;
}

export class AccessLog {
  readonly #options: AccessLogOptions;
  #lines = '';
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
    this.#lines +=
      `{"time":"${this.#time()}","id":"${request.requestId}","client":"${exchange.clientAddress}","method":${json(request.method)},` +
      `"host":${json(request.host)},"path":${json(request.path)},"protocol":"HTTP/${request.httpVersion}","status":${exchange.status},` +
      `"bytesIn":${exchange.bytesIn},"bytesOut":${exchange.bytesOut},"ms":${millis(endMs - started)}` +
      (exchange.openedMs > 0 ? `,"openMs":${millis(exchange.openedMs - started)}` : '') +
      (exchange.firstByteMs > 0 ? `,"firstByteMs":${millis(exchange.firstByteMs - started)}` : '') +
      (target
        ? `,"tunnel":"${target.slot.connection.tunnelId}","connector":"${target.slot.connection.instanceId}","connection":"${target.slot.connection.id}","rule":${target.ruleIndex}`
        : '') +
      (exchange.attempts > 1 ? `,"attempts":${exchange.attempts}` : '') +
      (failure ? `,"error":"${failure.code}","detail":${json(failure.detail)}` : '') +
      '}\n';
    this.#count += 1;
    if (this.#lines.length >= flushBytes) this.flush();
  }

  /** Hands gathered lines on. */
  flush(): void {
    if (this.#count === 0) return;
    const lines = this.#lines;
    const count = this.#count;
    this.#lines = '';
    this.#count = 0;
    try {
      this.#options.write(lines);
    } catch {
      this.#dropped += count;
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

/** A JSON string; plain ASCII, which nearly everything is, needs no escaping. */
function json(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

function millis(value: number): number {
  return Math.round(value * 1000) / 1000;
}
