// Page passwords: set, set anew, removed; with the routes whose policy names each.
import { Button, Group, PasswordInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { PagePasswordView } from '#api/access.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import type { Column } from '../../kit/data-table.tsx';
import { Filters } from '../../kit/filters.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Mono, Section } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';

/** The list, and the ways to set and to remove one. */
export function PagePasswords() {
  const mayWrite = useMay('routes:write');
  const [search, setSearch] = useState('');
  /** The name of the one that is being set, '' for a new one. */
  const [setting, setSetting] = useState<string>();
  const [leaving, setLeaving] = useState<PagePasswordView>();
  const list = usePaged('listPagePasswords', { search: search || undefined });
  const remove = useChange('deletePagePassword');
  const say = useToast();
  return (
    <Section
      title="Page passwords"
      intro="Whoever knows one may pass where a policy names it, as password:NAME, without an account."
    >
      <Filters>
        <SearchField label="Find a page password" value={search} onChange={setSearch} />
        {mayWrite && (
          <Button leftSection={<Icon name="plus" />} onClick={() => setSetting('')}>
            Set a password
          </Button>
        )}
      </Filters>
      <PagedList
        list={list}
        what="page passwords"
        lines={2}
        empty={
          <Empty title={search === '' ? 'There is no page password.' : 'No page password fits.'}>
            A page password or PIN is for a page that many should see, and not everybody.
          </Empty>
        }
        label="Page passwords"
        columns={columnsWith(mayWrite ? { setSetting, setLeaving } : undefined)}
        rowKey={({ name }) => name}
      />
      <SetPassword name={setting} onClose={() => setSetting(undefined)} />
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Remove the page password ${leaving?.name ?? ''}`}
        action="Remove password"
        run={async () => {
          await remove.mutateAsync({ params: { password: leaving!.name } });
          say(`Page password ${leaving!.name} removed`);
        }}
      >
        <p>
          Whom it let in is out at once.{' '}
          {leaving !== undefined && leaving.routes.length > 0 && (
            <>These routes name it, and let nobody in by it any more: {leaving.routes.join(', ')}.</>
          )}
        </p>
      </Confirm>
    </Section>
  );
}

interface Actions {
  readonly setSetting: (name: string) => void;
  readonly setLeaving: (password: PagePasswordView) => void;
}

function columnsWith(actions: Actions | undefined): readonly Column<PagePasswordView>[] {
  return [
    { title: 'Name', value: ({ name }) => name, cell: ({ name }) => <b>{name}</b> },
    {
      title: 'Routes',
      isWide: true,
      value: ({ routes }) => routes.length,
      cell: ({ routes }) => (routes.length === 0 ? 'none names it' : <Mono>{routes.join(' ')}</Mono>),
    },
    {
      title: 'Set',
      value: ({ createdAtMs }) => createdAtMs,
      cell: ({ createdAtMs }) => <TimeAgo atMs={createdAtMs} />,
    },
    ...(actions === undefined
      ? []
      : [
          {
            title: '',
            cell: (password: PagePasswordView) => (
              <Group gap="xs" wrap="nowrap">
                <Button size="xs" variant="default" onClick={() => actions.setSetting(password.name)}>
                  Change
                </Button>
                <Button size="xs" variant="default" onClick={() => actions.setLeaving(password)}>
                  Remove
                </Button>
              </Group>
            ),
          },
        ]),
  ];
}

function SetPassword({ name, onClose }: { readonly name: string | undefined; readonly onClose: () => void }) {
  const set = useChange('setPagePassword');
  const say = useToast();
  const [ownName, setOwnName] = useState('');
  const [password, setPassword] = useState('');
  const wanted = name === '' ? ownName : (name ?? '');
  const submit = async (): Promise<void> => {
    await set.mutateAsync({ params: { password: wanted }, body: { password } });
    say(`Page password ${wanted} set`);
    setOwnName('');
    setPassword('');
  };
  return (
    <FormDialog
      isOpen={name !== undefined}
      onClose={onClose}
      title={name === '' ? 'Set a page password' : `Change the page password ${name ?? ''}`}
      action="Set password"
      submit={submit}
      isReady={wanted !== '' && password !== ''}
    >
      {(faultOf) => (
        <>
          {name === '' && (
            <TextInput
              label="Name"
              description="As policies name it: password:NAME."
              value={ownName}
              onChange={(event) => setOwnName(event.currentTarget.value)}
              error={faultOf('password')}
              autoComplete="off"
              autoCapitalize="none"
              data-autofocus
            />
          )}
          <PasswordInput
            label="Page password"
            description="Whom the one before let in must give the new one. A PIN has six digits or more."
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={faultOf('body.password') ?? (name === '' ? undefined : faultOf('password'))}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the page password' }}
          />
        </>
      )}
    </FormDialog>
  );
}
