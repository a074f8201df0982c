// One user: role, ways in, where he is signed in, and how to let him in, lock him out or remove him.
import { Button, Group, Select, Switch, TextInput } from '@mantine/core';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { UserView } from '#api/account.ts';
import type { Role } from '#model/users/role.ts';
import { useMay, useMe } from '../../api/me.ts';
import { useApi, useChange, useRead } from '../../api/queries.ts';
import { Confirm, OnEdge } from '../../kit/confirm.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { faultOf } from '../../kit/form-dialog.tsx';
import { Empty, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Page, Panel, Section } from '../../kit/page.tsx';
import { Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { SessionList } from '../account/session-list.tsx';
import { NameAndMail } from './name-and-mail.tsx';
import { type OneTimeLink, OneTimeLinkDialog } from './one-time-link.tsx';
import { roleChoices, roleWords } from './role-words.ts';
import { groupsOf, waysIn } from './users-page.tsx';

const routeApi = getRouteApi('/inside/users/$user');

/** The page. */
export function UserPage() {
  const { user: id } = routeApi.useParams();
  const read = useRead('getUser', { params: { user: id } });
  const mayWrite = useMay('users:write');
  const user = read.data;
  const above = <Link to="/users">Users</Link>;
  if (user === undefined) {
    return (
      <Page title={id} above={above}>
        {read.error === null ? <Waiting what="the user" /> : <ProblemNotice error={read.error} />}
      </Page>
    );
  }
  return (
    <Page
      title={user.name}
      above={above}
      heading={
        <>
          {user.name}
          <Tag>{user.role}</Tag>
          {user.isDisabled && <Tag tone="warn">locked out</Tag>}
        </>
      }
      intro={user.displayName}
      actions={mayWrite && <UserActions user={user} />}
    >
      <Panel>
        <Facts
          items={[
            ['Signs in by', waysIn(user)],
            ['Mail address', user.email ?? 'none'],
            ['Groups', user.groups.join(', ') || 'none'],
            ['Last seen', <TimeAgo key="seen" atMs={user.lastSeenAtMs} />],
            ['Invited', <TimeAgo key="invited" atMs={user.createdAtMs} />],
          ]}
        />
      </Panel>
      {mayWrite && <EditUser key={user.id} user={user} />}
      <UserSessions user={user} />
    </Page>
  );
}

function UserActions({ user }: { readonly user: UserView }) {
  const api = useApi();
  const navigate = useNavigate();
  const say = useToast();
  const me = useMe();
  const remove = useChange('deleteUser');
  const removeCodes = useChange('removeUserTotp');
  const [asks, setAsks] = useState<'link' | 'remove' | 'codes'>();
  const [link, setLink] = useState<OneTimeLink>();
  const close = (): void => setAsks(undefined);
  return (
    <>
      <Button variant="default" onClick={() => setAsks('link')}>
        Make a sign-in link
      </Button>
      {user.hasTotp && me.user?.id !== user.id && (
        <Button variant="default" onClick={() => setAsks('codes')}>
          Let in without codes
        </Button>
      )}
      {me.user?.id !== user.id && (
        <Button variant="default" onClick={() => setAsks('remove')}>
          Remove
        </Button>
      )}
      <Confirm
        isOpen={asks === 'link'}
        onClose={close}
        title={`A sign-in link for ${user.name}`}
        action="Make it"
        isHarmless
        run={async () =>
          setLink({ userName: user.name, ...(await api.createUserLink({ params: { user: user.id } })) })
        }
      >
        <p>Whoever opens the link is signed in as {user.name}, once. It is for somebody who cannot get in.</p>
      </Confirm>
      <Confirm
        isOpen={asks === 'remove'}
        onClose={close}
        title={`Remove ${user.name}`}
        action="Remove user"
        run={async () => {
          await remove.mutateAsync({ params: { user: user.id } });
          say(`${user.name} removed`);
          await navigate({ to: '/users' });
        }}
      >
        <p>
          Sessions and API keys of {user.name} end at once. What was changed under this name stays in the
          audit.
        </p>
      </Confirm>
      <Confirm
        isOpen={asks === 'codes'}
        onClose={close}
        title={`Let ${user.name} in without codes`}
        action="Remove the codes"
        run={async () => {
          await removeCodes.mutateAsync({ params: { user: user.id } });
          say(`${user.name} signs in without codes`);
        }}
      >
        <p>
          For somebody who has lost the phone and the recovery codes. From now on the password alone is asked
          for, until new codes are set up.
        </p>
      </Confirm>
      <OneTimeLinkDialog link={link} onClose={() => setLink(undefined)} />
    </>
  );
}

function EditUser({ user }: { readonly user: UserView }) {
  const update = useChange('updateUser');
  const say = useToast();
  const [draft, setDraft] = useState<{
    displayName?: string;
    email?: string;
    role?: Role;
    groups?: string;
    isDisabled?: boolean;
  }>({});
  const value = { ...user, email: user.email ?? '', groups: user.groups.join(', '), ...draft };
  const save = async (): Promise<void> => {
    const { email, groups, ...rest } = draft;
    await update.mutateAsync({
      params: { user: user.id },
      body: {
        ...rest,
        ...(email === undefined ? {} : { email: email === '' ? null : email }),
        ...(groups === undefined ? {} : { groups: groupsOf(groups) }),
      },
      ifMatch: user.version,
    });
    setDraft({});
    say('User changed');
  };
  return (
    <Section title="Change">
      <Panel>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save().catch(() => {});
          }}
        >
          <Stacked>
            <NameAndMail
              displayName={value.displayName}
              email={value.email}
              onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
              error={update.error}
            />
            <Select
              maw={480}
              label="Role"
              description={roleWords[value.role]}
              data={roleChoices}
              value={value.role}
              onChange={(role) => role !== null && setDraft({ ...draft, role: role as Role })}
              allowDeselect={false}
            />
            <TextInput
              maw={480}
              label="Groups"
              description="As policies name them, with commas: family, friends."
              value={value.groups}
              onChange={(event) => setDraft({ ...draft, groups: event.currentTarget.value })}
              error={faultOf(update.error, 'groups')}
            />
            <Switch
              label="Locked out"
              description="Cannot sign in, and sessions and API keys do not work; nothing is lost."
              checked={value.isDisabled}
              onChange={(event) => setDraft({ ...draft, isDisabled: event.currentTarget.checked })}
            />
            <ProblemNotice error={update.error} />
            <Group justify="space-between">
              <OnEdge />
              <Button type="submit" disabled={Object.keys(draft).length === 0} loading={update.isPending}>
                Save
              </Button>
            </Group>
          </Stacked>
        </form>
      </Panel>
    </Section>
  );
}

function UserSessions({ user }: { readonly user: UserView }) {
  const read = useRead('listUserSessions', { params: { user: user.id } });
  const end = useChange('endUserSessions');
  const mayWrite = useMay('users:write');
  const say = useToast();
  const [isAsking, setAsking] = useState(false);
  return (
    <Section
      title="Signed in"
      actions={
        mayWrite &&
        (read.data?.items.length ?? 0) > 0 && (
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            Sign out everywhere
          </Button>
        )
      }
    >
      {read.data === undefined ? (
        read.error === null ? (
          <Waiting what="sessions" lines={2} />
        ) : (
          <ProblemNotice error={read.error} />
        )
      ) : read.data.items.length === 0 ? (
        <Empty title="Nowhere.">Nobody is signed in as {user.name} now.</Empty>
      ) : (
        <SessionList sessions={read.data.items} />
      )}
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Sign ${user.name} out everywhere`}
        action="Sign out everywhere"
        run={async () => {
          await end.mutateAsync({ params: { user: user.id } });
          say(`${user.name} is signed out everywhere`);
        }}
      >
        <p>Every browser of {user.name} has to sign in again. API keys go on working.</p>
      </Confirm>
    </Section>
  );
}
