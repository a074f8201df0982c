// What is open? Everything that the public can reach right now, by hostname and by port, and what each thing leads to.
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ExposedPort, Exposure } from '#api/routes.ts';
import { isOpenWord } from '#model/access/access-policy.ts';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { Empty, Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Mono, Page, Section } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status, Tag, type Tone } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { formatAmount } from '../../kit/units.ts';
import classes from './exposed.module.css';

const routeApi = getRouteApi('/inside/exposed');

/** The page. */
export function ExposedPage() {
  const { search } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const read = useRead('listExposed', { query: { search } }, { keepsPrevious: true });
  const items = read.data?.items;
  const ports = read.data?.ports ?? [];
  return (
    <Page
      title="Exposed"
      intro={
        items === undefined
          ? ' '
          : search
            ? `${formatAmount(items.length, 'address', 'addresses')} and ${formatAmount(ports.length, 'port')} with “${search}”.`
            : sumUp(items, ports)
      }
    >
      {items !== undefined && search === undefined && <Warnings items={items} ports={ports} />}
      <Filters>
        <SearchField
          label="Find a hostname or port"
          value={search ?? ''}
          onChange={(value) => void navigate({ search: { search: value || undefined }, replace: true })}
        />
      </Filters>
      {items === undefined ? (
        read.error === null ? (
          <Waiting what="what is exposed" lines={8} />
        ) : (
          <ProblemNotice error={read.error} retry={() => void read.refetch()} />
        )
      ) : items.length === 0 && ports.length === 0 ? (
        <Empty title={search ? 'Nothing fits.' : 'Nothing is open to the public.'}>
          {search
            ? 'Change the words above.'
            : 'Once there is a route or a port, it stands here with everything it leads to.'}
        </Empty>
      ) : (
        <>
          {items.length > 0 && (
            <DataTable
              label="Exposed addresses"
              items={items}
              columns={columns}
              rowKey={({ hostname, path }) => hostname + path}
            />
          )}
          {ports.length > 0 && (
            <Section
              title="Ports"
              intro="TCP, UDP, and TLS that ends at home: open to whoever may connect, and asked for no sign-in by the edge."
            >
              <DataTable label="Open ports" items={ports} columns={portColumns} rowKey={({ name }) => name} />
            </Section>
          )}
        </>
      )}
    </Page>
  );
}

function sumUp(items: readonly Exposure[], ports: readonly ExposedPort[]): string {
  const hostnames = new Set(items.map(({ hostname }) => hostname)).size;
  const open = items.filter(({ access }) => isOpenWord(access)).length;
  const through =
    ports.length === 0
      ? ''
      : ` ${formatAmount(ports.length, 'port')} lead${ports.length === 1 ? 's' : ''} through as well.`;
  if (items.length === 0)
    return ports.length === 0
      ? 'The public can reach nothing.'
      : `The public can reach no web address.${through}`;
  return `The public can reach ${formatAmount(items.length, 'address', 'addresses')} on ${formatAmount(hostnames, 'hostname')}; ${open === items.length ? (open === 1 ? 'anybody may' : 'anybody may, at all of them') : `${open} of them without being asked who they are`}.${through}`;
}

function Warnings({
  items,
  ports,
}: {
  readonly items: readonly Exposure[];
  readonly ports: readonly ExposedPort[];
}) {
  const warned = [
    ...items.map(({ hostname, path, warning }) => ({ name: hostname + (path === '/' ? '' : path), warning })),
    ...ports,
  ].filter(({ warning }) => warning !== '');
  if (warned.length === 0) return null;
  return (
    <div className={classes['warnings']}>
      <Notice tone="warn" title={`${formatAmount(warned.length, 'address', 'addresses')} to think about`}>
        <ul>
          {warned.slice(0, 5).map(({ name, warning }) => (
            <li key={name}>
              <b>{name}</b> {warning}
            </li>
          ))}
          {warned.length > 5 && <li>and {warned.length - 5} more, marked below</li>}
        </ul>
      </Notice>
    </div>
  );
}

const certificateTone: Readonly<Record<Exposure['certificate']['state'], Tone>> = {
  ...{ good: 'good', expiring: 'warn', bad: 'bad', missing: 'bad', internal: 'off' },
};
const certificateWords: Readonly<Record<Exposure['certificate']['state'], string>> = {
  ...{ good: 'good', expiring: 'expires soon', bad: 'bad', missing: 'missing', internal: 'internal CA' },
};
const dnsTone: Readonly<Record<Exposure['dns']['state'], Tone>> = {
  ...{ good: 'good', pending: 'warn', conflict: 'bad', failed: 'bad', unmanaged: 'off' },
};
const dnsWords: Readonly<Record<Exposure['dns']['state'], string>> = {
  ...{
    good: 'good',
    pending: 'on its way',
    conflict: 'conflict',
    failed: 'failed',
    unmanaged: 'not kept here',
  },
};

