// The place of one request in a trace, and of the try that it is in. Kept by its exchange.
import { formatTraceparent } from '#http/trace-context.ts';

export interface TracePlace {
  readonly traceId: string;
  /** The request's own span. */
  readonly spanId: string;
  /** The client's span, '' when the trace begins here. */
  readonly parentId: string;
  readonly state: string;
  readonly isSampled: boolean;
  /** Whether origins are told. */
  readonly isPassedOn: boolean;
  /** From the monotonic clock to wall time, as it was when the request came: one for all its spans, so that they nest. */
  readonly wallOffsetMs: number;
}

/** One try of an origin. */
export interface TraceTry {
  readonly spanId: string;
  readonly startedMs: number;
  /** 1 for the first. */
  readonly index: number;
  /** Why it came to nothing; '' while it goes on. */
  lost: string;
}

export class RequestTrace implements TracePlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly state: string;
  readonly isSampled: boolean;
  readonly isPassedOn: boolean;
  readonly wallOffsetMs: number;
  attempt: TraceTry | undefined;
  #tries = 0;

  constructor(place: TracePlace) {
    this.traceId = place.traceId;
    this.spanId = place.spanId;
    this.parentId = place.parentId;
    this.state = place.state;
    this.isSampled = place.isSampled;
    this.isPassedOn = place.isPassedOn;
    this.wallOffsetMs = place.wallOffsetMs;
  }

  beginTry(spanId: string, startedMs: number): void {
    this.attempt = { spanId, startedMs, index: ++this.#tries, lost: '' };
  }

  /** The try was lost, and perhaps another follows. */
  lose(why: string): void {
    if (this.attempt) this.attempt.lost = why;
  }

  /** An exchange of the edge's own on the same behalf: a place of its own, below the same span. */
  sibling(): RequestTrace {
    return new RequestTrace(this);
  }

  /** Field lines for the origin of the present try, each ending in CRLF. */
  get lines(): string {
    if (!this.isPassedOn) return '';
    const parent = formatTraceparent(this.traceId, this.attempt?.spanId ?? this.spanId, this.isSampled);
    return `traceparent: ${parent}\r\n${this.state === '' ? '' : `tracestate: ${this.state}\r\n`}`;
  }
}
