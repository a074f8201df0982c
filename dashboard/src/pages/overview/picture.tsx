// The living picture: internet, edge, tunnels, connectors and services, with traffic flowing between them. On a phone the
// same is told from top to bottom.
import { useElementSize } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { Dot, type Tone } from '../../kit/status.tsx';
import { formatAmount, formatBytes, formatRate } from '../../kit/units.ts';
import {
  flowSeconds,
  layoutPicture,
  type PictureLayout,
  type PictureRow,
  type PictureTunnel,
} from './picture-layout.ts';
import classes from './picture.module.css';

export interface PictureProps {
  readonly edgeName: string;
  readonly tunnels: readonly PictureTunnel[];
  readonly total: {
    readonly requestsPerSecond: number;
    readonly errorsPerSecond: number;
    readonly bytesPerSecond: number;
  };
}

/** Below this width the picture is told from top to bottom. */
const narrowPx = 720;

export const toneOfTunnel: Readonly<Record<PictureTunnel['status'], Tone>> = {
  ...{ healthy: 'good', degraded: 'warn', down: 'bad', 'never-connected': 'off' },
};

/** The picture, as wide as there is room. */
export function Picture(props: PictureProps) {
  const { ref, width } = useElementSize();
  const layout = layoutPicture(props.tunnels);
  return (
    <div ref={ref} className={classes['picture']} style={{ minHeight: layout.height }}>
      {width > 0 &&
        (width < narrowPx ? (
          <Column {...props} layout={layout} />
        ) : (
          <Wide {...props} layout={layout} width={width} />
        ))}
    </div>
  );
}

interface WideProps extends PictureProps {
  readonly layout: PictureLayout;
  readonly width: number;
}

function Wide({ edgeName, total, layout, width }: WideProps) {
  const { height, rows, hidden } = layout;
  const middle = height / 2;
  const columns = columnsOf(width);
  return (
    <svg width={width} height={height} role="group" aria-label="What leads where, right now">
      <Flow
        path={`M${columns.internetRight} ${middle}H${columns.edgeLeft}`}
        rate={total.requestsPerSecond}
        weight={3}
      />
      {rows.map((row) => (
        <RowLines key={row.tunnel.id} row={row} middle={middle} columns={columns} />
      ))}
      {hidden !== undefined && (
        <path
          className={classes['wire']}
          d={curve(columns.edgeRight, middle, columns.tunnelLeft, hidden.y)}
        />
      )}
      <g transform={`translate(${columns.internetLeft} ${middle})`}>
        <Internet />
        <text className={classes['caption']} x={34} y={58} textAnchor="middle">
          {formatRate(total.requestsPerSecond)}
        </text>
        <text className={classes['note']} x={34} y={74} textAnchor="middle">
          {formatBytes(total.bytesPerSecond)}/s
        </text>
      </g>
      <g transform={`translate(${columns.edgeLeft} ${middle})`}>
        <Gate />
        <text className={classes['caption']} x={32} y={58} textAnchor="middle">
          {clip(edgeName, 20)}
        </text>
        {total.errorsPerSecond > 0 && (
          <text className={classes['bad']} x={32} y={74} textAnchor="middle">
            {formatAmount(Math.round(total.errorsPerSecond), 'error')} /s
          </text>
        )}
      </g>
      {rows.map((row) => (
        <RowBoxes key={row.tunnel.id} row={row} columns={columns} />
      ))}
      {hidden !== undefined && (
        <Link to="/tunnels" className={classes['link']}>
          <text className={classes['name']} x={columns.tunnelLeft + 12} y={hidden.y + 5}>
            and {formatAmount(hidden.count, 'more tunnel')}
            {hidden.up < hidden.count
              ? `, ${hidden.count - hidden.up} of them not connected`
              : ', all connected'}
          </text>
        </Link>
      )}
    </svg>
  );
}

type Columns = ReturnType<typeof columnsOf>;

