// What is in the cache: addresses with their size and for how long they are served without asking.
import { Select, Tooltip, ActionIcon } from '@mantine/core';
import { useState } from 'react';
import { type CachedResponse, cachedOrders } from '#model/live/cached.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import type { Column } from '../../kit/data-table.tsx';
import { Faint, Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatBytes, formatCount, formatDuration } from '../../kit/units.ts';

type Order = (typeof cachedOrders)[number];

const orderWords: Readonly<Record<Order, string>> = {
  newest: 'Newest first',
  largest: 'Largest first',
  hits: 'Most hits first',
  url: 'By address',
};

export interface CachedListProps {
  readonly search: string | undefined;
  readonly onSearch: (text: string) => void;
}

/** The list. */
export function CachedList({ search, onSearch }: CachedListProps) {
  const [sort, setSort] = useState<Order>('newest');
  const mayPurge = useMay('cache:purge');
  const list = usePaged('listCached', { sort, search });
  const columns = mayPurge ? [...baseColumns, purgeColumn] : baseColumns;
  return (
    <Section title="What is in it">
      <Filters>
        <SearchField label="Find an address or tag" value={search ?? ''} onChange={onSearch} />
        <Select
          aria-label="Order"
          w={170}
          allowDeselect={false}
          data={cachedOrders.map((value) => ({ value, label: orderWords[value] }))}
          value={sort}
          onChange={(value) => value !== null && setSort(value)}
        />
      </Filters>
      <PagedList
        list={list}
        what="what is in the cache"
        lines={6}
        empty={
          <Empty title={search ? 'Nothing fits.' : 'The cache is empty.'}>
            {search
              ? 'Change the words above.'
              : 'Responses come here that say how long they may be kept, such as Cache-Control: s-maxage=600.'}
          </Empty>
        }
        label="Stored responses"
        columns={columns}
        rowKey={({ url, variant }) => `${url}\n${variant}`}
        isMuted={({ freshForMs }) => freshForMs <= 0}
      />
    </Section>
  );
}

const placeWords: Readonly<Record<CachedResponse['place'], string>> = {
  memory: 'memory',
  disk: 'disk',
  both: 'memory and disk',
};

const baseColumns: readonly Column<CachedResponse>[] = [
  {
    title: 'Address',
    isWide: true,
    cell: ({ url, variant, tags }) => (
      <NameCell note={[variant.trim().replaceAll('\n', ', '), tags.join(', ')].filter(Boolean).join(' · ')}>
        <Mono>{url}</Mono>
      </NameCell>
    ),
  },
  {
    title: 'Answer',
    isExtra: true,
    cell: ({ status, contentType }) => <NameCell note={contentType.split(';')[0]}>{String(status)}</NameCell>,
  },
  { title: 'Size', isNumber: true, cell: ({ bytes }) => formatBytes(bytes) },
  { title: 'Hits', isNumber: true, cell: ({ hits }) => formatCount(hits) },
  {
    title: 'Fresh',
    cell: ({ freshForMs }) =>
      freshForMs > 0 ? (
        <Status tone="good">for {formatDuration(freshForMs)}</Status>
      ) : (
        <Status tone="off">asked about again</Status>
      ),
  },
  {
    title: 'Kept',
    isExtra: true,
    cell: ({ storedAtMs, place }) => (
      <NameCell note={<Faint>{placeWords[place]}</Faint>}>
        <TimeAgo atMs={storedAtMs} />
      </NameCell>
    ),
  },
];

const purgeColumn: Column<CachedResponse> = {
  title: 'Purge',
  cell: ({ url }) => <PurgeOne url={url} />,
};

function PurgeOne({ url }: { readonly url: string }) {
  const purge = useChange('purgeCache');
  const say = useToast();
  return (
    <Tooltip label="Purge">
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Purge ${url}`}
        loading={purge.isPending}
        onClick={() =>
          void purge.mutateAsync({ body: { urls: [url] } }).then(
            () => say('Purged'),
            () => say('It could not be purged'),
          )
        }
      >
        <Icon name="trash" />
      </ActionIcon>
    </Tooltip>
  );
}
