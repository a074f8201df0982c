// What goes wrong and what is not there yet, in words: problems of the API, empty lists, things still on their way.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '#api/client.ts';
import { isPassing, sentenceOf } from '../api/send.ts';
import { Icon, type IconName } from './icons.tsx';
import classes from './kit.module.css';

export interface NoticeProps {
  readonly tone: 'warn' | 'bad' | 'good' | 'plain';
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
  /** Spoken at once, for what appears in answer to a press of a button. */
  readonly isAlert?: boolean;
}

const noticeIcons: Readonly<Record<NoticeProps['tone'], IconName>> = {
  warn: 'warning',
  bad: 'error',
  good: 'check',
  plain: 'notice',
};

/** A sentence that stands out. */
export function Notice({ tone, title, children, actions, isAlert }: NoticeProps) {
  return (
    <div className={classes['notice']} data-tone={tone} role={isAlert ? 'alert' : undefined}>
      <Icon name={noticeIcons[tone]} size={18} />
      <div className={classes['noticeText']}>
        {title !== undefined && <strong>{title}</strong>}
        {children !== undefined && <div>{children}</div>}
      </div>
      {actions !== undefined && <div className={classes['actions']}>{actions}</div>}
    </div>
  );
}

/** What the API said, with the faults of single values and what depends on the object. Nothing for no error. */
export function ProblemNotice({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  if (error === null || error === undefined) return null;
  const problem = error instanceof ApiError ? error.problem : undefined;
  const faults = problem?.errors ?? [];
  return (
    <Notice
      tone={isPassing(error) ? 'warn' : 'bad'}
      isAlert
      actions={
        retry !== undefined && (
          <Button size="xs" variant="default" onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      {sentenceOf(error)}
      {/* The sentence has the first already. */}
      {faults.length > 1 && (
        <ul className={classes['faults']}>
          {faults.slice(0, 10).map(({ path, message }) => (
            <li key={path + message}>
              {path !== '' && <code>{path}</code>} {message}
            </li>
          ))}
          {faults.length > 10 && <li>and {faults.length - 10} more</li>}
        </ul>
      )}
      {problem?.requestId !== undefined && problem.code === 'internal' && (
        <div className={classes['faint']}>Request {problem.requestId}; the edge's log has more.</div>
      )}
    </Notice>
  );
}

export interface EmptyProps {
  readonly title: string;
  /** What to do next. */
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

/** Says that there is nothing here, and what to do about it. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className={classes['empty']}>
      <strong>{title}</strong>
      <p>{children}</p>
      {action}
    </div>
  );
}

/** Space for what is being read, so that nothing jumps when it comes. */
export function Waiting({ lines = 3, what }: { readonly lines?: number; readonly what: string }) {
  return (
    <div className={classes['waiting']} role="status" aria-label={`Reading ${what}`}>
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} />
      ))}
    </div>
  );
}
