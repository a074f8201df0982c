// Bans: whom the guard of routes keeps out, since when, why and for how long, and letting somebody in again.
import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { BanView } from '#model/ban.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Filters } from '../../kit/filters.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Page } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { TimeAgo, useNow } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatAmount, formatDuration, formatMoment } from '../../kit/units.ts';

const routeApi = getRouteApi('/inside/bans');

/** Nothing announces a ban; the page looks again by itself. */
const everyMs = 10_000;

/** The page. */
export function BansPage() {
  const mayLift = useMay('routes:write');
  const { search } = routeApi.useSearch();
  const navigate = routeApi.useNavigate();
  const list = usePaged('listBans', { search }, { everyMs });
  const columns = mayLift ? [...baseColumns, liftColumn] : baseColumns;
  return (
    <Page title="Bans" intro={introOf(list.total, search)}>
      <Filters>
        <SearchField
          label="Find an address or reason"
          value={search ?? ''}
          onChange={(value) => void navigate({ search: { search: value || undefined }, replace: true })}
        />
      </Filters>
      <PagedList
        list={list}
        what="bans"
        lines={4}
        empty={
          <Empty title={search ? 'No ban fits.' : 'Nobody is banned.'}>
            {search
              ? 'Change the words above.'
              : 'A route whose guard has a ban keeps out, for a while, who asks again and again for what only scanners want.'}
          </Empty>
        }
        label="Bans"
        columns={columns}
        rowKey={({ client }) => client}
      />
    </Page>
  );
}

function introOf(total: number | undefined, search: string | undefined): string {
  if (total === undefined) return ' ';
  const count = formatAmount(total, 'client');
  if (search) return `${count} with “${search}”.`;
  return `The guard of routes keeps ${total === 0 ? 'nobody' : count} out now. A restart of the edge forgets bans.`;
}

const baseColumns: readonly Column<BanView>[] = [
  { title: 'Client', isWide: true, cell: ({ client }) => <Mono>{client}</Mono> },
  { title: 'Why', isRoomy: true, cell: ({ why }) => why },
  { title: 'Since', cell: ({ sinceMs }) => <TimeAgo atMs={sinceMs} /> },
  { title: 'For another', cell: ({ untilMs }) => <TimeLeft untilMs={untilMs} /> },
];

function TimeLeft({ untilMs }: { readonly untilMs: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(untilMs).toISOString()} title={`until ${formatMoment(untilMs)}`}>
      {formatDuration(Math.max(0, untilMs - now))}
    </time>
  );
}

const liftColumn: Column<BanView> = { title: '', cell: (ban) => <Lift ban={ban} /> };

function Lift({ ban: { client, why } }: { readonly ban: BanView }) {
  const lift = useChange('liftBans');
  const say = useToast();
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button
        variant="default"
        size="compact-sm"
        aria-label={`Let in ${client}`}
        onClick={() => setAsking(true)}
      >
        Let in
      </Button>
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Let ${client} in again?`}
        action="Let in"
        isHarmless
        run={async () => {
          const { lifted } = await lift.mutateAsync({ body: { clients: [client] } });
          say(lifted.length > 0 ? `${client} may come in again` : `${client} was not banned any more`);
        }}
      >
        It {why}. What was counted against it is forgotten, on every route with a guard.
      </Confirm>
    </>
  );
}
