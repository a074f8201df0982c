// Certificates: which hostname is shown which, until when, and when the next one comes. What needs a look is on top.
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { type CertificateView, certificateStates } from '#model/certificates/certificate-view.ts';
import { useMay } from '../../api/me.ts';
import { usePaged } from '../../api/queries.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import type { Column, Order } from '../../kit/data-table.tsx';
import { Faint, Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Page } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { certificateTone, certificateWords, formatDay, sourceWords, titleOf } from './certificate-words.ts';
import { ImportCertificate } from './import-certificate.tsx';

type CertificateSort = 'name' | 'notAfter' | 'state';

const routeApi = getRouteApi('/inside/certificates');
/** Names told in a row beside the first. */
const maxNames = 3;

/** The page. */
export function CertificatesPage() {
  const mayWrite = useMay('certificates:write');
  const { search, state } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const [isImporting, importing] = useDisclosure(false);
  const filter = (changes: object): void =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page
      title="Certificates"
      intro="The edge orders and renews them by itself. One of your own, brought here or named in edge.yml, comes before those."
      actions={
        mayWrite && (
          <Button leftSection={<Icon name="upload" />} onClick={importing.open}>
            Import certificate
          </Button>
        )
      }
    >
      <Filters>
        <SearchField
          label="Find a certificate"
          value={search ?? ''}
          onChange={(value) => filter({ search: value || undefined })}
        />
        <ChoiceFilter
          label="State"
          anyLabel="In any state"
          choices={certificateStates.map((value) => ({ value, label: certificateWords[value] }))}
          value={state}
          onChange={(value) => filter({ state: value })}
        />
      </Filters>
      <CertificateList query={{ search, state }} />
      <ImportCertificate isOpen={isImporting} onClose={importing.close} />
    </Page>
  );
}

function CertificateList({
  query,
}: {
  readonly query: { search?: string | undefined; state?: CertificateView['state'] | undefined };
}) {
  const navigate = useNavigate();
  const [order, setOrder] = useState<Order<CertificateSort>>({ sort: 'state', order: 'asc' });
  const list = usePaged('listCertificates', { ...order, ...query });
  return (
    <PagedList
      list={list}
      what="certificates"
      lines={6}
      empty={
        query.search || query.state ? (
          <Empty title="No certificate fits.">Change the words or the state above.</Empty>
        ) : (
          <Empty title="There is no certificate yet.">
            As soon as a hostname is served, one is ordered for it and stands here.
          </Empty>
        )
      }
      label="Certificates"
      columns={columns}
      rowKey={({ id }) => id}
      order={order}
      onOrder={setOrder}
      isMuted={({ hostnames }) => hostnames.length === 0}
      onOpen={(item) => void navigate({ to: '/certificates/$certificate', params: { certificate: item.id } })}
    />
  );
}

/** The other hostnames, shortly. */
function otherHostnames({ hostnames }: CertificateView): string {
  const others = hostnames.slice(1);
  if (others.length === 0) return '';
  const more = others.length - maxNames;
  return `and ${others.slice(0, maxNames).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

const columns: readonly Column<CertificateView, CertificateSort>[] = [
  {
    title: 'Hostname',
    sort: 'name',
    isWide: true,
    cell: (item) => (
      <NameCell note={item.warning || otherHostnames(item)}>
        <Link to="/certificates/$certificate" params={{ certificate: item.id }}>
          {titleOf(item)}
        </Link>
        {item.hostnames.length === 0 && <Tag>not served</Tag>}
        {item.isOrdering && <Tag>being ordered</Tag>}
        {item.lastOrder?.failure && !item.isOrdering && <Tag tone="warn">last order failed</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'State',
    sort: 'state',
    cell: ({ state }) => <Status tone={certificateTone[state]}>{certificateWords[state]}</Status>,
  },
  {
    title: 'From',
    isRoomy: true,
    cell: ({ source, authority, method }) => (
      <NameCell note={method}>{authority || sourceWords[source]}</NameCell>
    ),
  },
  {
    title: 'Good until',
    sort: 'notAfter',
    cell: ({ notAfterMs }) =>
      notAfterMs === null ? (
        <Faint>none</Faint>
      ) : (
        <NameCell note={<TimeAgo atMs={notAfterMs} />}>{formatDay(notAfterMs)}</NameCell>
      ),
  },
  {
    title: 'Renewed',
    isExtra: true,
    cell: ({ renewal, source }) =>
      renewal === null ? (
        <Faint>{source === 'internal' ? 'by the edge, on demand' : 'not by the edge'}</Faint>
      ) : (
        formatDay(renewal.atMs)
      ),
  },
];
