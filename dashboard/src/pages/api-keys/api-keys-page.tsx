// Keys for programs and scripts.
import { Button, Checkbox, Modal, Select, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import type { ApiKeyView } from '#api/users.ts';
import { type Scope, scopes } from '#model/users/role.ts';
import { useMay, useMe } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { CodeBlock } from '../../kit/copy.tsx';
import { Confirm } from '../../kit/confirm.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { NameCell, Stacked } from '../../kit/filters.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty, Notice } from '../../kit/notices.tsx';
import { Mono, Page } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { Tag } from '../../kit/status.tsx';
import { TimeAgo, useNow } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatAmount } from '../../kit/units.ts';
import classes from './api-keys.module.css';

/** The page. */
export function ApiKeysPage() {
  const me = useMe();
  const mayCreate = useMay('keys:write') && me.user !== null;
  const [isCreating, creating] = useDisclosure(false);
  const [created, setCreated] = useState<{ name: string; key: string }>();
  const [leaving, setLeaving] = useState<ApiKeyView>();
  const list = usePaged('listApiKeys', {});
  const revoke = useChange('deleteApiKey');
  const say = useToast();
  const now = useNow();
  return (
    <Page
      title="API keys"
      intro="For programs and scripts: a key acts for the user who made it, within the scopes it was given."
      actions={
        mayCreate && (
          <Button leftSection={<Icon name="plus" />} onClick={creating.open}>
            Create key
          </Button>
        )
      }
    >
      <PagedList
        list={list}
        what="API keys"
        empty={
          <Empty
            title="There is no key yet."
            action={mayCreate && <Button onClick={creating.open}>Create key</Button>}
          >
            A key lets a script or the command line on another machine speak to this edge.
          </Empty>
        }
        label="API keys"
        columns={columnsWith(setLeaving, now)}
        rowKey={({ id }) => id}
        isMuted={({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs < now}
      />
      <CreateKey isOpen={isCreating} onClose={creating.close} onCreated={setCreated} />
      <Modal
        opened={created !== undefined}
        onClose={() => setCreated(undefined)}
        title={`The key ${created?.name ?? ''}`}
        size={620}
        closeOnClickOutside={false}
      >
        {created !== undefined && (
          <Stacked>
            <CodeBlock text={created.key} label="the key" />
            <Notice tone="warn" title="It is shown only now.">
              The edge keeps no copy. On another machine, <code>sallyport login</code> asks for it; programs
              send it as <code>Authorization: Bearer</code>.
            </Notice>
          </Stacked>
        )}
      </Modal>
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Revoke the key ${leaving?.name ?? ''}`}
        action="Revoke key"
        run={async () => {
          await revoke.mutateAsync({ params: { key: leaving!.id } });
          say(`Key ${leaving!.name} revoked`);
        }}
      >
        <p>
          Whatever uses it is refused from now on.{' '}
          {leaving !== undefined &&
            (leaving.lastUsedAtMs === null ? (
              'It was never used.'
            ) : (
              <>
                It was last used <TimeAgo atMs={leaving.lastUsedAtMs} />.
              </>
            ))}
        </p>
      </Confirm>
    </Page>
  );
}

function columnsWith(onRevoke: (key: ApiKeyView) => void, now: number): readonly Column<ApiKeyView>[] {
  return [
    {
      title: 'Key',
      value: ({ name }) => name,
      cell: ({ name, prefix, expiresAtMs }) => (
        <NameCell note={<Mono>{prefix}…</Mono>}>
          <b>{name}</b>
          {expiresAtMs !== null && expiresAtMs < now && <Tag tone="bad">expired</Tag>}
        </NameCell>
      ),
    },
    { title: 'Of', value: ({ userName }) => userName, cell: ({ userName }) => userName },
    {
      title: 'May',
      isWide: true,
      cell: ({ scopes: granted }) => (
        <span title={granted.join(', ')}>
          {granted.length > 3 ? formatAmount(granted.length, 'scope') : granted.join(', ')}
        </span>
      ),
    },
    {
      title: 'Last used',
      value: ({ lastUsedAtMs }) => lastUsedAtMs ?? 0,
      cell: ({ lastUsedAtMs }) => <TimeAgo atMs={lastUsedAtMs} />,
    },
    {
      title: 'Expires',
      value: ({ expiresAtMs }) => expiresAtMs ?? Number.MAX_SAFE_INTEGER,
      cell: ({ expiresAtMs }) => <TimeAgo atMs={expiresAtMs} />,
    },
    {
      title: '',
      cell: (key) => (
        <Button size="xs" variant="default" onClick={() => onRevoke(key)}>
          Revoke
        </Button>
      ),
    },
  ];
}

interface CreateKeyProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCreated: (created: { name: string; key: string }) => void;
}

const lifetimes = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: 'never', label: 'never' },
];

function CreateKey({ isOpen, onClose, onCreated }: CreateKeyProps) {
  const create = useChange('createApiKey');
  const me = useMe();
  const mine = me.scopes as Scope[];
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const [chosen, setChosen] = useState<string[]>([]);
  const submit = async (): Promise<void> => {
    const { key } = await create.mutateAsync({
      body: { name, scopes: chosen as Scope[], days: days === 'never' ? null : Number(days) },
    });
    onCreated({ name, key });
    setName('');
    setChosen([]);
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Create an API key"
      action="Create key"
      submit={submit}
      isReady={name !== '' && chosen.length > 0}
      size={620}
    >
      {(faultOf) => (
        <>
          <TextInput
            label="Name"
            description="One word for what uses it."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf('name')}
            autoComplete="off"
            data-autofocus
          />
          <Select
            label="Expires after"
            data={lifetimes}
            value={days}
            onChange={(value) => value !== null && setDays(value)}
            allowDeselect={false}
            w={160}
          />
          <Checkbox.Group
            label="It may"
            description="No more than it needs, and no more than you."
            value={chosen}
            onChange={setChosen}
            error={faultOf('scopes')}
          >
            <div className={classes['scopes']}>
              {mine.map((scope) => (
                <Checkbox key={scope} value={scope} label={scope} description={scopes[scope]} />
              ))}
            </div>
          </Checkbox.Group>
        </>
      )}
    </FormDialog>
  );
}
