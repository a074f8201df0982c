// One request that the cache may answer, with everything about it that is worked out once.
import type { CachePolicy, CacheRule } from '#model/routes/cache-policy.ts';
import type { Downstream, RequestHead } from '#http/exchange.ts';
import { parseCacheControl } from '#http/cache/cache-control.ts';
import type { CacheControl } from '#http/cache/cache-control.ts';
import { combinedValue } from '#http/cache/vary.ts';
import type { Exchange } from '../exchange.ts';

/** A GET or HEAD, and what its route's policy makes of it. */
export interface Question {
  readonly exchange: Exchange;
  /** As the client asked; `exchange.request` may become another question. */
  readonly request: RequestHead;
  readonly front: Downstream;
  readonly policy: CachePolicy;
  /** The rules that match. */
  readonly rules: readonly CacheRule[];
  readonly key: string;
  /** The query as the origin sees it. */
  readonly query: string;
  /** Monotonic time at which it was asked. */
  readonly askedMs: number;
  /** It waited for another's answer. */
  hasWaited: boolean;
  /** It has looked on disk. */
  hasFetched: boolean;
}

const noDirectives = parseCacheControl('');

/** The client's Cache-Control; Pragma: no-cache stands for it where it is missing (RFC 9111 section 5.4). */
export function clientControl({ fields }: RequestHead): CacheControl {
  if (fields.get('cache-control') !== undefined)
    return parseCacheControl(combinedValue(fields, 'cache-control')!);
  return fields.get('pragma')?.toLowerCase() === 'no-cache'
    ? { ...noDirectives, noCache: true }
    : noDirectives;
}

/** Conditions or ranges that make the origin's answer one for this client alone. */
export function isAboutClientCopy({ fields }: RequestHead): boolean {
  return (
    fields.get('if-none-match') !== undefined ||
    fields.get('if-modified-since') !== undefined ||
    fields.get('range') !== undefined
  );
}
