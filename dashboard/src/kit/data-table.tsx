// Lists: a table on a wide screen, a card for each row on a phone. The roles are written out, because a table that is laid
// out as cards would lose its own.
import { Button, UnstyledButton } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Icon } from './icons.tsx';
import classes from './table.module.css';
import { formatCount } from './units.ts';

export interface Column<T, SortKey extends string = string> {
  readonly title: string;
  readonly cell: (item: T) => ReactNode;
  /** Names the order for whoever sorts (the API). */
  readonly sort?: SortKey;
  /** Sorts here; for lists that are there as a whole. */
  readonly value?: (item: T) => string | number;
  readonly isNumber?: boolean;
  /** Left out on a phone. */
  readonly isExtra?: boolean;
  /** Takes what the others leave. */
  readonly isWide?: boolean;
  /** Holds long words, and needs room for them. */
  readonly isRoomy?: boolean;
}

export interface Order<SortKey extends string = string> {
  readonly sort: SortKey;
  readonly order: 'asc' | 'desc';
}

export interface DataTableProps<T, SortKey extends string> {
  readonly label: string;
  readonly items: readonly T[];
  readonly columns: readonly Column<T, SortKey>[];
  readonly rowKey: (item: T) => string;
  /** The order in force, where the API sorts. */
  readonly order?: Order<SortKey>;
  readonly onOrder?: (order: Order<SortKey>) => void;
  /** A press anywhere on a row; the row has a link to the same place for the keyboard. */
  readonly onOpen?: (item: T) => void;
  /** Below a row that is open. */
  readonly detail?: (item: T) => ReactNode | undefined;
  readonly isMuted?: (item: T) => boolean;
  readonly more?:
    | { readonly total?: number | undefined; readonly isLoading: boolean; readonly load: () => void }
    | false;
}

/** A list. */
export function DataTable<T, SortKey extends string = string>(props: DataTableProps<T, SortKey>) {
  const { label, columns, rowKey, onOpen, detail, isMuted, more } = props;
  const [own, setOwn] = useState<{ title: string; order: 'asc' | 'desc' }>();
  const items = sorted(props.items, columns, own);
  const orderOf = (column: Column<T, SortKey>): 'asc' | 'desc' | undefined => {
    if (column.sort !== undefined) return props.order?.sort === column.sort ? props.order.order : undefined;
    return own?.title === column.title ? own.order : undefined;
  };
  const toggle = (column: Column<T, SortKey>): void => {
    const order = orderOf(column) === 'asc' ? 'desc' : 'asc';
    if (column.sort !== undefined) props.onOrder?.({ sort: column.sort, order });
    else setOwn({ title: column.title, order });
  };
  return (
    <div className={classes['frame']}>
      <table className={classes['table']} role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <HeadCell
                key={column.title}
                column={column}
                order={orderOf(column)}
                onToggle={() => toggle(column)}
              />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {items.map((item) => {
            const below = detail?.(item);
            return [
              <tr
                key={rowKey(item)}
                role="row"
                data-muted={isMuted?.(item) || undefined}
                data-open={onOpen !== undefined || undefined}
                onClick={(event) => {
                  // A press on a link or a button inside is theirs.
                  if (onOpen !== undefined && !(event.target as Element).closest('a, button, input, label'))
                    onOpen(item);
                }}
              >
                {columns.map((column) => (
                  <td
                    key={column.title}
                    role="cell"
                    data-label={column.title}
                    data-number={column.isNumber || undefined}
                    data-extra={column.isExtra || undefined}
                    data-wide={column.isWide || undefined}
                    data-roomy={column.isRoomy || undefined}
                  >
                    {column.cell(item)}
                  </td>
                ))}
              </tr>,
              below !== undefined && (
                <tr key={`${rowKey(item)} detail`} role="row" className={classes['detail']}>
                  <td role="cell" colSpan={columns.length}>
                    {below}
                  </td>
                </tr>
              ),
            ];
          })}
        </tbody>
      </table>
      {more !== undefined && more !== false && (
        <div className={classes['more']}>
          <Button variant="default" size="xs" loading={more.isLoading} onClick={more.load}>
            Show more
          </Button>
          <span>
            {formatCount(items.length)}
            {more.total !== undefined && ` of ${formatCount(more.total)}`} shown
          </span>
        </div>
      )}
    </div>
  );
}

interface HeadCellProps<T, SortKey extends string> {
  readonly column: Column<T, SortKey>;
  readonly order: 'asc' | 'desc' | undefined;
  readonly onToggle: () => void;
}

function HeadCell<T, SortKey extends string>({ column, order, onToggle }: HeadCellProps<T, SortKey>) {
  const isSortable = column.sort !== undefined || column.value !== undefined;
  return (
    <th
      role="columnheader"
      scope="col"
      aria-sort={order === undefined ? undefined : order === 'asc' ? 'ascending' : 'descending'}
      data-number={column.isNumber || undefined}
      data-extra={column.isExtra || undefined}
      data-wide={column.isWide || undefined}
    >
      {isSortable ? (
        <UnstyledButton
          className={classes['sort']}
          data-active={order !== undefined || undefined}
          onClick={onToggle}
        >
          {column.title}
          <Icon
            name={order === undefined ? 'sort' : order === 'asc' ? 'chevronUp' : 'chevronDown'}
            size={12}
          />
        </UnstyledButton>
      ) : (
        column.title
      )}
    </th>
  );
}

function sorted<T, SortKey extends string>(
  items: readonly T[],
  columns: readonly Column<T, SortKey>[],
  own: { title: string; order: 'asc' | 'desc' } | undefined,
): readonly T[] {
  const value = columns.find(({ title }) => title === own?.title)?.value;
  if (value === undefined) return items;
  const sign = own?.order === 'desc' ? -1 : 1;
  return items.toSorted((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (typeof left === 'number' && typeof right === 'number') return sign * (left - right);
    return sign * String(left).localeCompare(String(right), 'en', { numeric: true });
  });
}
