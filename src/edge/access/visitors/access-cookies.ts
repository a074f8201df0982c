// The cookies of a protected hostname. `__Host-` binds them to it: no sibling on the same domain can set or read them.
// None reaches the origin.

/** Says who has signed in. */
export const visitCookie = '__Host-sallyport-visit';
/** A nonce while the browser is away to sign in. */
export const tryCookie = '__Host-sallyport-try';

/** What a client holds beside a sign-in: share links, page passwords, a service token it has proved. */
export const passCookie = '__Host-sallyport-pass';

const ownCookies: ReadonlySet<string> = new Set([visitCookie, tryCookie, passCookie]);

/** A Set-Cookie value that keeps `value` for so long; 0 takes the cookie back. */
export function formatCookie(name: string, value: string, maxAgeMs: number): string {
  return `${name}=${value}; Path=/; Max-Age=${Math.floor(maxAgeMs / 1_000)}; HttpOnly; Secure; SameSite=Lax`;
}

/** The value in a Cookie field. Two different values are none: one of them is somebody else's. HOT. */
export function readCookie(field: string, name: string): string | undefined {
  if (!field.includes(name)) return undefined;
  let found: string | undefined;
  for (let at = 0; at < field.length;) {
    const end = endOfPair(field, at);
    const mark = field.indexOf('=', at);
    if (mark >= 0 && mark < end && nameOf(field, at, mark) === name) {
      const value = field.slice(mark + 1, end).trim();
      if (found !== undefined && found !== value) return undefined;
      found = value;
    }
    at = end + 1;
  }
  return found === '' ? undefined : found;
}

/** A Cookie field without the edge's own; '' when nothing is left. HOT. */
export function withoutOwnCookies(field: string): string {
  let rest = '';
  for (let at = 0; at < field.length;) {
    const end = endOfPair(field, at);
    const mark = field.indexOf('=', at);
    if (!ownCookies.has(nameOf(field, at, mark < 0 || mark > end ? end : mark))) {
      const pair = field.slice(at, end).trim();
      if (pair !== '') rest = rest === '' ? pair : `${rest}; ${pair}`;
    }
    at = end + 1;
  }
  return rest;
}

function endOfPair(field: string, at: number): number {
  const end = field.indexOf(';', at);
  return end < 0 ? field.length : end;
}

function nameOf(field: string, from: number, to: number): string {
  return field.slice(from, to).trim();
}
