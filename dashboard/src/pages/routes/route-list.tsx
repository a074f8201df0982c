// Routes as a list: a public hostname and path, the tunnel it leads to, and the service at home behind it.
import { Button } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { RouteView } from '#api/routes.ts';
import { routeName } from '#model/routes/route.ts';
import { usePaged } from '../../api/queries.ts';
import type { Column, Order } from '../../kit/data-table.tsx';
import { Faint, NameCell } from '../../kit/filters.tsx';
import { Empty } from '../../kit/notices.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { Mono } from '../../kit/page.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { formatCount } from '../../kit/units.ts';
import { routeStatusWords, routeTone, sourceWords } from './route-status.ts';

type RouteSort = 'hostname' | 'tunnel' | 'createdAt' | 'requests';

export interface RouteListProps {
  readonly query: {
    readonly search?: string | undefined;
    readonly tunnel?: string | undefined;
    readonly source?: RouteView['source'] | undefined;
  };
  readonly onAdd: (() => void) | undefined;
}

/** The list. */
export function RouteList({ query, onAdd }: RouteListProps) {
  const navigate = useNavigate();
  const [order, setOrder] = useState<Order<RouteSort>>({ sort: 'hostname', order: 'asc' });
  const list = usePaged('listRoutes', { ...order, ...query });
  const empty =
    query.search || query.source ? (
      <Empty title="No route fits.">Change the words or the filters above.</Empty>
    ) : (
      <Empty
        title={query.tunnel === undefined ? 'There is no route yet.' : 'No route leads to this tunnel.'}
        action={onAdd && <Button onClick={onAdd}>Add route</Button>}
      >
        A route gives a public hostname to a service at home: a hostname, a tunnel, and the service's address
        there.
      </Empty>
    );
  return (
    <PagedList
      list={list}
      what="routes"
      lines={6}
      empty={empty}
      label="Routes"
      columns={columns}
      rowKey={({ id }) => id}
      order={order}
      onOrder={setOrder}
      isMuted={({ status }) => status === 'disabled'}
      onOpen={({ id }) => void navigate({ to: '/routes/$route', params: { route: id } })}
    />
  );
}

const columns: readonly Column<RouteView, RouteSort>[] = [
  {
    title: 'Hostname',
    sort: 'hostname',
    isWide: true,
    cell: (route) => (
      <NameCell note={route.trouble || route.note}>
        <Link to="/routes/$route" params={{ route: route.id }}>
          {routeName(route)}
        </Link>
        {route.source !== 'store' && <Tag>{sourceWords[route.source]}</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'Status',
    cell: ({ status }) => <Status tone={routeTone[status]}>{routeStatusWords[status]}</Status>,
  },
  {
    title: 'Tunnel',
    sort: 'tunnel',
    cell: ({ tunnelName }) => (
      <Link to="/tunnels/$tunnel" params={{ tunnel: tunnelName }}>
        {tunnelName}
      </Link>
    ),
  },
  {
    title: 'Service',
    isRoomy: true,
    cell: ({ service }) => (service === '' ? <Faint>not known</Faint> : <Mono>{service}</Mono>),
  },
  {
    title: 'Requests',
    sort: 'requests',
    isNumber: true,
    cell: ({ requests }) => formatCount(requests),
    isExtra: true,
  },
];
