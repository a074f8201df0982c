// What a guest gets instead of the dashboard: a page with a word about where he is, and his own account. He passes at doors;
// of the edge behind them he sees nothing, and the API would tell him nothing either.
import { lazy, Suspense } from 'react';
import { useMe } from '../api/me.ts';
import { AccountMenu } from './account-menu.tsx';
import classes from './shell.module.css';

const AccountPage = lazy(async () => {
  const { AccountPage: component } = await import('../pages/account/account-page.tsx');
  return { default: component };
});

/** Whatever address he opens. */
export function Guest() {
  const { edge } = useMe();
  return (
    <div className={classes['guest']}>
      <header>
        <b>{edge.title}</b>
        <AccountMenu />
      </header>
      <main id="main" tabIndex={-1}>
        <Suspense>
          <AccountPage />
        </Suspense>
      </main>
    </div>
  );
}
