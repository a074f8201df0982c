// The access log: one JSON line per request, put together as bytes (log-line.ts), gathered and handed on in batches. HOT.
// When the sink cannot keep up or fails (a full disk), lines are dropped and counted; traffic never waits for a log.
import { noBytes } from '#base/bytes.ts';
import type { ExchangeFailure, FailureCode, RequestHead } from '#http/exchange.ts';
import type { AccessGrant } from '../access/visitors/access-grant.ts';
import type { PortEntry } from '#model/edge-snapshot.ts';
import type { Exchange } from '../exchange.ts';
import { LineMemory } from './log-line.ts';
import { LineParts } from './line-parts.ts';
import type { RequestLog } from './request-log.ts';
import type { TunnelTarget } from '../tunnels/tunnel-registry.ts';

/** Gathered lines are handed on when they pass this size, or at the next tick of the sweep. */
const flushBytes = 65_536;

/** Browsers need about 120 characters; longer ones say nothing more. */
const longestUserAgent = 200;

/** Room for one more line of usual length. */
const gatherBytes = flushBytes + 16_384;

/** What stands between the values of a line. */
const labels = {
  id: Buffer.from('Z","id":"'),
  client: Buffer.from('","client":"'),
  bytesOut: Buffer.from(',"bytesOut":'),
  ms: Buffer.from(',"ms":'),
  routedMs: Buffer.from(',"routedMs":'),
  openMs: Buffer.from(',"openMs":'),
  sentMs: Buffer.from(',"sentMs":'),
  firstByteMs: Buffer.from(',"firstByteMs":'),
  cache: Buffer.from(',"cache":"'),
  quote: Buffer.from('"'),
  end: Buffer.from('}\n'),
};

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
  readonly #gathered = new LineMemory(gatherBytes);
  readonly #methodAndHost = new LineParts(
    (method: string, host: string) => `","method":"${method}","host":"${host}","path":`,
  );
  readonly #protocolAndStatus = new LineParts(
    (protocol: string, status: number) => `,"protocol":"${protocol}","status":${status},"bytesIn":`,
  );
  /** Where the line begins that is being written. */
  #lineStart = 0;
  #count = 0;
  #dropped = 0;
  #second = 0;
  /** A line up to its second. */
  #secondBytes: Buffer = noBytes;

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
    const line = this.#begin(request.requestId, exchange.clientAddress);
    const { method, host } = request;
    line.putBytes(this.#methodAndHost.of(method, host, method.length + host.length));
    line.put(jsonPath(request.path));
    line.putBytes(this.#protocolAndStatus.of(protocolOf(request), exchange.status, exchange.status));
    line.putNumber(exchange.bytesIn);
    line.putBytes(labels.bytesOut);
    line.putNumber(exchange.bytesOut);
    line.putBytes(labels.ms);
    line.putMillis(endMs - started);
    putTime(line, labels.routedMs, exchange.routedMs, started);
    putTime(line, labels.openMs, exchange.openedMs, started);
    putTime(line, labels.sentMs, exchange.sentMs, started);
    putTime(line, labels.firstByteMs, exchange.firstByteMs, started);
    if (target) {
      line.putBytes(target.slot.logFields);
      line.putNumber(target.ruleIndex);
    }
    if (exchange.grant) line.put(grantFields(exchange.grant));
    if (exchange.trace) line.put(`,"trace":"${exchange.trace.traceId}"`);
    if (exchange.cacheWord) {
      line.putBytes(labels.cache);
      line.put(exchange.cacheWord);
      line.putBytes(labels.quote);
    }
    if (exchange.attempts > 1) line.put(`,"attempts":${exchange.attempts}`);
    const agent = request.fields.get('user-agent');
    if (agent !== undefined) line.put(`,"userAgent":${jsonAgent(agent)}`);
    if (failure) line.put(`,"error":"${failure.code}","detail":${JSON.stringify(failure.detail)}`);
    this.#end();
  }

  /**
   * Notes the end of a connection to a port. It has the fields of a request, so that one reader reads both: method and
   * protocol are what the port speaks, the path is the port's name, and the status what a proxy would have answered.
   */
  addConnection(end: ConnectionEnd): void {
    const { port, target, failure } = end;
    const word = port.protocol.toUpperCase();
    const line = this.#begin(end.id, end.client);
    line.put(
      `","method":"${word}","host":"${end.host}","path":"${port.name}","protocol":"${word}",` +
        `"status":${failure?.status ?? 200},"bytesIn":${end.bytesIn},"bytesOut":${end.bytesOut}`,
    );
    line.putBytes(labels.ms);
    line.putMillis(end.ms);
    putTime(line, labels.openMs, end.openMs, 0);
    if (target) {
      line.putBytes(target.slot.logFields);
      line.putNumber(target.ruleIndex);
    }
    if (end.attempts > 1) line.put(`,"attempts":${end.attempts}`);
    if (failure) line.put(`,"error":"${failure.code}","detail":${JSON.stringify(failure.detail)}`);
    this.#end();
  }

  /** Notes an answer of the edge's own to a request that never became an exchange: a refusal or a redirect. */
  addOwn(answer: OwnAnswer): void {
    const { request, status } = answer;
    const line = this.#begin(answer.id, answer.client);
    line.putBytes(labels.quote);
    if (request) {
      line.put(
        `,"method":"${request.method}","host":"${request.host}","path":${jsonPath(request.path)},"protocol":"${protocolOf(request)}"`,
      );
    }
    line.put(`,"status":${status}`);
    if (answer.error) line.put(`,"error":"${answer.error}","detail":${JSON.stringify(answer.detail ?? '')}`);
    this.#end();
  }

  /** Begins a line, up to the client's address, whose quotation mark is not closed. */
  #begin(id: string, client: string): LineMemory {
    const line = this.#gathered;
    this.#lineStart = line.used;
    this.#putTime(line);
    line.putBytes(labels.id);
    line.put(id);
    line.putBytes(labels.client);
    line.put(client);
    return line;
  }

  #end(): void {
    const { recent } = this.#options;
    const line = this.#gathered;
    line.putBytes(labels.end);
    if (recent?.isWatched) recent.show(line.view(this.#lineStart).toString());
    this.#count += 1;
    if (line.used >= flushBytes) this.flush();
  }

  /** Hands gathered lines on. */
  flush(): void {
    if (this.#count === 0) return;
    const lines = this.#gathered.view();
    const count = this.#count;
    this.#count = 0;
    // As bytes: a string of this size, and a buffer for each who takes it, filled the old generation by the second.
    this.#handOn(lines, count);
    this.#gathered.clear();
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

  /** RFC 3339 with milliseconds; what is there up to the second is kept while it lasts. */
  #putTime(line: LineMemory): void {
    const now = this.#options.wallMs();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondBytes = Buffer.from(`{"time":"${new Date(second * 1000).toISOString().slice(0, 20)}`);
    }
    line.putBytes(this.#secondBytes);
    line.putPadded(Math.floor(now - second * 1000), 3);
  }
}

/** A moment that has come, as milliseconds since the start. */
function putTime(line: LineMemory, label: Uint8Array, atMs: number, startedMs: number): void {
  if (atMs <= 0) return;
  line.putBytes(label);
  line.putMillis(atMs - startedMs);
}

/** One text for each, so that none is put together. */
const protocols: Readonly<Record<string, string>> = { '1.0': 'HTTP/1.0', '1.1': 'HTTP/1.1', '2': 'HTTP/2' };

function protocolOf({ httpVersion }: Pick<RequestHead, 'httpVersion'>): string {
  return protocols[httpVersion] ?? `HTTP/${httpVersion}`;
}

/** Names are one word of letters and digits; a rule's subject may hold anything that its owner wrote. */
function grantFields({ visitor, rule }: AccessGrant): string {
  const who = visitor ? `,"user":"${visitor.name}"` : '';
  return rule === '' ? who : `${who},"accessRule":${jsonText(rule)}`;
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
  return jsonText(text);
}

/** What is plain needs no escapes. */
function jsonText(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}