/** x of everything, for a picture of this width. */
function columnsOf(width: number) {
  const internetLeft = 4;
  const internetRight = internetLeft + 68;
  const edgeLeft = internetRight + Math.max(36, width * 0.05);
  const edgeRight = edgeLeft + 64;
  const tunnelLeft = edgeRight + Math.max(70, width * 0.08);
  const left = width - tunnelLeft;
  const tunnelWidth = Math.min(190, left * 0.24);
  const connectorLeft = tunnelLeft + tunnelWidth + Math.max(26, left * 0.04);
  const serviceLeft = connectorLeft + Math.max(110, left * 0.2) + Math.max(20, left * 0.03);
  return {
    internetLeft,
    internetRight,
    edgeLeft,
    edgeRight,
    tunnelLeft,
    tunnelWidth,
    connectorLeft,
    serviceLeft,
    width,
  };
}

function RowLines({
  row,
  middle,
  columns,
}: {
  readonly row: PictureRow;
  readonly middle: number;
  readonly columns: Columns;
}) {
  const { tunnel, y, connectors, services } = row;
  const isBroken = tunnel.connectors.length === 0;
  const tunnelRight = columns.tunnelLeft + columns.tunnelWidth;
  const rate = tunnel.requestsPerSecond;
  return (
    <>
      <Flow
        path={curve(columns.edgeRight, middle, columns.tunnelLeft, y)}
        rate={rate}
        weight={2}
        isBroken={isBroken}
        isAbsent={tunnel.status === 'never-connected'}
        hasErrors={tunnel.errorsPerSecond > 0}
      />
      {connectors.map((line) => (
        <Flow
          key={line.y}
          path={curve(tunnelRight, y, columns.connectorLeft, line.y)}
          rate={rate}
          weight={1.5}
        />
      ))}
      {services.map((line) => (
        <Flow
          key={line.y}
          path={curve(columns.serviceLeft - 18, y, columns.serviceLeft, line.y)}
          rate={0}
          weight={1.5}
          isBroken={!line.isUp}
          isAbsent={tunnel.status === 'never-connected'}
        />
      ))}
    </>
  );
}

function RowBoxes({ row, columns }: { readonly row: PictureRow; readonly columns: Columns }) {
  const { tunnel, y, connectors, services } = row;
  const { tunnelLeft, tunnelWidth, connectorLeft, serviceLeft, width } = columns;
  const charsOf = (px: number): number => Math.floor(px / 7.1);
  const top = y - 21;
  return (
    <>
      <Link to="/tunnels/$tunnel" params={{ tunnel: tunnel.name }} className={classes['link']}>
        <rect
          className={classes['box']}
          data-tone={toneOfTunnel[tunnel.status]}
          x={tunnelLeft}
          y={top}
          width={tunnelWidth}
          height={42}
          rx={4}
        />
        <text className={classes['name']} x={tunnelLeft + 12} y={top + 18}>
          {clip(tunnel.name, charsOf(tunnelWidth - 24))}
        </text>
        <text
          className={classes['note']}
          data-tone={toneOfTunnel[tunnel.status]}
          x={tunnelLeft + 12}
          y={top + 34}
        >
          {tunnel.status === 'healthy'
            ? formatRate(tunnel.requestsPerSecond)
            : tunnel.status.replace('-', ' ')}
        </text>
      </Link>
      {connectors.map((line) => (
        <text key={line.y} className={classes['text']} x={connectorLeft + 6} y={line.y + 4.5}>
          {clip(line.text, charsOf(serviceLeft - 24 - connectorLeft))}
          {line.note !== '' && <tspan className={classes['note']}> {line.note}</tspan>}
        </text>
      ))}
      {connectors.length === 0 && (
        <text className={classes['note']} x={connectorLeft + 6} y={y + 4.5}>
          no connector
        </text>
      )}
      {services.map((line) => (
        <ServiceText key={line.y} line={line} x={serviceLeft + 6} room={charsOf(width - serviceLeft - 8)} />
      ))}
    </>
  );
}

interface ServiceTextProps {
  readonly line: PictureRow['services'][number];
  readonly x: number;
  readonly room: number;
}

function ServiceText({ line, x, room }: ServiceTextProps) {
  const name = clip(line.text, room);
  const left = room - name.length - 3;
  return (
    <text className={classes['text']} data-up={line.isUp} x={x} y={line.y + 4.5}>
      {name}
      {line.note !== '' && left > 9 && (
        <tspan className={classes['note']}>{`  ${clip(line.note.replace(/^https?:\/\//, ''), left)}`}</tspan>
      )}
    </text>
  );
}

