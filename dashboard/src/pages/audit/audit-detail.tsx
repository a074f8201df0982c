// One change, value by value; texts of several lines are compared line by line.
import type { AuditEvent } from '#model/users/audit-event.ts';
import { formatMoment } from '../../kit/units.ts';
import { type Difference, differences, lineDiff } from './json-diff.ts';
import classes from './audit.module.css';

/** The difference. */
export function AuditDetail({ event }: { readonly event: AuditEvent }) {
  const changes = differences(event.before, event.after);
  return (
    <div className={classes['detail']}>
      {changes.length === 0 ? (
        <p>No value changed with it.</p>
      ) : (
        <dl>
          {changes.map((change) => (
            <div key={change.path}>
              <dt>{change.path || 'value'}</dt>
              <dd>
                <Change change={change} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p className={classes['when']}>
        {formatMoment(event.atMs)}
        {event.requestId !== '' && <>, request {event.requestId}</>}
      </p>
    </div>
  );
}

function Change({ change }: { readonly change: Difference }) {
  const { before, after } = change;
  if (before?.includes('\n') || after?.includes('\n')) {
    return (
      <pre tabIndex={0} aria-label={`Lines of ${change.path} that changed`}>
        {lineDiff(before ?? '', after ?? '').map(({ kind, text }, i) => (
          <span key={`${i} ${text}`} data-kind={kind}>
            {kind === 'same' ? '  ' : kind === 'gone' ? '− ' : '+ '}
            {text}
            {'\n'}
          </span>
        ))}
      </pre>
    );
  }
  return (
    <>
      {before !== undefined && <del>{before === '' ? 'empty' : before}</del>}
      {before !== undefined && after !== undefined && ' '}
      {after !== undefined && <ins>{after === '' ? 'empty' : after}</ins>}
    </>
  );
}
