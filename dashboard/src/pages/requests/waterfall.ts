// A logged request as spans of time, hop by hop: where it waited, and where it stopped.
import type { LoggedRequest } from '#model/logged-request.ts';

export interface Span {
  readonly hop: 'edge' | 'connector' | 'origin' | 'answer';
  readonly title: string;
  /** Milliseconds after the request's first byte. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly detail: string;
}

/** The spans of a request, in order; they lie end to end from 0 to its duration. */
export function spansOf(request: LoggedRequest): Span[] {
  const { ms, openMs, firstByteMs, bytesOut, error } = request;
  const spans: Span[] = [];
  const add = (hop: Span['hop'], title: string, toMs: number, detail: string): void => {
    const fromMs = spans.at(-1)?.toMs ?? 0;
    // A clock that is read twice may run backwards by a hair.
    spans.push({ hop, title, fromMs, toMs: Math.min(ms, Math.max(fromMs, toMs)), detail });
  };
  if (openMs !== null)
    add(
      'connector',
      'Edge and tunnel, until the connector reached the origin',
      openMs,
      'a new connection to the origin',
    );
  if (firstByteMs !== null) {
    add(
      'origin',
      'Origin, until its first byte',
      firstByteMs,
      openMs === null ? 'on a connection that was open already' : '',
    );
    add('answer', 'Answer on its way to the client', ms, `${bytesOut} bytes`);
  } else {
    add('edge', error === null ? 'Answered by the edge itself' : 'Until it failed', ms, '');
  }
  return spans;
}

/** The hop on which a request failed, in words; undefined when it did not. */
export function failedHop(error: string | null): string | undefined {
  if (error === null) return undefined;
  if (error.startsWith('origin')) return 'between the connector and the origin';
  if (error.startsWith('connector') || error.includes('tunnel')) return 'between the edge and the connector';
  if (error.startsWith('client')) return 'between the client and the edge';
  return 'at the edge';
}
