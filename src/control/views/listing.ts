// Lists of the API: searched, sorted, cut into pages. The cursor is the place of the next item and the order it was counted
// in, so that a page after a change may repeat or miss an item, but never fails.
import { SallyportError } from '#base/errors.ts';

export interface Listing<T> {
  readonly items: readonly T[];
  readonly limit: number;
  readonly cursor: string | undefined;
  readonly search: string | undefined;
  /** Texts in which `search` is looked for. */
  readonly texts: (item: T) => readonly string[];
  /** What the list is sorted by. */
  readonly key: (item: T) => string | number;
  readonly order?: 'asc' | 'desc';
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** One page. @throws SallyportError 'usage' for a cursor that is none */
export function pageOfList<T>(listing: Listing<T>): { items: T[]; nextCursor: string | null; total: number } {
  const wanted = (listing.search ?? '').toLowerCase();
  const found = listing.items.filter(
    (item) => wanted === '' || listing.texts(item).some((text) => text.toLowerCase().includes(wanted)),
  );
  const sign = listing.order === 'desc' ? -1 : 1;
  const keyed = found.map((item) => ({ item, key: listing.key(item) }));
  keyed.sort((a, b) => sign * compare(a.key, b.key));
  const start = placeOfCursor(listing.cursor);
  const end = start + listing.limit;
  return {
    items: keyed.slice(start, end).map(({ item }) => item),
    nextCursor: end < keyed.length ? `at-${end}` : null,
    total: keyed.length,
  };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
}

/** Where a page begins. @throws SallyportError 'usage' for a cursor that is none */
export function placeOfCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  const [, digits] = /^at-(\d{1,9})$/.exec(cursor) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new SallyportError('usage', 'The cursor is not one of this list; leave it out to begin at the top.');
}
