// How every part of the edge is: listeners, store, certificates, names, tunnels, origins, and hostnames seen from outside. What
// is not well stands first, with since when and what to do.
import { Button } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type HealthPart, partKinds, partStates } from '#model/live/health.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { ChoiceFilter } from '../../kit/choice-filter.tsx';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { Empty, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Page } from '../../kit/page.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { kindWords, stateTones, stateWords, sumUp } from './health-words.ts';

const routeApi = getRouteApi('/inside/health');

/** States have no event of their own; the edge looks as often. */
const lookAgainMs = 5_000;

/** The page. */
export function HealthPage() {
  const { kind, state } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const read = useRead(
    'getHealth',
    { query: { kind, state } },
    { everyMs: lookAgainMs, keepsPrevious: true },
  );
  const parts = read.data?.parts;
  return (
    <Page title="Health" intro={read.data === undefined ? ' ' : sumUp(read.data)}>
      <Filters>
        <ChoiceFilter
          label="Kind"
          anyLabel="Every kind"
          choices={partKinds.map((value) => ({ value, label: kindWords[value] }))}
          value={kind}
          onChange={(value) => void navigate({ search: { state, kind: value } })}
          width={190}
        />
        <ChoiceFilter
          label="State"
          anyLabel="Every state"
          choices={partStates.map((value) => ({ value, label: stateWords[value] }))}
          value={state}
          onChange={(value) => void navigate({ search: { kind, state: value } })}
        />
      </Filters>
      {parts === undefined ? (
        read.error === null ? (
          <Waiting what="how everything is" lines={8} />
        ) : (
          <ProblemNotice error={read.error} retry={() => void read.refetch()} />
        )
      ) : parts.length === 0 ? (
        <Empty title="Nothing fits.">Choose another kind or state above.</Empty>
      ) : (
        <DataTable
          label="Parts of the edge"
          items={parts}
          columns={columns}
          rowKey={({ kind: what, name }) => `${what} ${name}`}
        />
      )}
    </Page>
  );
}

const columns: readonly Column<HealthPart>[] = [
  {
    title: 'Part',
    isWide: true,
    cell: (part) => (
      <NameCell note={kindWords[part.kind]}>
        <PartLink part={part} />
      </NameCell>
    ),
  },
  {
    title: 'State',
    cell: ({ state, sinceMs }) => (
      <NameCell note={<TimeAgo atMs={sinceMs} />}>
        <Status tone={stateTones[state]}>{stateWords[state]}</Status>
      </NameCell>
    ),
  },
  {
    title: 'Finding',
    isRoomy: true,
    cell: (part) => (
      <NameCell note={part.cure}>
        {part.sentence}
        {part.kind === 'probe' && <LookNow part={part} />}
      </NameCell>
    ),
  },
];

/** Looks at a hostname now; what is seen shows in the list. */
function LookNow({ part: { name } }: { readonly part: HealthPart }) {
  const probe = useChange('probeNow');
  const [hostname] = name.split(' ') as [string];
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-label={`Look now at ${name}`}
      loading={probe.isPending}
      onClick={() => void probe.mutateAsync({ body: { hostname } })}
    >
      Look now
    </Button>
  );
}

function PartLink({ part: { kind, name, tunnelId } }: { readonly part: HealthPart }) {
  if (tunnelId !== undefined)
    return (
      <Link to="/tunnels/$tunnel" params={{ tunnel: tunnelId }}>
        {name}
      </Link>
    );
  if (kind === 'certificate')
    return (
      <Link to="/certificates/$certificate" params={{ certificate: name }}>
        {name}
      </Link>
    );
  return <b>{name}</b>;
}
