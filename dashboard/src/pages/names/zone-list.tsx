// The zones that the edge manages: who keeps them, whether they can be read, and how much of them is the edge's.
import { Link, useNavigate } from '@tanstack/react-router';
import type { ZoneView } from '#model/dns/dns-view.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Faint, NameCell } from '../../kit/filters.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { formatCount } from '../../kit/units.ts';
import { providerWords, zoneTone, zoneWords } from './name-words.ts';
import classes from './names.module.css';

/** The list. */
export function ZoneList({ items }: { readonly items: readonly ZoneView[] }) {
  const navigate = useNavigate();
  if (items.length === 0)
    return <Empty title="No zone has been read yet.">The edge is asking its providers.</Empty>;
  return (
    <DataTable
      label="Zones"
      items={items}
      columns={columns}
      rowKey={({ name, provider }) => `${provider} ${name}`}
      onOpen={({ name }) => void navigate({ to: '/names/$zone', params: { zone: name } })}
    />
  );
}

const columns: readonly Column<ZoneView>[] = [
  {
    title: 'Zone',
    isWide: true,
    value: ({ name }) => name,
    cell: ({ name, state, detail, cure, lastError }) => (
      <NameCell
        note={
          state !== 'good' ? (
            `${detail} ${cure}`
          ) : lastError === null ? undefined : (
            <span className={classes['past']}>
              Last error <TimeAgo atMs={lastError.atMs} />: {lastError.detail}
            </span>
          )
        }
      >
        <Link to="/names/$zone" params={{ zone: name }}>
          {name}
        </Link>
      </NameCell>
    ),
  },
  {
    title: 'State',
    value: ({ state }) => state,
    cell: ({ state }) => <Status tone={zoneTone[state]}>{zoneWords[state]}</Status>,
  },
  { title: 'Kept by', value: ({ provider }) => provider, cell: ({ provider }) => providerWords(provider) },
  {
    title: 'Records',
    value: ({ records }) => records,
    cell: ({ records, ownRecords }) => (
      <>
        {formatCount(records)}, {formatCount(ownRecords)} of this edge
      </>
    ),
  },
  {
    title: 'Read',
    isExtra: true,
    value: ({ readAtMs }) => readAtMs ?? 0,
    cell: ({ readAtMs }) => (readAtMs === null ? <Faint>never</Faint> : <TimeAgo atMs={readAtMs} />),
  },
];
