// The row of filters above a list, and a name with what is said below it.
import type { ReactNode } from 'react';
import classes from './kit.module.css';

/** Fields beside each other, below each other on a phone. */
export function Filters({ children }: { readonly children: ReactNode }) {
  return (
    <div className={classes['filters']} role="search">
      {children}
    </div>
  );
}

/** Things below each other. */
export function Stacked({ children }: { readonly children: ReactNode }) {
  return <div className={classes['stack']}>{children}</div>;
}

/** A name in a list, with tags beside it and a note below. */
export function NameCell({ children, note }: { readonly children: ReactNode; readonly note?: ReactNode }) {
  return (
    <span className={classes['nameCell']}>
      {children}
      {note !== undefined && note !== '' && <small>{note}</small>}
    </span>
  );
}

/** What can be done with a row: buttons that stay on one line. */
export function RowActions({ children }: { readonly children: ReactNode }) {
  return <span className={classes['rowActions']}>{children}</span>;
}

/** Words that step back. */
export function Faint({ children }: { readonly children: ReactNode }) {
  return <span className={classes['faintText']}>{children}</span>;
}
