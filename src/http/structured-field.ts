// Dictionaries of Structured Fields (RFC 9651), as CDN-Cache-Control is one (RFC 9213). Only what a cache asks of them:
// whether the field is valid as a whole, and the bare value of each member. Parameters are checked and dropped.

/** A member's value: an inner list is only known to be one. */
export type StructuredValue =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly kind: 'string' | 'token' | 'bytes' | 'display'; readonly value: string }
  | { readonly kind: 'list' };

/** The members of a dictionary, or undefined when the text is no valid one; an empty text is an empty dictionary. */
export function parseDictionary(text: string): Map<string, StructuredValue> | undefined {
  const reader = new Reader(text);
  const members = new Map<string, StructuredValue>();
  reader.skip(/ */y);
  while (!reader.isAtEnd) {
    const key = reader.take(keyPattern);
    if (key === undefined) return undefined;
    let value: StructuredValue | undefined = { kind: 'boolean', value: true };
    if (reader.takeChar('=')) value = reader.takeChar('(') ? innerList(reader) : bareItem(reader);
    if (value === undefined || !parameters(reader)) return undefined;
    members.delete(key);
    members.set(key, value);
    reader.skip(/[ \t]*/y);
    if (reader.isAtEnd) break;
    if (!reader.takeChar(',')) return undefined;
    reader.skip(/[ \t]*/y);
    // A comma must be followed by a member.
    if (reader.isAtEnd) return undefined;
  }
  return members;
}

/** Keys are lower-case: `MaX-aGe` makes the whole field invalid. */
const keyPattern = /[a-z*][a-z0-9_\-.*]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trimEnd();
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** What the sticky pattern matches here, taken. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match[0];
  }

  skip(pattern: RegExp): void {
    this.take(pattern);
  }

  takeChar(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }
}

function bareItem(reader: Reader): StructuredValue | undefined {
  let text = reader.take(/-?\d{1,12}\.\d{1,3}(?![\d.])/y);
  if (text !== undefined) return { kind: 'decimal', value: Number(text) };
  text = reader.take(/-?\d{1,15}(?![\d.])/y);
  if (text !== undefined) return { kind: 'integer', value: Number(text) };
  text = reader.take(/"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y);
  if (text !== undefined) return { kind: 'string', value: text.slice(1, -1).replace(/\\(.)/g, '$1') };
  text = reader.take(/[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y);
  if (text !== undefined) return { kind: 'token', value: text };
  text = reader.take(/\?[01]/y);
  if (text !== undefined) return { kind: 'boolean', value: text === '?1' };
  text = reader.take(/:[A-Za-z0-9+/]*={0,2}:/y);
  if (text !== undefined) return { kind: 'bytes', value: text.slice(1, -1) };
  text = reader.take(/@-?\d{1,15}(?![\d.])/y);
  if (text !== undefined) return { kind: 'date', value: Number(text.slice(1)) };
  text = reader.take(/%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/y);
  if (text !== undefined) return { kind: 'display', value: text.slice(2, -1) };
  return undefined;
}

/** Everything after `(`. */
function innerList(reader: Reader): StructuredValue | undefined {
  for (;;) {
    reader.skip(/ */y);
    if (reader.takeChar(')')) return { kind: 'list' };
    if (bareItem(reader) === undefined || !parameters(reader)) return undefined;
    if (reader.isAtEnd) return undefined;
    const separator = reader.take(/ +|(?=\))/y);
    if (separator === undefined) return undefined;
  }
}

function parameters(reader: Reader): boolean {
  while (reader.takeChar(';')) {
    reader.skip(/ */y);
    if (reader.take(keyPattern) === undefined) return false;
    if (reader.takeChar('=') && bareItem(reader) === undefined) return false;
  }
  return true;
}
