// The mark by which an edge knows itself from outside: whoever asks a hostname for `/.well-known/sallyport/probe/<nonce>` gets
// two MACs of what was asked under a key that only edges of one store have. The first proves the edge, the second says for which
// routes it serves the hostname, without naming them. What another server at that address answers is neither.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Path of the mark; a nonce follows. */
export const probePath = '/.well-known/sallyport/probe/';
/** Of a key, and of a nonce in hex characters. */
export const probeKeyBytes = 32;
export const nonceCharacters = 32;

const label = 'sallyport probe 1';
/** Two of 32 bytes in base64url, and the line end. */
export const maxMarkBytes = 256;

/** What was asked, and by whom it is served. */
export interface MarkFacts {
  readonly nonce: string;
  /** Canonical hostname. */
  readonly hostname: string;
  /** The hostname's routes in one text (`holderOf`). */
  readonly holder: string;
}

/** What is read from a mark: `wrong-holder` is an edge of ours that serves the hostname for other routes. */
export type MarkVerdict = 'right' | 'wrong-holder' | 'not-ours';

/** The nonce of a path, undefined where the path is no probe's. */
export function nonceOf(path: string): string | undefined {
  if (!path.startsWith(probePath)) return undefined;
  const nonce = path.slice(probePath.length);
  return /^[0-9a-f]{32}$/.test(nonce) ? nonce : undefined;
}

/** The body of the answer. */
export function markOf(key: Uint8Array, { nonce, hostname, holder }: MarkFacts): string {
  return `${mac(key, ['edge', nonce, hostname])} ${mac(key, ['holder', nonce, hostname, holder])}\n`;
}

/** Judges an answer. */
export function judgeMark(key: Uint8Array, text: string, facts: MarkFacts): MarkVerdict {
  const [edge = '', holder = ''] = text.trimEnd().split(' ');
  const [rightEdge, rightHolder] = markOf(key, facts).trimEnd().split(' ') as [string, string];
  if (!isSame(edge, rightEdge)) return 'not-ours';
  return isSame(holder, rightHolder) ? 'right' : 'wrong-holder';
}

/** The routes of one hostname in one text, the same on every edge that serves them so. */
export function holderOf(routes: Iterable<{ readonly path: string; readonly tunnelId: string }>): string {
  return [...routes]
    .map(({ path, tunnelId }) => `${path} ${tunnelId}`)
    .toSorted()
    .join('\n');
}

/** Parts are joined with a byte that none of them holds. */
function mac(key: Uint8Array, parts: readonly string[]): string {
  return createHmac('sha256', key)
    .update([label, ...parts].join('\0'))
    .digest('base64url');
}

function isSame(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
