// Says plainly when the edge does not answer, and that the page mends itself.
import { useConnection } from '../api/live-state.ts';
import { Icon } from '../kit/icons.tsx';
import { useNow } from '../kit/time-ago.tsx';
import { formatDuration } from '../kit/units.ts';
import classes from './shell.module.css';

/** Nothing while all is well. */
export function ConnectionBanner() {
  const { connection, lostSinceMs } = useConnection();
  const now = useNow();
  if (connection !== 'lost') return <div role="status" />;
  const away = lostSinceMs === undefined ? 0 : Math.max(0, now - lostSinceMs);
  return (
    <div className={classes['banner']} role="status">
      <Icon name="warning" size={18} />
      <span>
        <strong>The edge does not answer{away > 4_000 && <> since {formatDuration(away)}</>}.</strong> What
        you see is the last that was known. This page tries again by itself.
      </span>
    </div>
  );
}
