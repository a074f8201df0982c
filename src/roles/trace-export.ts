// Where spans of the edge go: the collector that edge.yml names, with its secret header fields from a file. Follows the
// configuration while the edge runs; a file that cannot be read stops a start, and later leaves the last good one in force.
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import { readSecretFile } from '#base/secrets/secret-file.ts';
import { version } from '#base/version.ts';
import { createWebClient } from '#base/net/web-client.ts';
import { type TracingConfig, tracesUrl } from '#config/tracing-schema.ts';
import { encodeSpans } from '#edge/tracing/otlp-json.ts';
import type { Span } from '#edge/tracing/span.ts';
import { SpanExporter, type SendSpans } from '#edge/tracing/span-exporter.ts';

export interface TraceExportOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** The edge's own hostname, '' for none. */
  readonly edgeName: string;
}

/** Spans that are still here when the edge stops may take this long. */
const closeWithinMs = 2_000;
/** An answer is a few bytes; more is no collector's. */
const maxAnswerBytes = 65_536;

export class TraceExport {
  readonly #options: TraceExportOptions;
  readonly #exporter: SpanExporter;
  readonly #web = createWebClient({ userAgent: `sallyport/${version}`, maxBytes: maxAnswerBytes });

  constructor(options: TraceExportOptions) {
    this.#options = options;
    this.#exporter = new SpanExporter(options);
  }

  /** Takes spans from the edge. */
  readonly record = (span: Span): void => this.#exporter.add(span);

  /** Follows edge.yml. @throws SallyportError when the file of header fields cannot be used */
  async apply(tracing: TracingConfig | undefined): Promise<void> {
    this.#exporter.sendBy(tracing?.endpoint === undefined ? undefined : await this.#senderTo(tracing));
  }

  async #senderTo({ endpoint, headersFile, serviceName }: TracingConfig): Promise<SendSpans> {
    const url = tracesUrl(endpoint!);
    const secret =
      headersFile === undefined ? {} : parseHeaderLines(await readHeaders(headersFile), headersFile);
    const headers = { ...secret, 'Content-Type': 'application/json' };
    const source = { serviceName, instance: this.#options.edgeName, version };
    return (spans, signal) =>
      this.#web({ url, method: 'POST', headers, body: encodeSpans(spans, source) }, signal);
  }

  /** Brings what waits, as far as there is time. */
  async close(): Promise<void> {
    await this.#exporter.close(AbortSignal.timeout(closeWithinMs));
    this.#web.close();
  }
}

const readHeaders = (file: string): Promise<string> =>
  readSecretFile(file, 'the header fields for the trace collector');

/** `Name: value` lines. The values are secret and stand in no message. @throws SallyportError 'config-invalid' */
function parseHeaderLines(text: string, file: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parts = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): *([\x20-\x7e]*?)\s*$/.exec(line);
    if (!parts || /^(content-.*|host|connection|transfer-encoding)$/i.test(parts[1]!)) {
      throw new SallyportError(
        'config-invalid',
        `Line ${i + 1} of ${file} is no header field for the trace collector; write "Name: value", such as "Authorization: Bearer KEY".`,
      );
    }
    headers[parts[1]!] = parts[2]!;
  }
  return headers;
}
