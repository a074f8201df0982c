// A span: one piece of a request's way with its times, as the exporter takes it. Plain data, made only for what is recorded.

/** Values that OpenTelemetry's attributes may have, as far as the edge needs them; undefined is left out. */
export type SpanAttributes = Readonly<Record<string, string | number | undefined>>;

/** A recorded span. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** '' for the first of a trace. */
  readonly parentId: string;
  /** The parent belongs to somebody else, before the edge. */
  readonly isParentRemote: boolean;
  /** Members of tracestate, '' for none. */
  readonly state: string;
  /** `server`: what a client asked of the edge; `client`: what the edge asked of an origin. */
  readonly kind: 'server' | 'client';
  readonly name: string;
  /** Wall time in milliseconds, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  /** Things that happened meanwhile, in order. */
  readonly events: readonly SpanEvent[];
  /** Why it failed; '' when it did not. */
  readonly error: string;
}

/** Something at one time within a span. */
export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
}
