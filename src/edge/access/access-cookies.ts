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

/** The value in a Cookie field. Two different values are none: one of them is somebody else's. */
export function readCookie(field: string, name: string): string | undefined {
  if (!field.includes(name)) return undefined;
  let found: string | undefined;
  for (const pair of field.split(';')) {
    const mark = pair.indexOf('=');
    if (mark < 0 || pair.slice(0, mark).trim() !== name) continue;
    const value = pair.slice(mark + 1).trim();
    if (found !== undefined && found !== value) return undefined;
    found = value;
  }
  return found === '' ? undefined : found;
}

/** A Cookie field without the edge's own; '' when nothing is left. */
export function withoutOwnCookies(field: string): string {
  return field
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => {
      const name = pair.split('=', 1)[0]!.trim();
      return pair !== '' && !ownCookies.has(name);
    })
    .join('; ');
}
