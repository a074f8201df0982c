// All tunnels, and all connectors that run them now.
import { Button, SegmentedControl } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type ConnectorView, type TunnelView, tunnelStatuses } from '#api/tunnels.ts';
import { useMay } from '../../api/me.ts';
import { usePaged } from '../../api/queries.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import type { Column, Order } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Page } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo, TimeSince } from '../../kit/time-ago.tsx';
import { formatMs } from '../../kit/units.ts';
import { CreateTunnel } from './create-tunnel.tsx';
import { statusWords, toneOf } from './tunnel-status.ts';

const routeApi = getRouteApi('/inside/tunnels');

/** The page. */
export function TunnelsPage() {
  const mayCreate = useMay('tunnels:write');
  const { view = 'tunnels', search = '', status } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const [isCreating, creating] = useDisclosure(false);
  const filter = (changes: object): void =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Tunnels"
      intro="A tunnel is a named way home; connectors at home dial out to run it. Several at once stand in for each other."
      actions={
        mayCreate && (
          <Button leftSection={<Icon name="plus" />} onClick={creating.open}>
            Create tunnel
          </Button>
        )
      }
    >
      <Filters>
        <SegmentedControl
          size="sm"
          aria-label="What to list"
          data={[
            { value: 'tunnels', label: 'Tunnels' },
            { value: 'connectors', label: 'Connectors' },
          ]}
          value={view}
          onChange={(value) => filter({ view: value === 'tunnels' ? undefined : value })}
        />
        <SearchField
          label={view === 'tunnels' ? 'Find a tunnel' : 'Find a connector'}
          value={search}
          onChange={(value) => filter({ search: value || undefined })}
        />
        {view === 'tunnels' && (
          <ChoiceFilter
            label="Status"
            anyLabel="Any status"
            choices={tunnelStatuses.map((value) => ({ value, label: statusWords[value] }))}
            value={status}
            onChange={(value) => filter({ status: value })}
          />
        )}
      </Filters>
      {view === 'tunnels' ? (
        <TunnelList search={search} status={status} onCreate={mayCreate ? creating.open : undefined} />
      ) : (
        <ConnectorList search={search} />
      )}
      <CreateTunnel isOpen={isCreating} onClose={creating.close} />
    </Page>
  );
}

type TunnelSort = 'name' | 'createdAt' | 'connections' | 'status';

const tunnelColumns: readonly Column<TunnelView, TunnelSort>[] = [
  {
    title: 'Name',
    sort: 'name',
    isWide: true,
    cell: (tunnel) => (
      <NameCell note={tunnel.trouble || tunnel.note}>
        <Link to="/tunnels/$tunnel" params={{ tunnel: tunnel.name }}>
          {tunnel.name}
        </Link>
        {tunnel.declaredIn === 'file' && <Tag>edge.yml</Tag>}
        {tunnel.keys.length > 1 && <Tag tone="warn">rotating</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'Status',
    sort: 'status',
    cell: (tunnel) => <Status tone={toneOf[tunnel.status]}>{statusWords[tunnel.status]}</Status>,
  },
  { title: 'Connectors', isNumber: true, cell: ({ connectors }) => connectors },
  {
    title: 'Connections',
    sort: 'connections',
    isNumber: true,
    isExtra: true,
    cell: ({ connections }) => connections,
  },
  { title: 'Routes', isNumber: true, cell: ({ routes }) => routes },
  { title: 'Rules', isExtra: true, cell: ({ management }) => (management === 'remote' ? 'here' : 'at home') },
  { title: 'Last seen', cell: ({ lastSeenAtMs }) => <TimeAgo atMs={lastSeenAtMs} /> },
];

interface TunnelListProps {
  readonly search: string;
  readonly status: TunnelView['status'] | undefined;
  readonly onCreate: (() => void) | undefined;
}

function TunnelList({ search, status, onCreate }: TunnelListProps) {
  const navigate = useNavigate();
  const [order, setOrder] = useState<Order<TunnelSort>>({ sort: 'name', order: 'asc' });
  const list = usePaged('listTunnels', { ...order, search: search || undefined, status });
  const empty =
    search !== '' || status !== undefined ? (
      <Empty title="No tunnel fits.">Change the words or the status above.</Empty>
    ) : (
      <Empty
        title="There is no tunnel yet."
        action={onCreate && <Button onClick={onCreate}>Create tunnel</Button>}
      >
        Create one, start its connector at home with the line you get, and give it a hostname.
      </Empty>
    );
  return (
    <PagedList
      list={list}
      what="tunnels"
      lines={6}
      empty={empty}
      label="Tunnels"
      columns={tunnelColumns}
      rowKey={({ id }) => id}
      order={order}
      onOrder={setOrder}
      onOpen={({ name }) => void navigate({ to: '/tunnels/$tunnel', params: { tunnel: name } })}
    />
  );
}

const connectorColumns: readonly Column<ConnectorView>[] = [
  {
    title: 'Connector',
    isWide: true,
    value: ({ hostname, address }) => hostname || address,
    cell: (connector) => (
      <NameCell>
        <Link to="/tunnels/$tunnel" params={{ tunnel: connector.tunnelName }}>
          {connector.hostname || connector.address}
        </Link>
        {connector.isDraining && <Tag tone="warn">draining</Tag>}
      </NameCell>
    ),
  },
  { title: 'Tunnel', value: ({ tunnelName }) => tunnelName, cell: ({ tunnelName }) => tunnelName },
  { title: 'Address', cell: ({ address }) => <Mono>{address}</Mono> },
  {
    title: 'Version',
    value: ({ version }) => version,
    cell: ({ version, arch }) => `${version}, ${arch.replace('_', ' ')}`,
    isExtra: true,
  },
  {
    title: 'Connections',
    isNumber: true,
    value: ({ connections }) => connections.length,
    cell: ({ connections }) => connections.length,
  },
  {
    title: 'Away',
    isNumber: true,
    value: (connector) => roundTrip(connector) ?? 0,
    cell: (connector) => roundTripText(connector),
  },
  { title: 'Connected for', cell: ({ connectedAtMs }) => <TimeSince atMs={connectedAtMs} /> },
];

function roundTrip({ connections }: ConnectorView): number | undefined {
  const measured = connections.map(({ rttMs }) => rttMs).filter((ms) => ms > 0);
  return measured.length === 0 ? undefined : Math.min(...measured);
}

function roundTripText(connector: ConnectorView): string {
  const ms = roundTrip(connector);
  return ms === undefined ? '–' : formatMs(ms);
}

function ConnectorList({ search }: { readonly search: string }) {
  const navigate = useNavigate();
  const list = usePaged('listConnectors', { search: search || undefined });
  return (
    <PagedList
      list={list}
      what="connectors"
      lines={6}
      empty={
        <Empty title={search === '' ? 'No connector is connected.' : 'No connector fits.'}>
          {search === ''
            ? 'A tunnel shows the lines that start one when it is created, or when its key is rotated.'
            : 'Change the words above.'}
        </Empty>
      }
      label="Connectors"
      columns={connectorColumns}
      rowKey={({ instanceId }) => instanceId}
      onOpen={({ tunnelName }) => void navigate({ to: '/tunnels/$tunnel', params: { tunnel: tunnelName } })}
    />
  );
}
