// The card in the middle of the page, for whoever is not inside yet.
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Mark } from '../../kit/icons.tsx';
import classes from './sign-in.module.css';

/** The card with the edge's title. */
export function SignInCard({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  useDocumentTitle('Sign in · Sallyport');
  return (
    <div className={classes['ground']}>
      <main className={classes['card']}>
        <header>
          <Mark size={36} />
          <h1>{title}</h1>
        </header>
        {children}
      </main>
    </div>
  );
}
