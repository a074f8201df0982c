// What became of messages, newest first.
import type { NotificationView } from '#api/notifications.ts';
import { usePaged } from '../../api/queries.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Faint, NameCell } from '../../kit/filters.tsx';
import { ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { outcomeTones, outcomeWords } from './channel-words.ts';

/** The list. */
export function History() {
  const list = usePaged('listNotifications', {});
  if (list.items === undefined) {
    return list.error === null ? <Waiting what="messages" lines={3} /> : <ProblemNotice error={list.error} />;
  }
  if (list.items.length === 0) return <Faint>No message has left yet.</Faint>;
  return (
    <DataTable
      label="Messages"
      items={list.items}
      columns={columns}
      rowKey={({ atMs, channelId, messageId, outcome }) => `${atMs} ${channelId} ${messageId} ${outcome}`}
      more={list.hasMore && { total: list.total, isLoading: list.isLoadingMore, load: list.loadMore }}
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
