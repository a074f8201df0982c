// How something is: a mark and a word, never the colour alone. Copper is as it should be, amber needs a look, red is
// broken, and a hollow ring is not there (yet).
import type { ReactNode } from 'react';
import classes from './kit.module.css';

export type Tone = 'good' | 'warn' | 'bad' | 'off';

/** A mark without a word, for where the word stands beside it. */
export function Dot({ tone }: { readonly tone: Tone }) {
  return <span className={classes['dot']} data-tone={tone} aria-hidden="true" />;
}

/** Mark and word. */
export function Status({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className={classes['status']} data-tone={tone}>
      <Dot tone={tone} />
      {children}
    </span>
  );
}

/** A quiet label beside a name: `remote`, `from edge.yml`. */
export function Tag({ children, tone }: { readonly children: ReactNode; readonly tone?: Tone }) {
  return (
    <span className={classes['tag']} data-tone={tone}>
      {children}
    </span>
  );
}
