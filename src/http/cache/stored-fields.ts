// Which fields of a response are kept, how a 304 changes them, and which a 304 of our own repeats (RFC 9111 sections 3.1,
// 3.2 and 4.3.4, RFC 9110 section 15.4.5). A head is a flat list of names and values, in order, names as received.
import type { Fields } from '../exchange.ts';
import type { SetCookieMode } from '#model/routes/cache-policy.ts';

/** Never kept: of one connection or one way, or made anew for each answer. */
const neverKept = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade', 'trailer'],
  ...['proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info'],
  ...['age', 'content-length', 'cf-cache-status'],
]);

/** What a 304 does not change: it describes the body that is kept. */
const neverUpdated = new Set([...neverKept, 'content-encoding', 'content-range']);

/** What a 304 says (RFC 9110 section 15.4.5), beside what the edge adds. */
const notModifiedFields = new Set([
  ...['cache-control', 'cdn-cache-control', 'content-location', 'date', 'etag', 'expires', 'vary'],
  // Not of the representation, so a client's copy needs them as they are now.
  ...[
    'last-modified',
    'access-control-allow-origin',
    'access-control-allow-credentials',
    'timing-allow-origin',
  ],
  ...['access-control-expose-headers', 'cross-origin-resource-policy'],
]);

/** What decides which fields are kept. */
export interface KeepRules {
  /** Lower-case names that the response itself forbids to keep. */
  readonly heldBack: readonly string[];
  readonly setCookie: SetCookieMode;
}

/** Room for a whole head; origins' heads are at most 64 KiB. */
const scratch = Buffer.allocUnsafeSlow(72 * 1024);

/** The fields of a head that may be passed on, in order: `[name, value, ...]`. */
export function endToEndList(fields: Fields): string[] {
  const text = scratch.latin1Slice(0, fields.writeEndToEnd(scratch, 0));
  const list: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    list.push(text.slice(at, colon), text.slice(colon + 1, end).trim());
    at = end + 2;
  }
  return list;
}

/** The part of a head that is kept. */
export function keptFields(list: readonly string[], { heldBack, setCookie }: KeepRules): string[] {
  return filtered(list, (name) => {
    if (neverKept.has(name) || heldBack.includes(name)) return false;
    return setCookie === 'keep' || (name !== 'set-cookie' && name !== 'set-cookie2');
  });
}

/** The kept head after a 304 (or a HEAD) with these fields: its fields replace those of the same name. */
export function updatedFields(kept: readonly string[], news: readonly string[]): string[] {
  const changes = filtered(news, (name) => !neverUpdated.has(name));
  const changed = new Set<string>();
  for (let i = 0; i < changes.length; i += 2) changed.add(changes[i]!.toLowerCase());
  return [...filtered(kept, (name) => !changed.has(name)), ...changes];
}

/** The part of a kept head that a 304 repeats. */
export function notModifiedList(kept: readonly string[]): string[] {
  return filtered(kept, (name) => notModifiedFields.has(name));
}

/** Field lines as HTTP/1.1 writes them. */
export function fieldLines(list: readonly string[]): string {
  let text = '';
  for (let i = 0; i < list.length; i += 2) text += `${list[i]}: ${list[i + 1]}\r\n`;
  return text;
}

function filtered(list: readonly string[], isKept: (lowerName: string) => boolean): string[] {
  const out: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    if (isKept(list[i]!.toLowerCase())) out.push(list[i]!, list[i + 1]!);
  }
  return out;
}
