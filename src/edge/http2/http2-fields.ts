// Header fields of HTTP/2 messages, between nghttp2's flat arrays and the exchange's Fields.
//
// HOT: a request's fields are classified once, by a table of names already seen, and the text for an HTTP/1.1 origin
// is gathered in the same pass; nothing is parsed twice.
import { combinedValue } from '#http/cache/vary.ts';
import type { Fields, ResponseHead } from '#http/exchange.ts';
import { EditedFields } from '#http/edited-fields.ts';
import { ListFields } from '#http/list-fields.ts';
import { FieldAction, fieldActionOf, isAliasSpelling } from '#wire/http1-fields.ts';

/** Names remembered by a FieldTable; a client that invents names must not fill memory with them. */
const maxRememberedNames = 1024;

/** What the forwarder does with a field of a given lower-case name, remembered per name. */
export class FieldTable {
  readonly #request = new Map<string, number>();
  readonly #response = new Map<string, number>();

  /** Action for a request field or a request trailer. */
  ofRequest(name: string): number {
    let action = this.#request.get(name);
    if (action === undefined) {
      action = isAliasSpelling(name) ? FieldAction.drop : fieldActionOf(name);
      if (this.#request.size < maxRememberedNames) this.#request.set(name, action);
    }
    return action;
  }

  /** Whether an origin's response field (name in any case) may go to an HTTP/2 client. */
  passesResponse(name: string): boolean {
    let action = this.#response.get(name);
    if (action === undefined) {
      action = responseAction(name.toLowerCase());
      if (this.#response.size < maxRememberedNames) this.#response.set(name, action);
    }
    return action === FieldAction.forward;
  }
}

/** Origins may not speak for the edge (`X-Sallyport-*`); what only requests give a meaning to passes. */
function responseAction(name: string): number {
  const action = fieldActionOf(name);
  switch (action) {
    case FieldAction.host:
    case FieldAction.expect:
    case FieldAction.cdnLoop:
      return FieldAction.forward;
    case FieldAction.forwarding:
      return name.startsWith('x-sallyport-') ? FieldAction.drop : FieldAction.forward;
    default:
      return name === 'proxy-authenticate' ? FieldAction.forward : action;
  }
}

/** Fields of an HTTP/2 request (or its trailers) over nghttp2's array; pseudo-fields are not seen through it. */
export class Http2Fields implements Fields {
  readonly #raw: readonly string[];
  readonly #cookie: string | undefined;
  #endToEnd: string;

  /**
   * @param raw `[name, value, ...]` with lower-case names
   * @param cookie all cookie crumbs joined (RFC 9113 section 8.2.3), or undefined
   * @param endToEnd field lines for an HTTP/1.1 origin, each ending in CRLF
   */
  constructor(raw: readonly string[], cookie: string | undefined, endToEnd: string) {
    this.#raw = raw;
    this.#cookie = cookie;
    this.#endToEnd = endToEnd;
  }

  get(lowerName: string): string | undefined {
    if (lowerName === 'cookie') return this.#cookie;
    const raw = this.#raw;
    for (let i = 0; i < raw.length; i += 2) if (raw[i] === lowerName) return raw[i + 1];
    return undefined;
  }

  forEach(visit: (name: string, value: string) => void): void {
    const raw = this.#raw;
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i]!;
      if (name.charCodeAt(0) !== 0x3a && name !== 'cookie') visit(name, raw[i + 1]!);
    }
    if (this.#cookie !== undefined) visit('cookie', this.#cookie);
  }

  writeEndToEnd(out: Buffer, offset: number): number {
    return offset + out.latin1Write(this.#endToEnd, offset);
  }

  /** Adds a field that only the way to an HTTP/1.1 origin needs. */
  addEndToEnd(name: string, value: string): void {
    this.#endToEnd += `${name}: ${value}\r\n`;
  }
}

/** Trailers of a request, without what may not stand in a trailer; null when nothing is left. */
export function requestTrailers(raw: readonly string[], table: FieldTable): Fields | null {
  const kept: string[] = [];
  let endToEnd = '';
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.charCodeAt(0) === 0x3a || name === 'cookie' || table.ofRequest(name) !== FieldAction.forward)
      continue;
    kept.push(name, raw[i + 1]!);
    endToEnd += `${name}: ${raw[i + 1]!}\r\n`;
  }
  return kept.length === 0 ? null : new Http2Fields(kept, undefined, endToEnd);
}

/** Whether the edge made these fields itself, so that they may speak for the edge. */
export function isOwnAnswer(fields: Fields): boolean {
  let base = fields;
  while (base instanceof EditedFields) base = base.base;
  return base instanceof ListFields;
}

/** A response head as nghttp2 wants it. Hop-by-hop fields, and those Connection names, stay behind. */
export function responseArray(head: ResponseHead, status: number, table: FieldTable): string[] {
  const out: string[] = [':status', String(status)];
  const isNaming = head.fields.get('connection') !== undefined;
  const named = isNaming ? namedByConnection(combinedValue(head.fields, 'connection')!) : undefined;
  const isOwn = isOwnAnswer(head.fields);
  head.fields.forEach((name, value) => {
    if (!table.passesResponse(name) && !(isOwn && /^x-sallyport-/i.test(name))) return;
    if (named?.has(name.toLowerCase())) return;
    out.push(name, value);
  });
  if (head.contentLength >= 0 && status !== 204 && status >= 200 && head.bodyKind !== 'chunked') {
    out.push('content-length', String(head.contentLength));
  }
  return out;
}

/** The same as an object, which is what Node takes for interim responses and trailers. */
export function fieldObject(fields: Fields, table: FieldTable): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  fields.forEach((name, value) => {
    if (name.charCodeAt(0) === 0x3a || !table.passesResponse(name)) return;
    const key = name.toLowerCase();
    const known = out[key];
    if (known === undefined) out[key] = value;
    else if (typeof known === 'string') out[key] = [known, value];
    else known.push(value);
  });
  return out;
}

/** Names in a Connection field, or undefined for the values that name nothing to drop. */
function namedByConnection(value: string): Set<string> | undefined {
  const text = value.toLowerCase();
  if (text === 'keep-alive' || text === 'close' || text === 'upgrade') return undefined;
  return new Set(text.split(',').map((token) => token.trim()));
}
