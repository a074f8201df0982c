// Addresses that rules with `address-of` trust, for a day after somebody has signed in there.
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { TrustedAddressView } from '#api/users.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Filters } from '../../kit/filters.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';

/** The list. */
export function TrustedAddresses() {
  const mayEnd = useMay('users:write');
  const [search, setSearch] = useState('');
  const [leaving, setLeaving] = useState<TrustedAddressView>();
  const list = usePaged('listTrustedAddresses', { search: search || undefined });
  const end = useChange('endSession');
  const say = useToast();
  return (
    <Section
      title="Trusted addresses"
      intro="Where users have signed in within the last day; rules with address-of let through what comes from there."
    >
      <Filters>
        <SearchField label="Find a trusted address" value={search} onChange={setSearch} />
      </Filters>
      <PagedList
        list={list}
        what="trusted addresses"
        lines={2}
        empty={
          <Empty title={search === '' ? 'No address is trusted.' : 'No trusted address fits.'}>
            Private and shared addresses never count: behind them may be everybody.
          </Empty>
        }
        label="Trusted addresses"
        columns={columnsWith(mayEnd ? setLeaving : undefined)}
        rowKey={({ sessionId }) => sessionId}
      />
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Trust ${leaving?.address ?? ''} no longer`}
        action="End the trust"
        run={async () => {
          await end.mutateAsync({ params: { session: leaving!.sessionId } });
          say(`${leaving!.address} is trusted no longer`);
        }}
      >
        <p>{leaving?.userName} is signed out in the browser that signed in there.</p>
      </Confirm>
    </Section>
  );
}

function columnsWith(
  onEnd: ((address: TrustedAddressView) => void) | undefined,
): readonly Column<TrustedAddressView>[] {
  return [
    {
      title: 'Address',
      isWide: true,
      value: ({ address }) => address,
      cell: ({ address }) => <Mono>{address}</Mono>,
    },
    { title: 'User', value: ({ userName }) => userName, cell: ({ userName }) => userName },
    { title: 'Until', value: ({ untilMs }) => untilMs, cell: ({ untilMs }) => <TimeAgo atMs={untilMs} /> },
    ...(onEnd === undefined
      ? []
      : [
          {
            title: '',
            cell: (address: TrustedAddressView) => (
              <Button size="xs" variant="default" onClick={() => onEnd(address)}>
                End
              </Button>
            ),
          },
        ]),
  ];
}
