// Ports: TCP and UDP, and TLS that ends at home, each with where it leads and what passes now.
import { ActionIcon, Button, Switch, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { PortView } from '#api/ports.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Faint, Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Page } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status, Tag, type Tone } from '../../kit/status.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatBytes, formatCount } from '../../kit/units.ts';
import { AddPort } from './add-port.tsx';

const routeApi = getRouteApi('/inside/ports');

/** The page. */
export function PortsPage() {
  const mayWrite = useMay('routes:write');
  const { search } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const [isAdding, adding] = useDisclosure(false);
  const list = usePaged('listPorts', { search });
  const columns = mayWrite ? [...baseColumns, actionsColumn] : baseColumns;
  const open = mayWrite && (
    <Button leftSection={<Icon name="plus" />} onClick={adding.open}>
      Open port
    </Button>
  );
  return (
    <Page
      title="Ports"
      intro="A port leads TCP connections, UDP datagrams or unopened TLS through a tunnel to a service at home."
      actions={open}
    >
      <Filters>
        <SearchField
          label="Find a port"
          value={search ?? ''}
          onChange={(value) => void navigate({ search: { search: value || undefined }, replace: true })}
        />
      </Filters>
      <PagedList
        list={list}
        what="ports"
        lines={4}
        empty={
          <Empty title={search ? 'No port fits.' : 'No port is open.'} action={search ? undefined : open}>
            {search
              ? 'Change the words above.'
              : 'Databases, game servers, name servers, or a web server at home that keeps its own certificate.'}
          </Empty>
        }
        label="Ports"
        columns={columns}
        rowKey={({ id }) => id}
        isMuted={({ status }) => status === 'disabled'}
      />
      <AddPort isOpen={isAdding} onClose={adding.close} />
    </Page>
  );
}

const tones: Readonly<Record<PortView['status'], Tone>> = {
  ...{ up: 'good', down: 'bad', closed: 'bad', 'no-rule': 'warn', disabled: 'off' },
};
const words: Readonly<Record<PortView['status'], string>> = {
  ...{ up: 'up', down: 'no connector', closed: 'not open', 'no-rule': 'no rule', disabled: 'disabled' },
};

const baseColumns: readonly Column<PortView>[] = [
  {
    title: 'Port',
    isWide: true,
    cell: ({ name, note, trouble, source, protocol }) => (
      <NameCell note={trouble || note}>
        <Mono>{name}</Mono>
        {source === 'file' && <Tag>edge.yml</Tag>}
        {protocol === 'tls' && <Tag>read at home only</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'Status',
    cell: ({ status, name }) => (
      <NameCell
        note={
          <Link to="/explain" search={{ url: name }}>
            Explain
          </Link>
        }
      >
        <Status tone={tones[status]}>{words[status]}</Status>
      </NameCell>
    ),
  },
  {
    title: 'Leads to',
    cell: ({ tunnelName, service }) => (
      <NameCell note={service === '' ? <Faint>not known</Faint> : <Mono>{service}</Mono>}>
        {tunnelName}
      </NameCell>
    ),
  },
  {
    title: 'Who may',
    cell: ({ from }) => (from.length === 0 ? 'anybody' : from.join(', ')),
  },
  {
    title: 'Open now',
    isNumber: true,
    cell: ({ active, protocol }) => {
      const what = protocol === 'udp' ? 'session' : 'connection';
      return `${formatCount(active)} ${active === 1 ? what : `${what}s`}`;
    },
  },
  {
    title: 'Passed',
    isNumber: true,
    isExtra: true,
    cell: ({ bytesIn, bytesOut }) => formatBytes(bytesIn + bytesOut),
  },
];

const actionsColumn: Column<PortView> = {
  title: '',
  cell: (port) => (port.source === 'store' ? <Actions port={port} /> : null),
};

function Actions({ port }: { readonly port: PortView }) {
  const change = useChange('updatePort');
  const remove = useChange('deletePort');
  const say = useToast();
  const [isAsking, setAsking] = useState(false);
  const params = { port: port.id };
  return (
    <NameCell>
      <Switch
        aria-label={`${port.name} is open`}
        checked={port.isEnabled}
        onChange={({ currentTarget: { checked } }) =>
          void change
            .mutateAsync({ params, body: { isEnabled: checked } })
            .then(() => say(`${port.name} is ${checked ? 'opened' : 'closed'}`))
        }
      />
      <Tooltip label="Remove">
        <ActionIcon variant="subtle" aria-label={`Remove ${port.name}`} onClick={() => setAsking(true)}>
          <Icon name="trash" />
        </ActionIcon>
      </Tooltip>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Remove ${port.name}?`}
        action="Remove port"
        run={async () => {
          await remove.mutateAsync({ params });
          say(`${port.name} removed`);
        }}
      >
        It is closed, its {formatCount(port.active)} connections are cut, and the ingress rule that came with
        it goes.
      </Confirm>
    </NameCell>
  );
}
