// The cache: what it saves, how much room it takes, what is in it, and taking things out.
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { getRouteApi } from '@tanstack/react-router';
import type { CacheStatus } from '#model/live/cached.ts';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Faint } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Mono, Page, Panel, Section } from '../../kit/page.tsx';
import { formatAmount, formatBytes, formatCount, formatShare } from '../../kit/units.ts';
import { CachedList } from './cached-list.tsx';
import { PurgeDialog } from './purge-dialog.tsx';

const routeApi = getRouteApi('/inside/cache');

/** Nothing announces a hit; the page looks again by itself. */
const everyMs = 10_000;

/** The page. */
export function CachePage() {
  const search = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const mayPurge = useMay('cache:purge');
  const maySee = useMay('requests:read');
  const [isPurging, purging] = useDisclosure(false);
  const read = useRead('getCacheStatus', {}, { keepsPrevious: true, everyMs });
  const status = read.data;
  return (
    <Page
      title="Cache"
      intro={status === undefined ? ' ' : sumUp(status)}
      actions={
        mayPurge &&
        status?.isOn && (
          <Button variant="default" leftSection={<Icon name="trash" />} onClick={purging.open}>
            Purge
          </Button>
        )
      }
    >
      {status === undefined ? (
        read.error === null ? (
          <Waiting what="the cache" lines={6} />
        ) : (
          <ProblemNotice error={read.error} retry={() => void read.refetch()} />
        )
      ) : status.isOn ? (
        <>
          <Room status={status} />
          {status.hosts.length > 0 && <Hosts status={status} />}
          {maySee && (
            <CachedList
              search={search.search}
              onSearch={(text) => void navigate({ search: { search: text || undefined }, replace: true })}
            />
          )}
        </>
      ) : (
        <Notice tone="plain" title="The cache is off">
          edge.yml says cache: off. Without that line the edge keeps what responses allow.
        </Notice>
      )}
      <PurgeDialog isOpen={isPurging} onClose={purging.close} />
    </Page>
  );
}

function sumUp({ isOn, total }: CacheStatus): string {
  if (!isOn) return 'Every request is answered from home.';
  const requests = sum(total.requests);
  if (requests === 0) return 'Nothing has been asked for since the edge started.';
  return `${formatBytes(total.savedBytes)} did not have to come from home since the edge started.`;
}

function Room({ status: { total, memory, disk } }: { readonly status: CacheStatus }) {
  return (
    <Panel>
      <Facts
        items={[
          ['Hit ratio', formatShare(total.hitRatio, 1)],
          ['Saved', formatBytes(total.savedBytes)],
          ['Memory', `${formatBytes(memory.bytes)} of ${formatBytes(memory.limitBytes)}`],
          ['Responses in memory', formatCount(memory.entries)],
          ['Disk', disk ? `${formatBytes(disk.bytes)} of ${formatBytes(disk.limitBytes)}` : 'off'],
          ['Responses on disk', disk ? formatCount(disk.entries) : '0'],
          ...(disk && disk.failed > 0
            ? ([['Refused by the disk', formatAmount(disk.failed, 'response')]] as const)
            : []),
        ]}
      />
    </Panel>
  );
}

function Hosts({ status }: { readonly status: CacheStatus }) {
  return (
    <Section
      title="By hostname"
      intro="Hits are counted among the requests that the cache could have answered."
    >
      <DataTable label="Hostnames" items={status.hosts} columns={hostColumns} rowKey={({ host }) => host} />
    </Section>
  );
}

type Host = CacheStatus['hosts'][number];

const hostColumns: readonly Column<Host>[] = [
  { title: 'Hostname', cell: ({ host }) => <Mono>{host}</Mono>, value: ({ host }) => host, isWide: true },
  {
    title: 'Hit ratio',
    cell: ({ hitRatio }) => formatShare(hitRatio, 1),
    value: ({ hitRatio }) => hitRatio,
    isNumber: true,
  },
  {
    title: 'Saved',
    cell: ({ savedBytes }) => formatBytes(savedBytes),
    value: ({ savedBytes }) => savedBytes,
    isNumber: true,
  },
  {
    title: 'Requests',
    cell: ({ requests }) => formatCount(sum(requests)),
    value: ({ requests }) => sum(requests),
    isNumber: true,
  },
  { title: 'By result', cell: ({ requests }) => <Faint>{resultsText(requests)}</Faint>, isExtra: true },
];

function sum(requests: Readonly<Record<string, number>>): number {
  return Object.values(requests).reduce((all, count) => all + count, 0);
}

function resultsText(requests: Readonly<Record<string, number>>): string {
  return Object.entries(requests)
    .toSorted(([, a], [, b]) => b - a)
    .map(([word, count]) => `${formatCount(count)} ${word}`)
    .join(', ');
}
