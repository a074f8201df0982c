// Names and values of a Cookie field, for rules and keys. Only what stands there counts: nothing is decoded.

/** Names in order of appearance. */
export function cookieNames(field: string): string[] {
  return field === '' ? [] : cookiePairs(field).map(([name]) => name);
}

/** `[name, value]` of each cookie. */
export function cookiePairs(field: string): Array<[string, string]> {
  const pairs: Array<[string, string]> = [];
  for (const part of field.split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0) pairs.push([part.slice(0, equals).trim(), part.slice(equals + 1).trim()]);
  }
  return pairs;
}
