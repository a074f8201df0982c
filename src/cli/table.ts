// Tables for terminals: as wide as they need to be, and no wider than the terminal. What is told to leave is left out first,
// from the right; then columns that are told to give way are cut with three dots. Piped output is never cut.

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  readonly alignment?: 'right';
  /** Cut when the terminal is too narrow. */
  readonly givesWay?: boolean;
  /** Left out before anything is cut much; another command, or `--output json`, shows it too. */
  readonly leaves?: boolean;
}

/** Between columns. */
const gap = '  ';
/** A column that gives way keeps this many characters. */
const narrowest = 12;
/** Rather than cut below this, others leave. */
const readable = 24;

/** Rows under a line of titles; each line ends with a line feed. `width` undefined: as wide as needed. */
export function formatTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width: number | undefined,
): string {
  const wanted = columns.map((column) =>
    Math.max(column.title.length, ...rows.map((row) => printable(column.value(row)).length)),
  );
  const shown = stayers(columns, wanted, width);
  const kept = columns.filter((_, i) => shown.has(i));
  const widths = fit(
    kept,
    wanted.filter((_, i) => shown.has(i)),
    width,
  );
  const lines = [
    kept.map(({ title }) => title),
    ...rows.map((row) => kept.map((column) => printable(column.value(row)))),
  ];
  return lines
    .map(
      (line) =>
        `${line
          .map((text, i) => place(text, widths[i]!, kept[i]!))
          .join(gap)
          .trimEnd()}\n`,
    )
    .join('');
}

/** Which columns are shown, by their places. */
function stayers<T>(
  columns: readonly Column<T>[],
  widths: readonly number[],
  width: number | undefined,
): ReadonlySet<number> {
  const shown = new Set(columns.keys());
  const needed = (): number =>
    [...shown].reduce(
      (sum, i) => sum + gap.length + (columns[i]!.givesWay ? Math.min(widths[i]!, readable) : widths[i]!),
      -gap.length,
    );
  for (let i = columns.length - 1; i >= 0 && width !== undefined && needed() > width; i--)
    if (columns[i]!.leaves) shown.delete(i);
  return shown;
}

/** Cuts what gives way, the widest first, until the line fits. */
function fit<T>(columns: readonly Column<T>[], widths: number[], width: number | undefined): number[] {
  const total = (): number => widths.reduce((sum, each) => sum + each, gap.length * (widths.length - 1));
  while (width !== undefined && total() > width) {
    const [widest] = [...widths.keys()]
      .filter((i) => columns[i]!.givesWay && widths[i]! > narrowest)
      .toSorted((a, b) => widths[b]! - widths[a]!);
    if (widest === undefined) break;
    widths[widest]! -= 1;
  }
  return widths;
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
