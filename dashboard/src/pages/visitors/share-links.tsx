// Share links: made here and shown once, listed with what they open and how often they were opened, revoked.
import { Button, Group, Modal, NumberInput, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import type { ShareLinkView } from '#api/access.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { CodeBlock } from '../../kit/copy.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Filters, NameCell, Stacked } from '../../kit/filters.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty, Notice } from '../../kit/notices.tsx';
import { Mono, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';

/** The list, and the ways to make and to revoke one. */
export function ShareLinks() {
  const mayWrite = useMay('routes:write');
  const [search, setSearch] = useState('');
  const [isMaking, making] = useDisclosure(false);
  const [made, setMade] = useState<{ readonly what: string; readonly url: string }>();
  const [leaving, setLeaving] = useState<ShareLinkView>();
  const list = usePaged('listShareLinks', { search: search || undefined });
  const revoke = useChange('deleteShareLink');
  const say = useToast();
  return (
    <Section
      title="Share links"
      intro="Each opens a path of a site to whoever holds it, where the route's policy has a rule for link."
    >
      <Filters>
        <SearchField label="Find a share link" value={search} onChange={setSearch} />
        {mayWrite && (
          <Button leftSection={<Icon name="plus" />} onClick={making.open}>
            Make a share link
          </Button>
        )}
      </Filters>
      <PagedList
        list={list}
        what="share links"
        lines={2}
        empty={
          <Empty title={search === '' ? 'There is no share link.' : 'No share link fits.'}>
            A link lets somebody see one path of a site, for some days, without an account.
          </Empty>
        }
        label="Share links"
        columns={columnsWith(mayWrite ? setLeaving : undefined)}
        rowKey={({ id }) => id}
        isMuted={({ state }) => state !== 'good'}
      />
      <MakeLink isOpen={isMaking} onClose={making.close} onMade={setMade} />
      <Modal
        opened={made !== undefined}
        onClose={() => setMade(undefined)}
        title={`The link to ${made?.what ?? ''}`}
        size={620}
        closeOnClickOutside={false}
      >
        {made !== undefined && (
          <Stacked>
            <CodeBlock text={made.url} label="the link" />
            <Notice tone="warn" title="It is shown only now.">
              Whoever holds it gets in. It can be revoked in the list.
            </Notice>
          </Stacked>
        )}
      </Modal>
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title="Revoke the share link"
        action="Revoke link"
        run={async () => {
          await revoke.mutateAsync({ params: { link: leaving!.id } });
          say('Share link revoked');
        }}
      >
        <p>
          Whoever it has let in at{' '}
          <Mono>
            {leaving?.hostname}
            {leaving?.path}
          </Mono>{' '}
          is out at once.
        </p>
      </Confirm>
    </Section>
  );
}

const stateTags = { good: undefined, 'used-up': 'used up', expired: 'run out' } as const;

function columnsWith(
  onRevoke: ((link: ShareLinkView) => void) | undefined,
): readonly Column<ShareLinkView>[] {
  return [
    {
      title: 'Opens',
      isWide: true,
      value: ({ hostname, path }) => `${hostname}${path}`,
      cell: ({ hostname, path, note, state }) => (
        <NameCell note={note}>
          <Mono>
            {hostname}
            {path}
          </Mono>
          {stateTags[state] !== undefined && <Tag tone="warn">{stateTags[state]}</Tag>}
        </NameCell>
      ),
    },
    { title: 'By', value: ({ madeBy }) => madeBy, cell: ({ madeBy }) => madeBy || '-' },
    {
      title: 'Opened',
      value: ({ uses }) => uses,
      cell: ({ uses, maxUses }) => (maxUses === null ? 'not counted' : `${uses} of ${maxUses}`),
    },
    {
      title: 'Made',
      value: ({ createdAtMs }) => createdAtMs,
      cell: ({ createdAtMs }) => <TimeAgo atMs={createdAtMs} />,
    },
    {
      title: 'Ends',
      value: ({ expiresAtMs }) => expiresAtMs,
      cell: ({ expiresAtMs }) => <TimeAgo atMs={expiresAtMs} />,
    },
    ...(onRevoke === undefined
      ? []
      : [
          {
            title: '',
            cell: (link: ShareLinkView) => (
              <Button size="xs" variant="default" onClick={() => onRevoke(link)}>
                Revoke
              </Button>
            ),
          },
        ]),
  ];
}

interface MakeLinkProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onMade: (made: { readonly what: string; readonly url: string }) => void;
}

function MakeLink({ isOpen, onClose, onMade }: MakeLinkProps) {
  const create = useChange('createShareLink');
  const [url, setUrl] = useState('');
  const [days, setDays] = useState(7);
  const [uses, setUses] = useState<number>();
  const [note, setNote] = useState('');
  const submit = async (): Promise<void> => {
    const made = await create.mutateAsync({ body: { url, days, uses: uses ?? null, note } });
    onMade({ what: `${made.link.hostname}${made.link.path}`, url: made.url });
    setUrl('');
    setNote('');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Make a share link"
      action="Make link"
      submit={submit}
      isReady={url !== ''}
    >
      {(faultOf) => (
        <>
          <TextInput
            label="Page"
            description="It opens this path and what is below it."
            placeholder="https://photos.example.com/album"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            error={faultOf('url')}
            autoComplete="off"
            data-autofocus
          />
          <Group grow align="start">
            <NumberInput
              label="Days"
              description="Until it runs out."
              value={days}
              onChange={(value) => typeof value === 'number' && setDays(value)}
              min={1}
              error={faultOf('days')}
              hideControls
            />
            <NumberInput
              label="Browsers"
              description="Empty: as many as like."
              value={uses ?? ''}
              onChange={(value) => setUses(typeof value === 'number' ? value : undefined)}
              min={1}
              error={faultOf('uses')}
              hideControls
            />
          </Group>
          <TextInput
            label="Note"
            description="For yourself."
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            error={faultOf('note')}
            autoComplete="off"
          />
        </>
      )}
    </FormDialog>
  );
}
