// The question that goes to the origin where it is not the client's own: the cache asks whether its copy is still good,
// without the conditions and ranges that only the client's copy is about; and it asks on its own behalf, when the client
// has had its answer already.
import { ChangedRequest } from '#http/changed-request.ts';
import type { RequestHead } from '#http/exchange.ts';
import type { Validators } from '#http/cache/validators.ts';
import { CopiedFields } from '#http/copied-fields.ts';
import { EditedFields } from '#http/edited-fields.ts';

/** Conditions of the client about a copy of its own, lower-case. */
const clientConditions: ReadonlySet<string> = new Set([
  ...['if-none-match', 'if-modified-since', 'range', 'if-range'],
]);

/** The question whether a stored response is still good; its origin answers 304, or with the new one. */
export function validatingRequest(
  request: RequestHead,
  query: string,
  { etag, lastModified }: Validators,
): RequestHead {
  let lines = etag === '' ? '' : `If-None-Match: ${etag}\r\n`;
  if (lastModified !== '') lines += `If-Modified-Since: ${lastModified}\r\n`;
  const fields = new EditedFields(request.fields, lines, clientConditions);
  return new ChangedRequest(request, { fields, query });
}

/** The question without the client's conditions. */
export function unconditionalRequest(
  request: RequestHead,
  query: string,
  method = request.method,
): RequestHead {
  const fields = new EditedFields(request.fields, '', clientConditions);
  return new ChangedRequest(request, { fields, query, method });
}

/** A copy that stays as it is when the client's connection goes on to its next request, or away. */
export function detachedRequest(request: RequestHead, query: string): RequestHead {
  return new ChangedRequest(request, { fields: new CopiedFields(request.fields), query });
}
