// Where a one-time link leads. It asks for a press, so that a mail scanner that follows links does not use up the only one.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useRead } from '../../api/queries.ts';
import { Notice, ProblemNotice } from '../../kit/notices.tsx';
import { useAttempt, useEnter } from './attempt.ts';
import { SignInCard } from './sign-in-card.tsx';
import classes from './sign-in.module.css';

/** The page. */
export function LinkPage() {
  const ways = useRead('getSignInMethods', {});
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  const enter = useEnter(undefined);
  const attempt = useAttempt(async (api) => {
    const { user } = await api.signInWithLink({ body: { token: token ?? '' } });
    // Whoever has no other way in makes one first.
    const hasWay = user !== null && (user.hasPassword || user.passkeys > 0 || user.identities.length > 0);
    await enter(hasWay ? '/' : '/account');
  });
  return (
    <SignInCard look={ways.data}>
      {token === null ? (
        <Notice tone="bad">This link is not whole: its part behind “#” is missing. Copy all of it.</Notice>
      ) : (
        <div className={classes['form']}>
          <p>This link signs you in once. Afterwards, add a passkey or a password on your account page.</p>
          <ProblemNotice error={attempt.error} />
          <Button size="md" loading={attempt.isRunning} onClick={attempt.start} autoFocus>
            Sign in with this link
          </Button>
        </div>
      )}
      {(token === null || attempt.error !== undefined) && (
        <Link to="/sign-in" search={{}}>
          Sign in another way
        </Link>
      )}
    </SignInCard>
  );
}
