// A list that the API tells page by page: what stands there while it is read, when it cannot be read, when it is empty, and then
// the table with a button for more.
import type { ReactNode } from 'react';
import { DataTable, type DataTableProps } from './data-table.tsx';
import { ProblemNotice, Waiting } from './notices.tsx';

/** What `usePaged` gives. */
interface PagedResult<T> {
  readonly items: readonly T[] | undefined;
  readonly total: number | undefined;
  readonly error: unknown;
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  readonly loadMore: () => void;
}

export interface PagedListProps<T, SortKey extends string> extends Omit<
  DataTableProps<T, SortKey>,
  'items' | 'more'
> {
  readonly list: PagedResult<T>;
  /** What is being read, for whoever hears the page: `names`. */
  readonly what: string;
  /** Room that is kept meanwhile. */
  readonly lines?: number;
  /** Stands there when there is nothing. */
  readonly empty: ReactNode;
}

/** The list. */
export function PagedList<T, SortKey extends string = string>(props: PagedListProps<T, SortKey>) {
  const { list, what, lines, empty, ...table } = props;
  if (list.items === undefined) {
    return list.error === null ? <Waiting what={what} lines={lines} /> : <ProblemNotice error={list.error} />;
  }
  if (list.items.length === 0) return empty;
  const more = list.hasMore && { total: list.total, isLoading: list.isLoadingMore, load: list.loadMore };
  return <DataTable {...table} items={list.items} more={more} />;
}
