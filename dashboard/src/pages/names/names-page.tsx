// Hostnames of the edge and how far their DNS records are; and the zones that the edge manages.
import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { ShownName } from '#api/dns.ts';
import { type DnsSetUp, nameStates } from '#model/dns/dns-view.ts';
import { readAgain, usePaged, useRead } from '../../api/queries.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Faint, Filters, NameCell } from '../../kit/filters.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty, Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Page, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { nameTone, nameWords, providerWords } from './name-words.ts';
import classes from './names.module.css';
import { PlanDialog } from './plan-dialog.tsx';
import { Records } from './records.tsx';
import { ZoneList } from './zone-list.tsx';

const routeApi = getRouteApi('/inside/names');

/** Records change without an event; a name on its way should be seen to arrive. */
const lookAgainMs = 3_000;
const readHere: ReadonlySet<string> = new Set(['listNames', 'listZones']);

/** The page. */
export function NamesPage() {
  const zones = useRead('listZones', {});
  const [isPlanning, planning] = useDisclosure(false);
  useLookingAgain();
  const setUp = zones.data?.setUp;
  return (
    <Page
      title="Names"
      intro={setUp ? introOf(setUp) : ' '}
      actions={
        setUp && (
          <Button variant="default" leftSection={<Icon name="replay" />} onClick={planning.open}>
            Check now
          </Button>
        )
      }
    >
      {setUp === null && (
        <Notice tone="plain" title="This edge does not look after DNS">
          Records of its hostnames are made by hand. With a <code>dns</code> section in edge.yml the edge
          makes them, and takes them away with their hostname.
        </Notice>
      )}
      {zones.data === undefined &&
        (zones.error === null ? <Waiting what="zones" /> : <ProblemNotice error={zones.error} />)}
      {setUp && (
        <>
          <Names />
          <Section
            title="Zones"
            intro="Where the records are kept. The longest zone that fits a hostname wins."
          >
            <ZoneList items={zones.data!.items} />
          </Section>
        </>
      )}
      <PlanDialog isOpen={isPlanning} onClose={planning.close} />
    </Page>
  );
}

function introOf({ alias, addresses }: DnsSetUp): string {
  const where = [alias, ...addresses].filter((text) => text !== '').join(', ');
  return `Hostnames that shall lead to ${where}. Only records that this edge has marked are ever changed.`;
}

function useLookingAgain(): void {
  const queries = useQueryClient();
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void readAgain(queries, readHere);
    }, lookAgainMs);
    return () => clearInterval(timer);
  }, [queries]);
}

function Names() {
  const { search, state } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const list = usePaged('listNames', { search, state });
  const filter = (changes: object): void =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <>
      <Filters>
        <SearchField
          label="Find a hostname"
          value={search ?? ''}
          onChange={(value) => filter({ search: value || undefined })}
        />
        <ChoiceFilter
          label="State"
          anyLabel="In any state"
          choices={nameStates.map((value) => ({ value, label: nameWords[value] }))}
          value={state}
          onChange={(value) => filter({ state: value })}
        />
      </Filters>
      <PagedList
        list={list}
        what="names"
        lines={6}
        empty={
          <Empty title={search || state ? 'No hostname fits.' : 'There is no hostname yet.'}>
            {search || state
              ? 'Change the words or the filter above.'
              : 'Each route and each hostname that a connector claims stands here.'}
          </Empty>
        }
        label="Hostnames"
        columns={columns}
        rowKey={({ hostname }) => hostname}
      />
    </>
  );
}

const columns: readonly Column<ShownName>[] = [
  {
    title: 'Hostname',
    isWide: true,
    cell: (name) => (
      <NameCell note={<NameNote name={name} />}>
        <Link to="/explain" search={{ url: `https://${name.hostname.replace('*.', 'any.')}/` }}>
          {name.hostname}
        </Link>
        {name.tunnelId === 'edge' && <Tag>the edge itself</Tag>}
      </NameCell>
    ),
  },
  {
    title: 'State',
    cell: ({ state, sinceMs, detail }) => (
      <NameCell note={<TimeAgo atMs={sinceMs} />}>
        <span title={detail}>
          <Status tone={nameTone[state]}>{nameWords[state]}</Status>
        </span>
      </NameCell>
    ),
  },
  { title: 'Records', isRoomy: true, cell: ({ records }) => <Records records={records} /> },
  {
    title: 'Zone',
    cell: ({ zone, provider }) =>
      zone === '' ? (
        <Faint>none</Faint>
      ) : (
        <NameCell note={providerWords(provider)}>
          <Link to="/names/$zone" params={{ zone }}>
            {zone}
          </Link>
        </NameCell>
      ),
  },
  {
    title: 'Tunnel',
    isExtra: true,
    cell: ({ tunnelName }) =>
      tunnelName === '' ? (
        <Faint>none</Faint>
      ) : (
        <Link to="/tunnels/$tunnel" params={{ tunnel: tunnelName }}>
          {tunnelName}
        </Link>
      ),
  },
];

/** What is wrong and what to do; then what was wrong. */
function NameNote({ name }: { readonly name: ShownName }) {
  const { state, detail, cure, lastDrift, lastError } = name;
  const isOld = lastError !== null && (state === 'good' || lastError.detail !== detail);
  return (
    <>
      {state !== 'good' && `${detail} ${cure}`}
      {lastDrift !== null && (
        <span className={classes['past']}>
          Changed by another hand <TimeAgo atMs={lastDrift.atMs} />: {lastDrift.detail}
        </span>
      )}
      {isOld && (
        <span className={classes['past']}>
          Last error <TimeAgo atMs={lastError.atMs} />: {lastError.detail}
        </span>
      )}
    </>
  );
}
