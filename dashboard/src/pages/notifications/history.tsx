// What became of messages, newest first.
import type { NotificationView } from '#api/notifications.ts';
import { usePaged } from '../../api/queries.ts';
import type { Column } from '../../kit/data-table.tsx';
import { Faint, NameCell } from '../../kit/filters.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { outcomeTones, outcomeWords } from './channel-words.ts';

/** The list. */
export function History() {
  const list = usePaged('listNotifications', {});
  return (
    <PagedList
      list={list}
      what="messages"
      lines={3}
      empty={<Faint>No message has left yet.</Faint>}
      label="Messages"
      columns={columns}
      rowKey={({ atMs, channelId, messageId, outcome }) => `${atMs} ${channelId} ${messageId} ${outcome}`}
    />
  );
}

const columns: readonly Column<NotificationView>[] = [
  { title: 'When', cell: ({ atMs }) => <TimeAgo atMs={atMs} /> },
  { title: 'Channel', cell: ({ channelName }) => channelName || <Faint>removed</Faint> },
  {
    title: 'Outcome',
    cell: ({ outcome, detail }) => (
      <Status tone={outcome === 'tested' && detail !== '' ? 'bad' : outcomeTones[outcome]}>
        {outcomeWords[outcome]}
      </Status>
    ),
  },
  {
    title: 'What',
    isWide: true,
    cell: ({ titles, detail }) => (
      <NameCell note={detail}>{titles.length === 0 ? 'A message to try it' : titles.join('; ')}</NameCell>
    ),
  },
];
