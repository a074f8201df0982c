// The head of a response that the edge compresses, or would compress for others: what describes the bytes as they were goes
// or becomes weak, what describes them now comes (RFC 9110 sections 8.4, 8.8.1 and 12.5.5).
import type { Coding } from '#model/routes/compression-policy.ts';
import { weakened } from '../cache/validators.ts';

const dropped: ReadonlySet<string> = new Set(['content-encoding', 'accept-ranges', 'etag']);

/** What to take out of a head and what to add; `coding` '' for a client that gets the body as it is. */
export function codedHeadChange(
  coding: Coding | '',
  head: { readonly etag: string; readonly vary: readonly string[] },
): { readonly omitted: ReadonlySet<string> | undefined; readonly lines: string } {
  const varies = head.vary.includes('accept-encoding') || head.vary.includes('*');
  const vary = varies ? '' : 'Vary: Accept-Encoding\r\n';
  if (coding === '') return { omitted: undefined, lines: vary };
  // Other bytes under the same tag would be a lie, equal meaning under a weak one is none.
  const etag = head.etag === '' ? '' : `ETag: ${weakened(head.etag)}\r\n`;
  return { omitted: dropped, lines: `Content-Encoding: ${coding}\r\n${etag}${vary}` };
}
