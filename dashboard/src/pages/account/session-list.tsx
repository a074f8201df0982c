// Browsers that are signed in.
import { Button } from '@mantine/core';
import type { SessionView } from '#api/account.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { NameCell } from '../../kit/filters.tsx';
import { Mono } from '../../kit/page.tsx';
import { Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { describeBrowser } from './describe-browser.ts';

/** Ways of signing in, as lists name them. */
export const methodWords: Readonly<Record<SessionView['method'], string>> = {
  ...{
    password: 'password',
    passkey: 'passkey',
    link: 'one-time link',
    oidc: 'issuer',
    mail: 'link by mail',
  },
};

export interface SessionListProps {
  readonly sessions: readonly SessionView[];
  /** Ends one of them. */
  readonly onEnd?: (session: SessionView) => void;
}

/** The list. */
export function SessionList({ sessions, onEnd }: SessionListProps) {
  const columns: readonly Column<SessionView>[] = [
    {
      title: 'Browser',
      isWide: true,
      cell: ({ userAgent, isCurrent }) => (
        <NameCell>
          <span title={userAgent}>{describeBrowser(userAgent)}</span>
          {isCurrent && <Tag tone="good">this one</Tag>}
        </NameCell>
      ),
    },
    { title: 'Address', cell: ({ address }) => <Mono>{address}</Mono> },
    { title: 'Signed in by', cell: ({ method }) => methodWords[method] },
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
    ...(onEnd === undefined
      ? []
      : [
          {
            title: '',
            cell: (session: SessionView) =>
              !session.isCurrent && (
                <Button size="xs" variant="default" onClick={() => onEnd(session)}>
                  Sign out
                </Button>
              ),
          },
        ]),
  ];
  return <DataTable label="Sessions" items={sessions} columns={columns} rowKey={({ id }) => id} />;
}