interface FlowProps {
  readonly path: string;
  readonly rate: number;
  readonly weight: number;
  readonly isBroken?: boolean;
  /** Never there yet, which is no fault. */
  readonly isAbsent?: boolean;
  readonly hasErrors?: boolean;
}

/** A line, and the marks that wander along it while there is traffic. */
function Flow({ path, rate, weight, isBroken = false, isAbsent = false, hasErrors = false }: FlowProps) {
  return (
    <>
      <path
        className={classes['wire']}
        data-broken={isAbsent ? 'absent' : isBroken || undefined}
        d={path}
        strokeWidth={weight}
      />
      {rate > 0 && !isBroken && (
        <path
          className={classes['flow']}
          data-errors={hasErrors || undefined}
          d={path}
          strokeWidth={weight + 1}
          style={{ animationDuration: `${flowSeconds(rate).toFixed(1)}s` }}
        />
      )}
    </>
  );
}

function Internet() {
  return (
    <g className={classes['globe']}>
      <circle cx={34} cy={0} r={30} />
      <path d="M4 0h60M34 -30c16 16 16 44 0 60c-16 -16 -16 -44 0 -60M9 -16h50M9 16h50" />
    </g>
  );
}

function Gate() {
  return (
    <g>
      <path d="M2 34V-4a30 30 0 0 1 60 0v38z" fill="var(--accent)" />
      <path d="M19 34V0a13 13 0 0 1 26 0v34z" fill="var(--surface)" />
      <path className={classes['arrow']} d="M32 26V6m-7 7 7-7 7 7" />
    </g>
  );
}

interface ColumnProps extends PictureProps {
  readonly layout: PictureLayout;
}

function Column({ edgeName, total, layout }: ColumnProps) {
  return (
    <div className={classes['column']}>
      <div className={classes['head']}>
        <svg width={128} height={68} viewBox="0 -34 128 68" aria-hidden="true">
          <Flow path="M52 0H76" rate={total.requestsPerSecond} weight={3} />
          <g transform="scale(0.8) translate(-2 0)">
            <Internet />
          </g>
          <g transform="translate(76 0) scale(0.8)">
            <Gate />
          </g>
        </svg>
        <div>
          <b>{edgeName}</b>
          <span>
            {formatRate(total.requestsPerSecond)}, {formatBytes(total.bytesPerSecond)}/s
          </span>
        </div>
      </div>
      <ul>
        {layout.rows.map(({ tunnel, connectors, services }) => (
          <li key={tunnel.id} data-flowing={tunnel.requestsPerSecond > 0 || undefined}>
            <Link to="/tunnels/$tunnel" params={{ tunnel: tunnel.name }}>
              <Dot tone={toneOfTunnel[tunnel.status]} />
              <b>{tunnel.name}</b>
              <span>
                {tunnel.status === 'healthy'
                  ? formatRate(tunnel.requestsPerSecond)
                  : tunnel.status.replace('-', ' ')}
              </span>
            </Link>
            <p>{connectors.length === 0 ? 'no connector' : connectors.map(({ text }) => text).join(', ')}</p>
            {services.map(({ text, isUp }) => (
              <p key={text} data-up={isUp}>
                {text}
              </p>
            ))}
          </li>
        ))}
      </ul>
      {layout.hidden !== undefined && (
        <Link to="/tunnels">
          and {formatAmount(layout.hidden.count, 'more tunnel')}
          {layout.hidden.up < layout.hidden.count
            ? `, ${layout.hidden.count - layout.hidden.up} of them not connected`
            : ', all connected'}
        </Link>
      )}
    </div>
  );
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const bend = (x1 + x2) / 2;
  return `M${x1.toFixed(1)} ${y1.toFixed(1)}C${bend.toFixed(1)} ${y1.toFixed(1)} ${bend.toFixed(1)} ${y2.toFixed(1)} ${x2.toFixed(1)} ${y2.toFixed(1)}`;
}

function clip(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`;
}
