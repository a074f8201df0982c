// Browsers that are signed in as one user.
import type { SessionView } from '#api/account.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { NameCell } from '../../kit/filters.tsx';
import { Mono } from '../../kit/page.tsx';
import { Tag } from '../../kit/status.tsx';
import { describeBrowser } from './describe-browser.ts';
import { lastColumns, methodWords } from './session-columns.tsx';

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
    ...lastColumns(onEnd),
  ];
  return <DataTable label="Sessions" items={sessions} columns={columns} rowKey={({ id }) => id} />;
}
