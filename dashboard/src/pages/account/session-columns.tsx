// What every list of signed-in browsers tells: by which way, since when, last used, and the button that ends one.
import { Button } from '@mantine/core';
import type { SessionView } from '#api/account.ts';
import type { Column } from '../../kit/data-table.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';

/** Ways of signing in, as lists name them. */
export const methodWords: Readonly<Record<SessionView['method'], string>> = {
  password: 'password',
  passkey: 'passkey',
  link: 'one-time link',
  oidc: 'issuer',
  mail: 'link by mail',
};

type Session = Pick<SessionView, 'createdAtMs' | 'lastSeenAtMs' | 'isCurrent'>;

/** The columns at the end of such a list; without `onEnd` there is no button. */
export function lastColumns<T extends Session>(
  onEnd: ((session: T) => void) | undefined,
): readonly Column<T>[] {
  const times: readonly Column<T>[] = [
    {
      title: 'Since',
      value: ({ createdAtMs }) => createdAtMs,
      cell: ({ createdAtMs }) => <TimeAgo atMs={createdAtMs} />,
    },
    {
      title: 'Last used',
      value: ({ lastSeenAtMs }) => lastSeenAtMs,
      cell: ({ lastSeenAtMs }) => <TimeAgo atMs={lastSeenAtMs} />,
    },
  ];
  if (onEnd === undefined) return times;
  const end: Column<T> = {
    title: '',
    cell: (session) =>
      !session.isCurrent && (
        <Button size="xs" variant="default" onClick={() => onEnd(session)}>
          Sign out
        </Button>
      ),
  };
  return [...times, end];
}
