// The cookie of a signed-in browser. Its name and attributes follow from where the dashboard stands:
//
//   https://host/         __Host-sallyport     no other host can set it, nor read it
//   https://host/base     __Secure-sallyport   sent below the base path only, so that sites beside it never see it
//   http://127.0.0.1/     sallyport            development and tests; a browser keeps no Secure cookie there
//
// SameSite=Strict: the dashboard is one page that fetches for itself, so even a first visit from a link elsewhere is signed
// in; only the way back from an issuer needs a Lax cookie, a short one of its own (oidc-cookie).
import { SallyportError } from '#base/errors.ts';

/** Where the dashboard stands. */
export interface DashboardPlace {
  /** `https://sallyport.example.com` or with a port. */
  readonly origin: string;
  readonly hostname: string;
  /** '' at the root, else `/sallyport`. */
  readonly basePath: string;
  readonly isSecure: boolean;
}

/** The parts of a dashboard's URL. @throws SallyportError 'config-invalid' */
export function dashboardPlace(url: string): DashboardPlace {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new SallyportError('config-invalid', `The dashboard's address "${url}" is no web address.`);
  }
  const { origin, hostname, pathname, protocol } = new URL(url);
  return { origin, hostname, basePath: pathname.replace(/\/+$/, ''), isSecure: protocol === 'https:' };
}

export interface CookieKind {
  /** Appended to the name: '' for the session. */
  readonly suffix: string;
  readonly sameSite: 'Strict' | 'Lax';
}

export const sessionCookie: CookieKind = { suffix: '', sameSite: 'Strict' };

/** A Set-Cookie value that keeps `value` for so long; 0 takes the cookie back. */
export function formatCookie(
  place: DashboardPlace,
  kind: CookieKind,
  { value, maxAgeMs }: { readonly value: string; readonly maxAgeMs: number },
): string {
  return [
    `${nameOf(place, kind)}=${value}`,
    `Path=${place.basePath === '' ? '/' : place.basePath}`,
    `Max-Age=${Math.floor(maxAgeMs / 1_000)}`,
    'HttpOnly',
    ...(place.isSecure ? ['Secure'] : []),
    `SameSite=${kind.sameSite}`,
  ].join('; ');
}

/** What a Cookie field says of this cookie. Two different values are no value: one of them is somebody else's. */
export function readCookie(place: DashboardPlace, kind: CookieKind, field: string): string | undefined {
  const name = nameOf(place, kind);
  const values = new Set<string>();
  for (const pair of field.split(';')) {
    const mark = pair.indexOf('=');
    if (mark > 0 && pair.slice(0, mark).trim() === name) values.add(pair.slice(mark + 1).trim());
  }
  const [value] = values;
  return values.size === 1 && value !== '' ? value : undefined;
}

function nameOf({ isSecure, basePath }: DashboardPlace, { suffix }: CookieKind): string {
  const prefix = isSecure ? (basePath === '' ? '__Host-' : '__Secure-') : '';
  return `${prefix}sallyport${suffix}`;
}
