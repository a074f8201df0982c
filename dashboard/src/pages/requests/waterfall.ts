// A logged request as spans of time, hop by hop: where it waited, and where it stopped.
import type { LoggedRequest } from '#model/live/logged-request.ts';
import { formatBytes } from '../../kit/units.ts';

export interface Span {
  readonly hop: 'edge' | 'connector' | 'upload' | 'origin' | 'answer';
  readonly title: string;
  /** Milliseconds after the request's first byte. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly detail: string;
}

/** The spans of a request, in order; they lie end to end from 0 to its duration. */
export function spansOf(request: LoggedRequest): Span[] {
  const { ms, routedMs, openMs, sentMs, firstByteMs, bytesIn, bytesOut, error } = request;
  const spans: Span[] = [];
  const add = (hop: Span['hop'], title: string, toMs: number, detail: string): void => {
    const fromMs = spans.at(-1)?.toMs ?? 0;
    // A clock that is read twice may run backwards by a hair.
    spans.push({ hop, title, fromMs, toMs: Math.min(ms, Math.max(fromMs, toMs)), detail });
  };
  const isAnswered = firstByteMs !== null;
  if (routedMs !== null && (openMs !== null || isAnswered))
    add('edge', 'Edge, until the request was read and routed', routedMs, '');
  if (openMs !== null)
    add(
      'connector',
      'Tunnel, until the connector reached the origin',
      openMs,
      'a new connection to the origin',
    );
  // An origin may answer before it has read everything; the upload then ends within the answer.
  if (sentMs !== null && isAnswered && sentMs <= firstByteMs)
    add('upload', 'Body on its way to the origin', sentMs, formatBytes(bytesIn));
  if (isAnswered) {
    const reused = openMs === null ? 'on a connection that was open already' : '';
    add('origin', 'Origin, until its first byte', firstByteMs, reused);
    add('answer', 'Answer on its way to the client', ms, formatBytes(bytesOut));
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
