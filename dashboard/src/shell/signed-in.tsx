// The frame of everything inside: finds out who is signed in, follows the live events, and shows navigation and page.
import { Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Button } from '@mantine/core';
import { followEvents } from '../api/live-events.ts';
import { useLive } from '../api/live-state.ts';
import { MeContext } from '../api/me.ts';
import { readAgain, useApi, useRead } from '../api/queries.ts';
import { isSignedOut, sentenceOf } from '../api/send.ts';
import { Notice } from '../kit/notices.tsx';
import { Guest } from './guest.tsx';
import { Shell } from './shell.tsx';
import classes from './shell.module.css';

/** Shows the inside to whoever is signed in, and leads everybody else to the sign-in page. */
export function SignedIn() {
  const me = useRead('getMe', {});
  if (isSignedOut(me.error)) return <ToSignIn />;
  if (me.data === undefined) {
    return (
      <main className={classes['alone']}>
        {me.error !== null && (
          <Notice
            tone="warn"
            isAlert
            title="The dashboard cannot start."
            actions={
              <Button size="xs" variant="default" onClick={() => void me.refetch()}>
                Try again
              </Button>
            }
          >
            {sentenceOf(me.error)}
          </Notice>
        )}
      </main>
    );
  }
  if (me.data.user?.role === 'guest') {
    return (
      <MeContext value={me.data}>
        <Guest />
      </MeContext>
    );
  }
  return (
    <MeContext value={me.data}>
      <LiveEvents />
      <Shell>
        <Outlet />
      </Shell>
    </MeContext>
  );
}

/** Leads to the sign-in page, and back here afterwards. */
function ToSignIn(): null {
  const navigate = useNavigate();
  const { href, pathname } = useLocation();
  // The address changes while the way is under way; what counts is where it began.
  const [next] = useState(() => (pathname === '/' ? undefined : href));
  useEffect(() => {
    void navigate({ to: '/sign-in', search: next === undefined ? {} : { next }, replace: true });
  }, [navigate, next]);
  return null;
}

/** Follows the events as long as somebody is signed in. */
function LiveEvents(): null {
  const api = useApi();
  const queries = useQueryClient();
  const live = useLive();
  useEffect(() => {
    const stop = new AbortController();
    void followEvents({
      api,
      onStale: (ids) => void readAgain(queries, ids === 'all' ? undefined : ids),
      onEvent(event) {
        if (event.kind === 'traffic') live.setTraffic(event);
      },
      onConnection: (connection) => live.setConnection(connection, Date.now()),
      onSignedOut: () => void queries.resetQueries({ queryKey: ['getMe'] }),
      signal: AbortSignal.any([stop.signal, live.left]),
    });
    return () => stop.abort();
  }, [api, queries, live]);
  return null;
}