/** States whose details are of interest only to whoever points at them. */
const isWell: Readonly<Record<string, true | undefined>> = { good: true, internal: true, unmanaged: true };

const columns: readonly Column<Exposure>[] = [
  {
    title: 'Address',
    isWide: true,
    value: ({ hostname, path }) => hostname + path,
    cell: (item) => (
      <NameCell>
        <a href={item.url} target="_blank" rel="noreferrer">
          {item.hostname}
          {item.path === '/' ? '' : item.path}
        </a>
        {item.source === 'edge' && <Tag>the edge itself</Tag>}
        {item.warning !== '' && <Tag tone="warn">think about it</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'Who may',
    value: ({ access }) => access,
    cell: ({ access }) =>
      access === 'public' ? 'anybody' : access === 'public-on-purpose' ? 'anybody, on purpose' : access,
  },
  {
    title: 'Leads to',
    isRoomy: true,
    value: ({ tunnelName }) => tunnelName,
    cell: (item) =>
      item.source === 'edge' || item.tunnelName === '' ? (
        <NameCell note={item.tunnelName === '' ? '' : item.service}>
          {item.tunnelName || item.service}
        </NameCell>
      ) : (
        <NameCell note={item.service === '' ? undefined : <Mono>{item.service}</Mono>}>
          <Link to="/tunnels/$tunnel" params={{ tunnel: item.tunnelName }}>
            {item.tunnelName}
          </Link>
        </NameCell>
      ),
  },
  {
    title: 'Works',
    value: ({ isUp }) => Number(isUp),
    cell: (item) => (
      <NameCell
        note={
          <Link to="/explain" search={{ url: item.url }}>
            Explain
          </Link>
        }
      >
        {item.isUp ? <Status tone="good">up</Status> : <Status tone="bad">down</Status>}
      </NameCell>
    ),
  },
  {
    title: 'Certificate',
    value: ({ certificate }) => certificate.expiresAtMs ?? 0,
    cell: ({ certificate }) => (
      <NameCell
        note={
          <>
            {isWell[certificate.state] !== true && `${certificate.detail} `}
            {certificate.expiresAtMs !== null && (
              <>
                {certificate.expiresAtMs > Date.now() ? 'Ends ' : 'Ended '}
                <TimeAgo atMs={certificate.expiresAtMs} />
              </>
            )}
          </>
        }
      >
        <span title={certificate.detail}>
          <Status tone={certificateTone[certificate.state]}>{certificateWords[certificate.state]}</Status>
        </span>
      </NameCell>
    ),
  },
  {
    title: 'DNS',
    value: ({ dns }) => dns.state,
    cell: ({ dns }) => (
      <NameCell note={isWell[dns.state] === true ? undefined : dns.detail}>
        <span title={dns.detail}>
          <Status tone={dnsTone[dns.state]}>{dnsWords[dns.state]}</Status>
        </span>
      </NameCell>
    ),
  },
];

const portColumns: readonly Column<ExposedPort>[] = [
  {
    title: 'Port',
    isWide: true,
    value: ({ name }) => name,
    cell: ({ name, warning }) => (
      <NameCell>
        <Mono>{name}</Mono>
        {name.startsWith('tls:') && <Tag>read at home only</Tag>}
        {warning !== '' && <Tag tone="warn">think about it</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'Who may',
    isRoomy: true,
    value: ({ access }) => access,
    cell: ({ access }) => (access === 'public' ? 'anybody' : access),
  },
  {
    title: 'Leads to',
    isRoomy: true,
    value: ({ tunnelName }) => tunnelName,
    cell: ({ tunnelName, service }) => (
      <NameCell note={service === '' ? undefined : <Mono>{service}</Mono>}>
        <Link to="/tunnels/$tunnel" params={{ tunnel: tunnelName }}>
          {tunnelName}
        </Link>
      </NameCell>
    ),
  },
  {
    title: 'Works',
    value: ({ isUp }) => Number(isUp),
    cell: ({ isUp, name }) => (
      <NameCell
        note={
          <Link to="/explain" search={{ url: name }}>
            Explain
          </Link>
        }
      >
        {isUp ? <Status tone="good">up</Status> : <Status tone="bad">down</Status>}
      </NameCell>
    ),
  },
];
