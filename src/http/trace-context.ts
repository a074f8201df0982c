// W3C Trace Context: `traceparent` and `tracestate`, read strictly and written as version 00. What is not valid is as if it
// had not come: whoever guesses at half of an identifier joins traces that do not belong together.
//
//   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
//   |  |                                |                +- flags, bit 0: sampled
//   |  trace id, 16 bytes               parent's span id, 8 bytes
//   version
import type { Fields } from './exchange.ts';

/** Where a request stands in a trace, as its sender says. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the sender's span. */
  readonly parentId: string;
  /** Whether the sender records the trace. */
  readonly isSampled: boolean;
  /** Valid list members of tracestate, '' for none. */
  readonly state: string;
}

/** Level 1, section 3.3.1.1: more members make the whole list invalid. */
const maxMembers = 32;
/** At least 512 characters are to be passed on (section 3.3.1.5); members beyond this are left out, the oldest first. */
const maxStateLength = 2_048;

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeroTrace = '0'.repeat(32);
const zeroSpan = '0'.repeat(16);

/** The context that a request came with; undefined for none, or for one that is not valid. */
export function readTraceContext(fields: Fields): TraceContext | undefined {
  if (fields.get('traceparent') === undefined) return undefined;
  const parents: string[] = [];
  const states: string[] = [];
  fields.forEach((name, value) => {
    const lower = name.toLowerCase();
    if (lower === 'traceparent') parents.push(value);
    else if (lower === 'tracestate') states.push(value);
  });
  const parent = parents.length === 1 ? parseTraceparent(parents[0]!) : undefined;
  return parent && { ...parent, state: parseTracestate(states) };
}

/** One field's value; undefined when it is not valid. */
export function parseTraceparent(text: string): Omit<TraceContext, 'state'> | undefined {
  const parts = traceparent.exec(text);
  if (!parts) return undefined;
  const [, version, traceId, parentId, flags, rest] = parts;
  // Later versions may say more; this one says exactly four things.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (traceId === zeroTrace || parentId === zeroSpan) return undefined;
  return { traceId: traceId!, parentId: parentId!, isSampled: (Number.parseInt(flags!, 16) & 1) === 1 };
}

/** `traceparent` of a span. */
export function formatTraceparent(traceId: string, spanId: string, isSampled: boolean): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
}

const simpleKey = '[a-z][a-z0-9_*/-]{0,255}';
const tenantKey = '[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}';
const member = new RegExp(`^(${simpleKey}|${tenantKey})=([\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{1,256})$`);

/** The members of all tracestate fields as one; '' when one is not valid, a key stands twice, or there are too many. */
export function parseTracestate(values: readonly string[]): string {
  const keys = new Set<string>();
  const members: string[] = [];
  for (const text of values.flatMap((value) => value.split(','))) {
    const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '');
    if (trimmed === '') continue;
    const key = member.exec(trimmed)?.[1];
    if (key === undefined || keys.has(key) || keys.size === maxMembers) return '';
    keys.add(key);
    members.push(trimmed);
  }
  let length = members.join(',').length;
  while (length > maxStateLength) length -= members.pop()!.length + 1;
  return members.join(',');
}
