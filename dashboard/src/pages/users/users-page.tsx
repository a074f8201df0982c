// Who has an account at this edge.
import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { UserView } from '#api/account.ts';
import { type Role, roles } from '#model/users/role.ts';
import { useMay } from '../../api/me.ts';
import { useChange, usePaged } from '../../api/queries.ts';
import type { Column } from '../../kit/data-table.tsx';
import { Filters, NameCell } from '../../kit/filters.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Empty } from '../../kit/notices.tsx';
import { Page } from '../../kit/page.tsx';
import { PagedList } from '../../kit/paged-list.tsx';
import { SearchField } from '../../kit/search-field.tsx';
import { Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatAmount } from '../../kit/units.ts';
import { type OneTimeLink, OneTimeLinkDialog } from './one-time-link.tsx';
import { roleChoices, roleWords } from './role-words.ts';

/** The page. */
export function UsersPage() {
  const mayWrite = useMay('users:write');
  const navigate = useNavigate();
  const [search, setSearch] = useState('');
  const [isInviting, inviting] = useDisclosure(false);
  const [link, setLink] = useState<OneTimeLink>();
  const list = usePaged('listUsers', { search: search || undefined });
  return (
    <Page
      title="Users"
      intro="People with an account here, and what they may do."
      actions={
        mayWrite && (
          <Button leftSection={<Icon name="plus" />} onClick={inviting.open}>
            Invite user
          </Button>
        )
      }
    >
      <Filters>
        <SearchField label="Find a user" value={search} onChange={setSearch} />
      </Filters>
      <PagedList
        list={list}
        what="users"
        empty={<Empty title="No user fits.">Change the words above.</Empty>}
        label="Users"
        columns={columns}
        rowKey={({ id }) => id}
        isMuted={({ isDisabled }) => isDisabled}
        onOpen={({ name }) => void navigate({ to: '/users/$user', params: { user: name } })}
      />
      <Invite isOpen={isInviting} onClose={inviting.close} onLink={setLink} />
      <OneTimeLinkDialog link={link} onClose={() => setLink(undefined)} />
    </Page>
  );
}

/** Groups as people write them in a line. */
export function groupsOf(line: string): string[] {
  return line
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '');
}

/** The ways in which a user can sign in, in words. */
export function waysIn(user: UserView): string {
  const ways = [
    user.passkeys > 0 && formatAmount(user.passkeys, 'passkey'),
    user.hasPassword && (user.hasTotp ? 'password with a code' : 'password'),
    user.identities.length > 0 &&
      user.identities.map(({ issuer }) => issuer.replace(/^https?:\/\//, '')).join(', '),
  ].filter((way) => way !== false);
  return ways.length === 0 ? 'a one-time link only' : ways.join(', ');
}

const columns: readonly Column<UserView>[] = [
  {
    title: 'User',
    isWide: true,
    value: ({ name }) => name,
    cell: (user) => (
      <NameCell note={[user.displayName, user.email].filter(Boolean).join(', ')}>
        <Link to="/users/$user" params={{ user: user.name }}>
          {user.name}
        </Link>
        {user.isDisabled && <Tag tone="warn">locked out</Tag>}
      </NameCell>
    ),
  },
  { title: 'Role', value: ({ role }) => roles.indexOf(role), cell: ({ role }) => role },
  { title: 'Groups', cell: ({ groups }) => groups.join(', ') },
  { title: 'Signs in by', cell: waysIn },
  {
    title: 'Last seen',
    value: ({ lastSeenAtMs }) => lastSeenAtMs ?? 0,
    cell: ({ lastSeenAtMs }) => <TimeAgo atMs={lastSeenAtMs} />,
  },
];

interface InviteProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onLink: (link: OneTimeLink) => void;
}

function Invite({ isOpen, onClose, onLink }: InviteProps) {
  const create = useChange('createUser');
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('viewer');
  const [groups, setGroups] = useState('');
  const [mail, setMail] = useState(false);
  const say = useToast();
  const submit = async (): Promise<void> => {
    const { user, link, isMailed } = await create.mutateAsync({
      body: { name, email: email === '' ? null : email, role, groups: groupsOf(groups), mail },
    });
    setName('');
    setEmail('');
    setGroups('');
    setMail(false);
    if (isMailed) say(`An invitation is on its way to ${user.email}`);
    else onLink({ userName: user.name, ...link });
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Invite a user"
      action={mail ? 'Send the invitation' : 'Make a sign-in link'}
      submit={submit}
      isReady={name !== ''}
    >
      {(faultOf) => (
        <>
          <TextInput
            label="Name"
            description="One word, for signing in."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf('name')}
            autoComplete="off"
            autoCapitalize="none"
            data-autofocus
          />
          <TextInput
            label="Mail address"
            description="May be left out."
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={faultOf('email')}
            autoComplete="off"
          />
          <Select
            label="Role"
            description={roleWords[role]}
            data={roleChoices}
            value={role}
            onChange={(value) => value !== null && setRole(value as Role)}
            allowDeselect={false}
          />
          <TextInput
            label="Groups"
            description="As policies name them, with commas: family, friends."
            value={groups}
            onChange={(event) => setGroups(event.currentTarget.value)}
            error={faultOf('groups')}
            autoComplete="off"
          />
          <Checkbox
            label="Send the invitation by mail"
            description="To guests and viewers, where edge.yml has a mail server."
            checked={mail}
            onChange={(event) => setMail(event.currentTarget.checked)}
          />
        </>
      )}
    </FormDialog>
  );
}
