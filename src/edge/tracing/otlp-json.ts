// Spans as OTLP/HTTP wants them in JSON (opentelemetry-proto, trace/v1; "OTLP/HTTP", JSON Protobuf Encoding): ids in hex,
// 64-bit numbers as decimal text, enums as numbers. Small enough to be written by hand; the exporter libraries bring a
// tracing system of their own (docs/adr/0002-dependencies.md).
import type { Span, SpanAttributes } from './span.ts';

/** SpanKind of trace.proto. */
const kinds = { server: 2, client: 3 } as const;
/** StatusCode ERROR. */
const errorStatus = 2;
/** SpanFlags: the low byte is the sampled flag, then whether it is known that the parent is remote, and whether it is. */
const isRecorded = 0x01;
const knowsRemote = 0x100;
const isRemote = 0x200;

/** Who the spans come from. */
export interface SpanSource {
  readonly serviceName: string;
  /** The edge's own hostname, '' for none. */
  readonly instance: string;
  readonly version: string;
}

/** Body of a POST to `/v1/traces`. */
export function encodeSpans(spans: readonly Span[], { serviceName, instance, version }: SpanSource): string {
  const resource = {
    attributes: attributesOf({
      'service.name': serviceName,
      'service.version': version,
      'service.instance.id': instance === '' ? undefined : instance,
    }),
  };
  const scope = { name: 'sallyport', version };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.map(spanOf) }] }] });
}

function spanOf(span: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentId === '' ? {} : { parentSpanId: span.parentId }),
    ...(span.state === '' ? {} : { traceState: span.state }),
    flags: isRecorded | knowsRemote | (span.isParentRemote ? isRemote : 0),
    name: span.name,
    kind: kinds[span.kind],
    startTimeUnixNano: nanos(span.startMs),
    endTimeUnixNano: nanos(Math.max(span.startMs, span.endMs)),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, atMs }) => ({ name, timeUnixNano: nanos(atMs) })),
    status: span.error === '' ? {} : { code: errorStatus, message: span.error },
  };
}

function attributesOf(attributes: SpanAttributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [
          {
            key,
            value:
              typeof value === 'number' ? { intValue: String(Math.round(value)) } : { stringValue: value },
          },
        ],
  );
}

/** Nanoseconds as text; doubles are exact to about a microsecond here, so whole microseconds are told. */
function nanos(ms: number): string {
  return `${BigInt(Math.round(ms * 1000)) * 1000n}`;
}
