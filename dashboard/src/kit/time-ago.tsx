// A moment told from now, with the exact one in its title. One ticking clock serves all of them on the page.
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { formatAgo, formatDuration, formatMoment } from './units.ts';

const NowContext = createContext<number | undefined>(undefined);

/** How often relative times are drawn anew, in milliseconds: the seconds they show may be off by as much. */
const tickMs = 5_000;

/** Gives the page one clock. */
export function NowProvider({ children }: { readonly children: ReactNode }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}

/** The page's clock, in milliseconds since the epoch. */
export function useNow(): number {
  const now = use(NowContext);
  if (now === undefined) throw new Error('useNow is used outside of NowProvider');
  return now;
}

/** `3 h ago`; `never` for null. */
export function TimeAgo({
  atMs,
  never = 'never',
}: {
  readonly atMs: number | null;
  readonly never?: string;
}) {
  const now = useNow();
  if (atMs === null) return <>{never}</>;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatMoment(atMs)}>
      {formatAgo(atMs, now)}
    </time>
  );
}

/** `3 h 12 min`: for how long something has been so. */
export function TimeSince({ atMs }: { readonly atMs: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(atMs).toISOString()} title={`since ${formatMoment(atMs)}`}>
      {formatDuration(Math.max(0, now - atMs))}
    </time>
  );
}
