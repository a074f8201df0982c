// What people type or paste as the address of a route: a hostname, one with a path, or a whole URL.

/** Hostname and path prefix of it; the API judges whether they are any good. */
export function splitAddress(text: string): { hostname: string; path: string } {
  const bare = text
    .trim()
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[?#].*$/, '');
  const slash = bare.indexOf('/');
  const hostname = slash < 0 ? bare : bare.slice(0, slash);
  const path = slash < 0 ? '/' : bare.slice(slash).replace(/(.)\/+$/, '$1');
  return { hostname, path };
}
