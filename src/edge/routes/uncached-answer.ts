// What an answer that no cache had to do with says of that: Cache-Status (RFC 9211) stands on every answer of the edge, so
// that its absence never has to be guessed at. Answers of routes without a cache say that it was passed by; the edge's own
// (errors, refusals, redirects, sign-in, challenges of authorities) say whose they are, and have no CF-Cache-Status, as with
// those who made that field up. A 101 and interim answers have neither: they are no answers yet.
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { ResponseHead } from '#http/exchange.ts';
import { isOwnAnswer } from '../http2/http2-fields.ts';

/** Name and value for an answer of the edge's own. */
export const ownAnswerStatus: readonly string[] = ['Cache-Status', 'sallyport; detail=own-answer'];

const ownLines = `${ownAnswerStatus.join(': ')}\r\n`;
const bypassLines = 'Cache-Status: sallyport; fwd=bypass\r\nCF-Cache-Status: DYNAMIC\r\n';
const foreign: ReadonlySet<string> = new Set(['cf-cache-status']);

/** The head with what is to be said of it. HOT: one small object more. */
export function withCacheStatus(head: ResponseHead): ResponseHead {
  const { fields } = head;
  if (!isOwnAnswer(fields)) {
    // A cache behind the origin does not speak in our name.
    const omitted = fields.get('cf-cache-status') === undefined ? undefined : foreign;
    return new EditedHead(head, new EditedFields(fields, bypassLines, omitted));
  }
  return fields.get('cache-status') === undefined
    ? new EditedHead(head, new EditedFields(fields, ownLines))
    : head;
}
