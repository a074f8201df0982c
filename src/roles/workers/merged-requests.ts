// One list of requests from those that several processes keep: newest first, a page at a time. A cursor holds one of each
// process's own.
import type { EdgeView } from '#control/edge-view.ts';

type Page = Awaited<ReturnType<EdgeView['listRequests']>>;
type Asked = Parameters<EdgeView['listRequests']>[1];

/** Asks one process for a page. */
export type AskPage = (page: Asked) => Promise<Page>;

/** Stands in a cursor for a process that has no older ones. */
const none = '-';

/** A page of all; whoever does not answer has nothing on it. */
export async function mergedRequests(ask: readonly AskPage[], { limit, cursor }: Asked): Promise<Page> {
  const given = cursor?.split('.') ?? [];
  // One that has come since the first page was asked for is not on later ones.
  const cursors = ask.map((_, i) => (cursor === undefined ? undefined : (given[i] ?? none)));
  const pages = await Promise.all(ask.map((one, i) => pageOf(one, { limit, cursor: cursors[i] })));
  const ranked = pages
    .flatMap(({ items }, i) => items.map((item) => ({ item, i })))
    .toSorted((a, b) => timeOf(b.item) - timeOf(a.item));
  const shown = ranked.slice(0, limit);
  const next = await Promise.all(
    pages.map(async (page, i) => {
      const taken = shown.filter((one) => one.i === i).length;
      if (taken === page.items.length) return page.nextCursor ?? none;
      if (taken === 0) return cursors[i] ?? '';
      return (await pageOf(ask[i]!, { limit: taken, cursor: cursors[i] })).nextCursor ?? none;
    }),
  );
  const isLast = next.every((one) => one === none);
  return {
    items: shown.map(({ item }) => item),
    nextCursor: isLast ? undefined : next.join('.'),
    held: pages.reduce((sum, { held }) => sum + held, 0),
  };
}

async function pageOf(ask: AskPage, { limit, cursor }: Asked): Promise<Page> {
  const nothing: Page = { items: [], nextCursor: undefined, held: 0 };
  try {
    if (cursor === none) return { ...nothing, held: (await ask({ limit: 1, cursor: undefined })).held };
    return await ask({ limit, cursor: cursor === '' ? undefined : cursor });
  } catch {
    return nothing;
  }
}

function timeOf({ time }: Page['items'][number]): number {
  return Date.parse(time);
}
