// One zone: how it is, and every record in it with its owner.
import { getRouteApi, Link } from '@tanstack/react-router';
import { type RecordView, recordOwners } from '#model/dns/dns-view.ts';
import { useRead } from '../../api/queries.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { Empty, Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Mono, Page, Panel, Section } from '../../kit/page.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { formatAmount } from '../../kit/units.ts';
import { ownerWords, providerWords, zoneTone, zoneWords } from './name-words.ts';
import classes from './names.module.css';

const routeApi = getRouteApi('/inside/names/$zone');

/** The most that the API gives at once; more are found by words. */
const shownRecords = 500;

/** The page. */
export function ZonePage() {
  const { zone: name } = routeApi.useParams();
  const { search, owner } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const zones = useRead('listZones', {});
  const query = { search, owner, limit: shownRecords };
  const read = useRead('listZoneRecords', { params: { zone: name }, query }, { keepsPrevious: true });
  const zone = zones.data?.items.find((candidate) => candidate.name === name);
  const filter = (changes: object): void =>
    void navigate({ search: (before) => ({ ...before, ...changes }), replace: true });
  return (
    <Page title={name} above={<Link to="/names">Names</Link>}>
      {zone !== undefined && (
        <>
          {zone.state !== 'good' && (
            <Notice tone={zone.state === 'away' ? 'warn' : 'bad'} title={zone.detail}>
              {zone.cure}
            </Notice>
          )}
          <Panel>
            <Facts
              items={[
                [
                  'State',
                  <Status key="state" tone={zoneTone[zone.state]}>
                    {zoneWords[zone.state]}
                  </Status>,
                ],
                ['Kept by', providerWords(zone.provider)],
                [
                  'Its servers',
                  zone.nameServers.length === 0 ? 'not known' : <Mono>{zone.nameServers.join(' ')}</Mono>,
                ],
                ['Smallest TTL', `${zone.minTtlSeconds} s`],
                ['Read', zone.readAtMs === null ? 'never' : <TimeAgo atMs={zone.readAtMs} />],
              ]}
            />
          </Panel>
        </>
      )}
      <Section title="Records">
        <Filters>
          <SearchField
            label="Find a record"
            value={search ?? ''}
            onChange={(value) => filter({ search: value || undefined })}
          />
          <ChoiceFilter
            label="Owner"
            anyLabel="Of anybody"
            choices={recordOwners.map((value) => ({ value, label: ownerWords[value] }))}
            value={owner}
            onChange={(value) => filter({ owner: value })}
            width={180}
          />
        </Filters>
        {read.data === undefined ? (
          read.error === null ? (
            <Waiting what="records" lines={8} />
          ) : (
            <ProblemNotice error={read.error} />
          )
        ) : read.data.items.length === 0 ? (
          <Empty title="No record fits.">Change the words or the filter above.</Empty>
        ) : (
          <>
            <DataTable
              label="Records"
              items={read.data.items}
              columns={columns}
              rowKey={({ name: owned, type }) => `${owned} ${type}`}
            />
            {read.data.total > read.data.items.length && (
              <p>
                {formatAmount(read.data.total, 'record')} fit; the first {shownRecords} are shown. Words above
                find the others.
              </p>
            )}
          </>
        )}
      </Section>
    </Page>
  );
}

const columns: readonly Column<RecordView>[] = [
  {
    title: 'Name',
    isWide: true,
    value: ({ name }) => name,
    cell: ({ name, note }) => <NameCell note={note}>{name}</NameCell>,
  },
  { title: 'Type', value: ({ type }) => type, cell: ({ type }) => type },
  {
    title: 'TTL',
    isNumber: true,
    value: ({ ttlSeconds }) => ttlSeconds,
    cell: ({ ttlSeconds }) => `${ttlSeconds} s`,
  },
  {
    title: 'Values',
    isRoomy: true,
    cell: ({ values }) => (
      <span className={classes['values']}>
        <Mono>{values.join(' ')}</Mono>
      </span>
    ),
  },
  { title: 'Owner', value: ({ owner }) => owner, cell: ({ owner }) => ownerWords[owner] },
];
