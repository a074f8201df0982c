// What is wrong, in words, with the cure. On top of the overview, because that is why one looks.
import { Link } from '@tanstack/react-router';
import type { Trouble } from '#api/status.ts';
import { Notice } from '../../kit/notices.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import classes from './overview.module.css';

/** Troubles shown at once; the rest are counted. */
const maxShown = 6;

/** All troubles, the worst first; nothing when there are none. */
export function Troubles({ troubles }: { readonly troubles: readonly Trouble[] }) {
  if (troubles.length === 0) return null;
  const order = { error: 0, warning: 1, notice: 2 };
  const inOrder = troubles.toSorted((a, b) => order[a.severity] - order[b.severity]);
  return (
    <section className={classes['troubles']} aria-label="What is wrong">
      {inOrder.slice(0, maxShown).map((trouble) => (
        <Notice
          key={trouble.id}
          tone={trouble.severity === 'error' ? 'bad' : trouble.severity === 'warning' ? 'warn' : 'plain'}
          title={
            <>
              <TroubleLink trouble={trouble} />
              {trouble.sinceMs !== null && (
                <span className={classes['since']}>
                  <TimeAgo atMs={trouble.sinceMs} />
                </span>
              )}
            </>
          }
        >
          {trouble.detail}
          {trouble.cure !== '' && <div className={classes['cure']}>{trouble.cure}</div>}
        </Notice>
      ))}
      {inOrder.length > maxShown && <p>and {inOrder.length - maxShown} more of the kind</p>}
    </section>
  );
}

function TroubleLink({ trouble }: { readonly trouble: Trouble }) {
  const { noun, objectId, title } = trouble;
  if (noun === 'tunnel' && objectId !== '') {
    return (
      <Link to="/tunnels/$tunnel" params={{ tunnel: objectId }}>
        {title}
      </Link>
    );
  }
  if (noun === 'route' && objectId !== '') {
    return (
      <Link to="/routes/$route" params={{ route: objectId }}>
        {title}
      </Link>
    );
  }
  if (noun === 'user' && objectId !== '')
    return (
      <Link to="/users/$user" params={{ user: objectId }}>
        {title}
      </Link>
    );
  if (noun === 'certificate' && objectId !== '') {
    return (
      <Link to="/certificates/$certificate" params={{ certificate: objectId }}>
        {title}
      </Link>
    );
  }
  if (noun === 'name') {
    return (
      <Link to="/names" search={{ search: objectId }}>
        {title}
      </Link>
    );
  }
  if (noun === 'zone') {
    return (
      <Link to="/names/$zone" params={{ zone: objectId }}>
        {title}
      </Link>
    );
  }
  if (noun === 'channel') return <Link to="/notifications">{title}</Link>;
  if (noun === 'record') return <Link to="/exposed">{title}</Link>;
  return <>{title}</>;
}
