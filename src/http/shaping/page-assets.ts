// What a page of HTML loads beside itself: style sheets, scripts, pictures, frames; as addresses, in the order of the page.
// It reads tags as a scanner, not as a browser: good enough to tell which of them lead nowhere, and linear in the page.

/** Longer tags hold their data inside. */
const maxTag = 4_000;
const loadingTags = /^<(link|script|img|source|video|audio|iframe|embed|object|base)(?=[\s/>])/i;
const attributes = /(?:^|\s)(href|src|data|rel)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi;

/** Relations of a link that the browser fetches. */
const fetchedRelations = /(^|\s)(stylesheet|icon|apple-touch-icon|manifest|modulepreload|preload)(\s|$)/i;

/** Addresses of what a page at `pageUrl` loads from the same site, each once, at most `limit`. */
export function pageAssets(html: string, pageUrl: string, limit: number): URL[] {
  let base = pageUrl;
  const found = new Map<string, URL>();
  for (let at = html.indexOf('<'); at >= 0 && found.size < limit; at = html.indexOf('<', at + 1)) {
    if (html.startsWith('<!--', at)) {
      const end = html.indexOf('-->', at);
      if (end < 0) break;
      at = end;
      continue;
    }
    const tag = loadingTags.exec(html.slice(at, at + 12));
    if (!tag) continue;
    const end = html.indexOf('>', at);
    if (end < 0) break;
    const reference = referenceOf(tag[1]!.toLowerCase(), html.slice(at, Math.min(end, at + maxTag)));
    if (reference === undefined || !URL.canParse(reference, base)) continue;
    if (tag[1]!.toLowerCase() === 'base') {
      base = new URL(reference, base).href;
      continue;
    }
    const url = new URL(reference, base);
    url.hash = '';
    if (url.host === new URL(pageUrl).host) found.set(url.href, url);
  }
  return [...found.values()];
}

function referenceOf(tag: string, text: string): string | undefined {
  const values: Record<string, string> = {};
  for (const [, name = '', double, single, bare] of text.matchAll(attributes)) {
    values[name.toLowerCase()] ??= (double ?? single ?? bare ?? '').replaceAll('&amp;', '&').trim();
  }
  switch (tag) {
    case 'link':
      return fetchedRelations.test(values['rel'] ?? '') ? values['href'] : undefined;
    case 'base':
      return values['href'];
    case 'object':
      return values['data'];
    default:
      return values['src'];
  }
}
