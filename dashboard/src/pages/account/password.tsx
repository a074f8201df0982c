// One's password: set, changed, or done without.
import { Button, PasswordInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import type { UserView } from '#api/account.ts';
import { useChange } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Panel, Section } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import classes from './account.module.css';

/** The section. */
export function Password({ user }: { readonly user: UserView }) {
  const [isSetting, setting] = useDisclosure(false);
  const [isRemoving, removing] = useDisclosure(false);
  const remove = useChange('removePassword');
  const say = useToast();
  const canDoWithout = user.passkeys > 0 || user.identities.length > 0;
  return (
    <Section title="Password">
      <Panel>
        <div className={classes['row']}>
          <span>{user.hasPassword ? 'A password is set.' : 'No password is set.'}</span>
          <span className={classes['buttons']}>
            {user.hasPassword && canDoWithout && (
              <Button size="xs" variant="default" onClick={removing.open}>
                Do without
              </Button>
            )}
            <Button size="xs" variant="default" onClick={setting.open}>
              {user.hasPassword ? 'Change' : 'Set a password'}
            </Button>
          </span>
        </div>
      </Panel>
      <SetPassword user={user} isOpen={isSetting} onClose={setting.close} />
      <Confirm
        isOpen={isRemoving}
        onClose={removing.close}
        title="Do without a password"
        action="Remove the password"
        run={async () => {
          await remove.mutateAsync({});
          say('Password removed');
        }}
      >
        <p>You sign in by passkey or issuer from now on; codes go with the password.</p>
      </Confirm>
    </Section>
  );
}

interface SetPasswordProps {
  readonly user: UserView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

function SetPassword({ user, isOpen, onClose }: SetPasswordProps) {
  const set = useChange('setPassword');
  const say = useToast();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const toggle = { 'aria-label': 'Show or hide the password' };
  const submit = async (): Promise<void> => {
    await set.mutateAsync({ body: { password, ...(user.hasPassword ? { current } : {}) } });
    setCurrent('');
    setPassword('');
    say('Password set; other sessions of yours have ended');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title={user.hasPassword ? 'Change the password' : 'Set a password'}
      action="Set password"
      submit={submit}
      isReady={password !== ''}
    >
      {(faultOf) => (
        <>
          <input type="text" name="username" autoComplete="username" value={user.name} readOnly hidden />
          {user.hasPassword && (
            <PasswordInput
              label="Password until now"
              autoComplete="current-password"
              visibilityToggleButtonProps={toggle}
              value={current}
              onChange={(event) => setCurrent(event.currentTarget.value)}
              error={faultOf('current')}
              data-autofocus
            />
          )}
          <PasswordInput
            label="New password"
            description="At least 12 characters; a few words are best. Other sessions of yours end."
            autoComplete="new-password"
            visibilityToggleButtonProps={toggle}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={faultOf('password')}
            data-autofocus={user.hasPassword ? undefined : true}
          />
        </>
      )}
    </FormDialog>
  );
}
