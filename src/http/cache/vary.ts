// Which of several responses for one address a request selects (RFC 9111 section 4.1). Values that mean the same are made
// the same before they are compared: white space, lines of one list, the order of languages with one weight.
import { FieldAction, fieldActionOf } from '#wire/http1-fields.ts';
import type { Fields } from '../exchange.ts';

/** Fields that a response may vary by, and the length of what they say; more is not worth telling apart. */
export const varyLimits = { names: 16, valueBytes: 2048 } as const;

/** Fields that the edge states from what is in the key already, so that a client's value never reaches the origin. */
const inTheKey = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']);

/** Whether a response may vary by the field: not by one that the edge itself makes of who the client is. */
export function isVariableBy(name: string): boolean {
  if (inTheKey.has(name)) return true;
  const action = fieldActionOf(name);
  return action === FieldAction.forward || action === FieldAction.te || action === FieldAction.expect;
}

/**
 * The request's values of the named fields as one text; equal texts select the same response. Undefined when the values
 * are longer than the cache tells apart.
 */
export function variantKey(names: readonly string[], fields: Fields): string | undefined {
  if (names.length === 0) return '';
  let key = '';
  for (const name of names) {
    if (inTheKey.has(name)) continue;
    const value = combinedValue(fields, name);
    // An absent field is not an empty one.
    key += value === undefined ? `${name}\n` : `${name}:${normalised(name, value)}\n`;
    if (key.length > varyLimits.valueBytes) return undefined;
  }
  return key;
}

/** All lines of a field as one list. */
export function combinedValue(fields: Fields, lowerName: string): string | undefined {
  const first = fields.get(lowerName);
  if (first === undefined) return undefined;
  let value: string | undefined;
  fields.forEach((name, line) => {
    if (name.toLowerCase() === lowerName) value = value === undefined ? line : `${value}, ${line}`;
  });
  return value ?? first;
}

function normalised(name: string, value: string): string {
  switch (name) {
    case 'accept-encoding':
    case 'accept-language':
    case 'accept-charset':
    case 'accept':
      return weightedList(value)
        .filter(({ weight }) => weight > 0)
        .map(({ item, weight }) => (weight === 1 ? item : `${item};q=${weight}`))
        .toSorted()
        .join(',');
    case 'cookie':
      return value;
    default:
      // White space around commas and ends has no meaning in a list, and little elsewhere.
      return value.trim().replace(/\s*,\s*/g, ',');
  }
}

/** Members of an Accept-like field, lower-case, with their weights from 0 to 1. */
export function weightedList(value: string): Array<{ readonly item: string; readonly weight: number }> {
  const list: Array<{ item: string; weight: number }> = [];
  for (const part of value.toLowerCase().split(',')) {
    const [item, ...parameters] = part.split(';').map((piece) => piece.trim());
    if (item === undefined || item === '') continue;
    const weights = parameters.filter((parameter) => /^q\s*=/.test(parameter));
    const others = parameters.filter((parameter) => !/^q\s*=/.test(parameter) && parameter !== '');
    list.push({ item: [item, ...others].join(';'), weight: parseWeight(weights[0]) });
  }
  return list;
}

/** RFC 9110 section 12.4.2; a weight that is none counts as 1. */
function parseWeight(parameter: string | undefined): number {
  if (parameter === undefined) return 1;
  const match = /^q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.exec(parameter);
  return match ? Number(match[1]) : 1;
}

/** The one language that the request likes best, '' when there is no single one. */
export function favouriteLanguage(value: string): string {
  const list = weightedList(value).toSorted((a, b) => b.weight - a.weight);
  const [first, second] = list;
  if (first === undefined || first.item === '*' || first.weight === 0) return '';
  return second === undefined || second.weight < first.weight ? first.item : '';
}
