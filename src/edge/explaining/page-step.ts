// The step `page` of explain, for a route with a path prefix: fetches the page and what it loads, through the edge, and says
// which of that fails or stands outside the prefix. The usual cause is a site that was built for another base address.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { isBelow } from '#http/shaping/prefix-rewrite.ts';
import { pageAssets } from '#http/shaping/page-assets.ts';
import type { InnerAnswer } from '../own-requests/inner-request.ts';

/** A page that loads more has shown by then what is wrong with it. */
const maxAssets = 40;
/** Fetched at once; the visitors of the site wait for nothing. */
const atOnce = 4;
/** Addresses that are named in the step. */
const maxNamed = 5;

interface Asset {
  readonly path: string;
  readonly status: number;
  readonly isOutside: boolean;
}

/** The step; undefined where there is no page, or no prefix that its links could miss. */
export async function pageStep(
  url: string,
  route: RouteEntry,
  fetch: (url: string) => Promise<InnerAnswer>,
): Promise<ExplainStep | undefined> {
  const prefix = route.shaping?.prefix?.strip ?? '';
  if (route.shaping?.prefix === undefined) return undefined;
  const page = await fetch(url);
  if (page.status !== 200 || page.html === '') return undefined;
  const urls = pageAssets(page.html, url, maxAssets);
  const assets: Asset[] = [];
  for (let at = 0; at < urls.length; at += atOnce) {
    const some = urls.slice(at, at + atOnce).map(async ({ href, pathname }): Promise<Asset> => {
      const { status } = await fetch(href);
      return { path: pathname, status, isOutside: prefix !== '' && !isBelow(pathname, prefix) };
    });
    assets.push(...(await Promise.all(some)));
  }
  return stepOf(assets, { prefix, host: new URL(url).host });
}

function stepOf(
  assets: readonly Asset[],
  { prefix, host }: { readonly prefix: string; readonly host: string },
): ExplainStep {
  const base = { step: 'page', ms: null, facts: { assets: String(assets.length) } } as const;
  const failing = assets.filter(({ status, isOutside }) => status >= 400 || isOutside);
  if (failing.length === 0) {
    const count =
      assets.length === 0 ? 'The page loads nothing else' : `All ${assets.length} of the page load`;
    return { ...base, status: 'ok', title: count, detail: '', cure: '' };
  }
  const named = failing
    .slice(0, maxNamed)
    .map(({ path, status, isOutside }) => `${path} (${status}${isOutside ? `, outside ${prefix}` : ''})`);
  const more = failing.length > maxNamed ? ` and ${failing.length - maxNamed} more` : '';
  const isAboutBase = failing.some(({ isOutside }) => isOutside);
  return {
    ...base,
    status: 'warning',
    title: `${failing.length} of ${assets.length} that the page loads ${failing.length === 1 ? 'fails' : 'fail'}`,
    detail: `${named.join(', ')}${more}.`,
    cure: isAboutBase
      ? `The site was built for another address: set its base URL to https://${host}${prefix}/, or have it heed X-Forwarded-Prefix.`
      : 'Ask for one of them by "sallyport explain" to see where it stops.',
    facts: {
      ...base.facts,
      failing: failing
        .map(({ path }) => path)
        .join(' ')
        .slice(0, 1000),
    },
  };
}
