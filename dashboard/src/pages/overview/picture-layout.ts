// Where everything stands in the living picture: pure arithmetic from tunnels, connectors and routes to boxes and lines.
// What needs a look comes first, then what is busy; past a limit the rest is one row that says how many they are, so that
// fifty tunnels read as well as one.

/** What the picture needs to know of a tunnel. */
export interface PictureTunnel {
  readonly id: string;
  readonly name: string;
  readonly status: 'healthy' | 'degraded' | 'down' | 'never-connected';
  readonly connectors: readonly { readonly name: string; readonly isDraining: boolean }[];
  /** Hostnames that lead to it, with the service at home behind each. */
  readonly routes: readonly { readonly hostname: string; readonly service: string; readonly isUp: boolean }[];
  /** In the last second, or a moving mean of a few. */
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
}

export interface PictureLine {
  readonly y: number;
  readonly text: string;
  readonly note: string;
  readonly isUp: boolean;
}

/** One tunnel as a row: its box, its connectors and services from top to bottom. */
export interface PictureRow {
  readonly tunnel: PictureTunnel;
  readonly top: number;
  readonly height: number;
  /** Middle, where the lines meet. */
  readonly y: number;
  readonly connectors: readonly PictureLine[];
  readonly services: readonly PictureLine[];
}

export interface PictureLayout {
  readonly rows: readonly PictureRow[];
  /** Tunnels that have no row of their own. */
  readonly hidden: { readonly count: number; readonly up: number; readonly y: number } | undefined;
  readonly height: number;
}

/** Rows at most; about what a laptop shows at once. */
export const maxRows = 9;
const lineHeight = 22;
const rowPadding = 10;
const rowGap = 8;
const margin = 12;
const hiddenHeight = 40;
/** What internet and edge take with the words below them. */
const minHeight = 176;
/** Lines of one row at most; the last says how many more there are. */
const maxLines = 3;
/** From this many tunnels on, a row has fewer lines. */
const manyTunnels = 6;

const severity: Readonly<Record<PictureTunnel['status'], number>> = {
  ...{ down: 0, degraded: 1, healthy: 2, 'never-connected': 3 },
};

/** Lays the picture out. */
export function layoutPicture(tunnels: readonly PictureTunnel[]): PictureLayout {
  const inOrder = tunnels.toSorted(
    (a, b) =>
      severity[a.status] - severity[b.status] ||
      b.routes.length - a.routes.length ||
      a.name.localeCompare(b.name, 'en', { numeric: true }),
  );
  // One more row costs as much as the line that would stand for it.
  const shownCount = inOrder.length <= maxRows + 1 ? inOrder.length : maxRows;
  const linesMax = tunnels.length >= manyTunnels ? 2 : maxLines;
  let top = margin;
  const rows = inOrder.slice(0, shownCount).map((tunnel) => {
    const row = layoutRow(tunnel, top, linesMax);
    top += row.height + rowGap;
    return row;
  });
  const rest = inOrder.slice(shownCount);
  const hidden =
    rest.length === 0
      ? undefined
      : {
          count: rest.length,
          up: rest.filter(({ connectors }) => connectors.length > 0).length,
          y: top + hiddenHeight / 2,
        };
  const height = top - rowGap + margin + (hidden === undefined ? 0 : hiddenHeight + rowGap);
  // A small picture stands in the middle of the room that internet and edge need.
  const spare = Math.max(0, minHeight - height) / 2;
  return { rows: rows.map((row) => moveDown(row, spare)), hidden, height: Math.max(height, minHeight) };
}

function moveDown(row: PictureRow, by: number): PictureRow {
  if (by === 0) return row;
  const move = (lines: readonly PictureLine[]): PictureLine[] =>
    lines.map((line) => ({ ...line, y: line.y + by }));
  return {
    ...row,
    top: row.top + by,
    y: row.y + by,
    connectors: move(row.connectors),
    services: move(row.services),
  };
}

function layoutRow(tunnel: PictureTunnel, top: number, linesMax: number): PictureRow {
  const connectors = summed(
    tunnel.connectors.map(({ name, isDraining }) => ({
      text: name,
      note: isDraining ? 'draining' : '',
      isUp: true,
    })),
    linesMax,
    'connectors',
  );
  const services = summed(
    tunnel.routes.map(({ hostname, service, isUp }) => ({ text: hostname, note: service, isUp })),
    linesMax,
    'routes',
  );
  const lines = Math.max(1, connectors.length, services.length);
  const height = lines * lineHeight + rowPadding * 2;
  const y = top + height / 2;
  const place = (items: readonly Omit<PictureLine, 'y'>[]): PictureLine[] =>
    items.map((item, i) => ({ ...item, y: y + (i - (items.length - 1) / 2) * lineHeight }));
  return { tunnel, top, height, y, connectors: place(connectors), services: place(services) };
}

function summed(
  items: readonly Omit<PictureLine, 'y'>[],
  linesMax: number,
  what: string,
): readonly Omit<PictureLine, 'y'>[] {
  if (items.length <= linesMax) return items;
  // What does not work is shown before what does.
  const inOrder = items.toSorted((a, b) => Number(a.isUp) - Number(b.isUp));
  const rest = inOrder.slice(linesMax - 1);
  const more = { text: `and ${rest.length} more ${what}`, note: '', isUp: rest.every(({ isUp }) => isUp) };
  return [...inOrder.slice(0, linesMax - 1), more];
}

/** Seconds that a mark takes along a line: quicker with more traffic, but never so quick that it flickers. */
export function flowSeconds(requestsPerSecond: number): number {
  return Math.max(0.9, 5 / (1 + Math.log2(1 + requestsPerSecond)));
}
