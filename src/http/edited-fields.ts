// A head with something taken out and something added, over fields that stay where they are: what the edge changes on the
// way costs one small object, and a string that is often a constant.
import type { BodyKind, Fields, ResponseHead } from './exchange.ts';

/** Fields of `base` without the names in `omitted`, then `lines` (each `Name: value\r\n`). */
export class EditedFields implements Fields {
  readonly #base: Fields;
  readonly #lines: string;
  readonly #omitted: ReadonlySet<string> | undefined;

  /** `omitted` holds lower-case names. */
  constructor(base: Fields, lines: string, omitted?: ReadonlySet<string>) {
    this.#base = base;
    this.#lines = lines;
    this.#omitted = omitted;
  }

  /** What it was made from. */
  get base(): Fields {
    return this.#base;
  }

  get(lowerName: string): string | undefined {
    if (this.#omitted?.has(lowerName) !== true) {
      const value = this.#base.get(lowerName);
      if (value !== undefined) return value;
    }
    let found: string | undefined;
    visitLines(this.#lines, (name, value) => {
      if (found === undefined && name.toLowerCase() === lowerName) found = value;
    });
    return found;
  }

  forEach(visit: (name: string, value: string) => void): void {
    const omitted = this.#omitted;
    if (omitted === undefined) this.#base.forEach(visit);
    else
      this.#base.forEach((name, value) => {
        if (!omitted.has(name.toLowerCase())) visit(name, value);
      });
    visitLines(this.#lines, visit);
  }

  writeEndToEnd(out: Buffer, offset: number): number {
    let end = this.#base.writeEndToEnd(out, offset);
    if (this.#omitted !== undefined) end = this.#cut(out, offset, end, this.#omitted);
    return end + out.latin1Write(this.#lines, end);
  }

  /** Takes omitted lines out of what was written between the two offsets; lines that stay are moved as they are. HOT. */
  #cut(out: Buffer, from: number, to: number, omitted: ReadonlySet<string>): number {
    let end = from;
    for (let at = from; at < to;) {
      const feed = out.indexOf(lineFeed, at);
      const next = feed < 0 || feed >= to ? to : feed + 1;
      if (!isOmitted(out, at, omitted)) {
        if (end !== at) out.copyWithin(end, at, next);
        end += next - at;
      }
      at = next;
    }
    return end;
  }
}

const lineFeed = 0x0a;
const colon = 0x3a;

/** Whether the line that begins there has one of the names. */
function isOmitted(out: Buffer, at: number, omitted: ReadonlySet<string>): boolean {
  for (const name of omitted) {
    // Most lines have another length or another first letter.
    if (out[at + name.length] !== colon || (out[at]! | 0x20) !== name.charCodeAt(0)) continue;
    if (out.latin1Slice(at, at + name.length).toLowerCase() === name) return true;
  }
  return false;
}

function visitLines(lines: string, visit: (name: string, value: string) => void): void {
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(': ', at);
    const end = lines.indexOf('\r\n', colon);
    visit(lines.slice(at, colon), lines.slice(colon + 2, end));
    at = end + 2;
  }
}

/** A head with other fields, and with another body if `body` says so. */
export class EditedHead implements ResponseHead {
  readonly status: number;
  readonly fields: Fields;
  readonly bodyKind: BodyKind;
  readonly contentLength: number;

  constructor(
    head: Omit<ResponseHead, 'fields'>,
    fields: Fields,
    body: { readonly bodyKind: BodyKind; readonly contentLength: number } = head,
  ) {
    this.status = head.status;
    this.fields = fields;
    this.bodyKind = body.bodyKind;
    this.contentLength = body.contentLength;
  }
}
