// What every page is made of: a heading with its actions, sections with a title, lists of facts.
import { useEffect, type ReactNode } from 'react';
import { useDocumentTitle } from '@mantine/hooks';
import classes from './kit.module.css';

export interface PageProps {
  readonly title: string;
  /** Shown instead of the plain title, for a name with its status beside it. */
  readonly heading?: ReactNode;
  /** One line below it. */
  readonly intro?: ReactNode;
  /** Buttons on the right. */
  readonly actions?: ReactNode;
  /** Above the heading: where this page belongs. */
  readonly above?: ReactNode;
  readonly children: ReactNode;
}

/** A page of the dashboard. Its heading takes the focus when it opens, so that a screen reader begins there. */
export function Page({ title, heading, intro, actions, above, children }: PageProps) {
  useDocumentTitle(`${title} · Sallyport`);
  useEffect(() => {
    const main = document.querySelector<HTMLElement>('main');
    if (document.activeElement === document.body) main?.focus({ preventScroll: true });
  }, [title]);
  return (
    <div className={classes['page']}>
      <header className={classes['pageHead']}>
        <div className={classes['pageTitle']}>
          {above !== undefined && <div className={classes['above']}>{above}</div>}
          <h1>{heading ?? title}</h1>
          {intro !== undefined && <p>{intro}</p>}
        </div>
        {actions !== undefined && <div className={classes['actions']}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export interface SectionProps {
  readonly title: string;
  readonly intro?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  readonly id?: string;
}

/** A titled part of a page. */
export function Section({ title, intro, actions, children, id }: SectionProps) {
  return (
    <section className={classes['section']} aria-label={title} id={id}>
      <div className={classes['sectionHead']}>
        <div>
          <h2>{title}</h2>
          {intro !== undefined && <p>{intro}</p>}
        </div>
        {actions !== undefined && <div className={classes['actions']}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}

/** A surface that holds what belongs together. */
export function Panel({
  children,
  isFlush = false,
}: {
  readonly children: ReactNode;
  readonly isFlush?: boolean;
}) {
  return <div className={isFlush ? classes['panelFlush'] : classes['panel']}>{children}</div>;
}

/** Names and values, in two columns. */
export function Facts({ items }: { readonly items: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={classes['facts']}>
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A value that a machine reads too: hostnames, addresses, ids. */
export function Mono({ children, title }: { readonly children: ReactNode; readonly title?: string }) {
  return (
    <span className={classes['mono']} title={title}>
      {children}
    </span>
  );
}
