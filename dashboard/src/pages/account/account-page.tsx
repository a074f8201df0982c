// Oneself: name, password, passkeys, codes, and where one is signed in.
import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import type { SessionView, UserView } from '#api/account.ts';
import { useMe } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { Stacked } from '../../kit/filters.tsx';
import { Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Page, Panel, Section } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { NameAndMail } from '../users/name-and-mail.tsx';
import { roleWords } from '../users/role-words.ts';
import { Identities, LinkRefusal } from './identities.tsx';
import { Passkeys } from './passkeys.tsx';
import { Password } from './password.tsx';
import { SessionList } from './session-list.tsx';
import { Totp } from './totp.tsx';

/** The page. */
export function AccountPage() {
  const { user, actor } = useMe();
  if (user === null) {
    return (
      <Page title="Account">
        <Notice tone="plain">{actor.name} is no user, and has nothing to set here.</Notice>
      </Page>
    );
  }
  const hasNothing = user.passkeys === 0 && !user.hasPassword && user.identities.length === 0;
  return (
    <Page
      title="Account"
      intro={`Signed in as ${user.name}, with the role ${user.role}. ${roleWords[user.role]}`}
    >
      <LinkRefusal />
      {hasNothing && (
        <Notice tone="warn" title="You have no way to sign in again.">
          The one-time link that brought you here is used up. Add a passkey or set a password before you
          leave.
        </Notice>
      )}
      <Profile key={user.id} user={user} />
      <Passkeys />
      <Password user={user} />
      {(user.hasPassword || user.hasTotp) && <Totp user={user} />}
      <Identities user={user} />
      <Sessions />
    </Page>
  );
}

function Profile({ user }: { readonly user: UserView }) {
  const update = useChange('updateMe');
  const say = useToast();
  const [draft, setDraft] = useState({ displayName: user.displayName, email: user.email ?? '' });
  const { displayName, email } = draft;
  const isChanged = displayName !== user.displayName || email !== (user.email ?? '');
  const save = async (): Promise<void> => {
    await update.mutateAsync({ body: { displayName, email: email === '' ? null : email } });
    say('Saved');
  };
  return (
    <Section title="You">
      <Panel>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void save().catch(() => {});
          }}
        >
          <Stacked>
            <NameAndMail
              displayName={displayName}
              email={email}
              onChange={(change) => setDraft((before) => ({ ...before, ...change }))}
              error={update.error}
              isOneself
            />
            <ProblemNotice error={update.error} />
            <Group justify="flex-end">
              <Button type="submit" disabled={!isChanged} loading={update.isPending}>
                Save
              </Button>
            </Group>
          </Stacked>
        </form>
      </Panel>
    </Section>
  );
}

function Sessions() {
  const read = useRead('listMySessions', {});
  const end = useChange('endMySession');
  const say = useToast();
  const [isAsking, setAsking] = useState(false);
  const sessions = read.data?.items;
  const endOne = (session: SessionView): void => {
    end.mutate({ params: { session: session.id } }, { onSuccess: () => say('Signed out there') });
  };
  return (
    <Section
      title="Where you are signed in"
      actions={
        sessions !== undefined &&
        sessions.length > 1 && (
          <Button size="xs" variant="default" onClick={() => setAsking(true)}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      <ProblemNotice error={read.error ?? end.error} />
      {sessions === undefined ? (
        read.error === null && <Waiting what="sessions" lines={2} />
      ) : (
        <SessionList sessions={sessions} onEnd={endOne} />
      )}
      <Confirm
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title="Sign out everywhere else"
        action="Sign out everywhere else"
        run={async () => {
          await end.mutateAsync({ params: { session: 'others' } });
          say('Signed out everywhere else');
        }}
      >
        <p>
          Every other browser of yours has to sign in again. This one stays signed in; API keys go on working.
        </p>
      </Confirm>
    </Section>
  );
}
