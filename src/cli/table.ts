// Tables for terminals: as wide as they need to be, and no wider than the terminal; the column that is told to give way is
// cut with three dots. Piped output is never cut.

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly alignment?: 'right';
  /** Cut first when the terminal is too narrow. */
  readonly givesWay?: boolean;
}

/** Between columns. */
const gap = '  ';
/** A column that gives way keeps this many characters. */
const narrowest = 12;

/** Rows under a line of titles; each line ends with a line feed. `width` undefined: as wide as needed. */
export function formatTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width: number | undefined,
): string {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map((column) => printable(column.value(row)))),
  ];
  const widths = fit(
    columns,
    columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length))),
    width,
  );
  return cells
    .map(
      (line) =>
        `${line
          .map((text, i) => place(text, widths[i]!, columns[i]!))
          .join(gap)
          .trimEnd()}\n`,
    )
    .join('');
}

function fit<T>(columns: readonly Column<T>[], widths: number[], width: number | undefined): number[] {
  if (width === undefined) return widths;
  let over = widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1)) - width;
  return widths.map((each, i) => {
    if (over <= 0 || !columns[i]!.givesWay) return each;
    const cut = Math.min(over, Math.max(0, each - narrowest));
    over -= cut;
    return each - cut;
  });
}

function place<T>(text: string, width: number, { alignment }: Column<T>): string {
  const shown = text.length <= width ? text : `${text.slice(0, Math.max(0, width - 3))}...`;
  return alignment === 'right' ? shown.padStart(width) : shown.padEnd(width);
}

/** Values come from elsewhere: nothing in them may steer the terminal. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, ' ');
}
