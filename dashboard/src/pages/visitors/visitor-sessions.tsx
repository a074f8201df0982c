// Browsers that are signed in, of all users: who, where, since when; and the way to end one.
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { VisitorSessionView } from '#api/users.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Tag } from '../../kit/status.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { describeBrowser } from '../account/describe-browser.ts';
import { lastColumns, methodWords } from '../account/session-columns.tsx';

/** The list. */
export function VisitorSessions() {
  const mayEnd = useMay('users:write');
  const [search, setSearch] = useState('');
  const [leaving, setLeaving] = useState<VisitorSessionView>();
  const list = usePaged('listSessions', { search: search || undefined });
  const end = useChange('endSession');
  const say = useToast();
  return (
    <Section title="Signed in" intro="Browsers in which somebody has signed in, here or at a site.">
      <Filters>
        <SearchField label="Find by user, address or browser" value={search} onChange={setSearch} />
      </Filters>
      <PagedList
        list={list}
        what="sessions"
        lines={3}
        empty={
          <Empty title={search === '' ? 'Nobody is signed in.' : 'No session fits.'}>
            {search === '' ? 'Whoever signs in appears here.' : 'Change the words above.'}
          </Empty>
        }
        label="Sessions"
        columns={columnsWith(mayEnd ? setLeaving : undefined)}
        rowKey={({ id }) => id}
      />
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Sign ${leaving?.userName ?? ''} out`}
        action="Sign out"
        run={async () => {
          await end.mutateAsync({ params: { session: leaving!.id } });
          say(`${leaving!.userName} is signed out there`);
        }}
      >
        <p>This browser is out at every site, and what it has open ends.</p>
      </Confirm>
    </Section>
  );
}

function columnsWith(
  onEnd: ((session: VisitorSessionView) => void) | undefined,
): readonly Column<VisitorSessionView>[] {
  return [
    {
      title: 'User',
      value: ({ userName }) => userName,
      cell: ({ userName, isCurrent }) => (
        <NameCell>
          <Link to="/users/$user" params={{ user: userName }}>
            {userName}
          </Link>
          {isCurrent && <Tag tone="good">this browser</Tag>}
        </NameCell>
      ),
    },
    {
      title: 'Browser',
      isWide: true,
      value: ({ userAgent }) => describeBrowser(userAgent),
      cell: ({ userAgent }) => <span title={userAgent}>{describeBrowser(userAgent)}</span>,
    },
    { title: 'Address', value: ({ address }) => address, cell: ({ address }) => <Mono>{address}</Mono> },
    { title: 'By', value: ({ method }) => methodWords[method], cell: ({ method }) => methodWords[method] },
    ...lastColumns(onEnd),
  ];
}
