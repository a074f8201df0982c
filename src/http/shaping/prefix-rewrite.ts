// How paths go from public to the origin's and back, where a route takes a prefix off or puts one before: the request's
// path, and on the way back what names places: Location, Content-Location, Refresh, and the path and domain of cookies.
//
//   strip /frank            /frank/a -> /a          add /app    /a -> /app/a
//   both                    /frank/a -> /app/a
//
// It works on the canonical path, so that what is cut off is what was matched.

/** What is written anew. */
export interface PrefixRewrite {
  /** Without a slash at its end; '' for none. */
  readonly strip: string;
  readonly add: string;
  /** `host`, `keep`, another domain, or '' to keep what browsers would take. */
  readonly cookieDomain: string;
}

/** Whether a path is `prefix` or below it. */
export function isBelow(path: string, prefix: string): boolean {
  return (
    path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f)
  );
}

/** The path that the origin is asked for; undefined where the rewrite has nothing to do with it. */
export function originPath({ strip, add }: PrefixRewrite, path: string): string | undefined {
  if (strip !== '' && !isBelow(path, strip)) return undefined;
  const rest = path.slice(strip.length);
  // What follows the prefix may begin with several slashes; a path of two is another host to a careless origin.
  const own = `/${rest.replace(/^\/+/, '')}`;
  return add + own;
}

/** The public path of one of the origin's; undefined where it is none that the route serves, or public already. */
export function publicPath({ strip, add }: PrefixRewrite, path: string): string | undefined {
  if (add === '') return strip === '' || isBelow(path, strip) ? undefined : strip + path;
  if (!isBelow(path, add)) return undefined;
  return strip + (path.slice(add.length) || '/');
}

/** Names that a visitor's browser, or the origin, has for this site. */
export interface SiteNames {
  /** Canonical public hostname. */
  readonly host: string;
  /** Host and port of the service, as the ingress rule names it; '' when it names none. */
  readonly service: string;
}

const absolute = /^(?:https?:)?\/\/([^/?#]*)/i;

/** A reference in the origin's answer as visitors need it; undefined to leave it as it is. */
export function publicReference(
  rewrite: PrefixRewrite,
  reference: string,
  names: SiteNames,
): string | undefined {
  const match = absolute.exec(reference);
  // Relative to the page, whose address has the prefix already.
  if (!match && !reference.startsWith('/')) return undefined;
  const authority = match?.[1]?.toLowerCase() ?? '';
  const isService = match !== null && names.service !== '' && authority === names.service;
  if (match && !isService && hostOf(authority) !== names.host) return undefined;
  const rest = reference.slice(match?.[0].length ?? 0);
  const pathEnd = rest.search(/[?#]/);
  const path = (pathEnd < 0 ? rest : rest.slice(0, pathEnd)) || '/';
  const found = publicPath(rewrite, path);
  // The service's own name means nothing outside.
  if (isService) return (found ?? path) + (pathEnd < 0 ? '' : rest.slice(pathEnd));
  if (found === undefined) return undefined;
  return (match?.[0] ?? '') + found + (pathEnd < 0 ? '' : rest.slice(pathEnd));
}

function hostOf(authority: string): string {
  return authority.replace(/:\d*$/, '').replace(/\.$/, '');
}

/** `5; url=/login` with its reference put right; undefined to leave it as it is. */
export function publicRefresh(rewrite: PrefixRewrite, value: string, names: SiteNames): string | undefined {
  const match = /^(\s*[\d.]+\s*[;,]\s*url\s*=\s*)(["']?)([^"']*)(["']?\s*)$/i.exec(value);
  if (!match) return undefined;
  const [, before = '', quote = '', reference = '', after = ''] = match;
  const found = publicReference(rewrite, reference, names);
  return found === undefined ? undefined : before + quote + found + after;
}

/** A Set-Cookie with its path and domain put right; undefined to leave it as it is. */
export function publicCookie(rewrite: PrefixRewrite, value: string, host: string): string | undefined {
  // Browsers take these with Path=/ and no domain only.
  if (/^\s*__Host-/i.test(value)) return undefined;
  let isChanged = false;
  const parts = value.split(';').flatMap((part, i) => {
    const match = i === 0 ? null : /^(\s*(path|domain)\s*=\s*)(.*?)(\s*)$/i.exec(part);
    if (!match) return [part];
    const [, before = '', name = '', text = ''] = match;
    const changed =
      name.toLowerCase() === 'path' ? cookiePath(rewrite, text) : cookieDomain(rewrite, text, host);
    if (changed === text) return [part];
    isChanged = true;
    return changed === '' ? [] : [before + changed];
  });
  return isChanged ? parts.join(';') : undefined;
}

function cookiePath(rewrite: PrefixRewrite, path: string): string {
  if (!path.startsWith('/')) return path;
  const found = publicPath(rewrite, path);
  if (found === undefined) return path;
  // `/blog` covers `/blog` and all below; `/blog/` would leave the former out.
  return path === '/' || path === rewrite.add ? found.replace(/(?<=.)\/$/, '') : found;
}

/** '' takes the domain away: the cookie is for this hostname only. */
function cookieDomain({ cookieDomain: setting }: PrefixRewrite, domain: string, host: string): string {
  if (setting === 'keep') return domain;
  if (setting === 'host') return '';
  if (setting !== '') return setting;
  const bare = domain.replace(/^\./, '').toLowerCase();
  return host === bare || host.endsWith(`.${bare}`) ? domain : '';
}
