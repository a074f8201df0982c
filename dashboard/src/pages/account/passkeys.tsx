// One's passkeys.
import { Button, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type PublicKeyCredentialCreationOptionsJSON, startRegistration } from '@simplewebauthn/browser';
import { useState } from 'react';
import { useApi, useChange, useRead } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Panel, Section } from '../../kit/page.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { describeBrowser } from './describe-browser.ts';
import classes from './account.module.css';

/** The section. */
export function Passkeys() {
  const read = useRead('listPasskeys', {});
  const remove = useChange('deletePasskey');
  const say = useToast();
  const [isAdding, adding] = useDisclosure(false);
  const [leaving, setLeaving] = useState<{ id: string; name: string }>();
  const isPossible = 'PublicKeyCredential' in window;
  return (
    <Section
      title="Passkeys"
      intro={
        isPossible
          ? 'The safest way in: nothing to type, and nothing that can be phished.'
          : 'This browser knows no passkeys here; they need https.'
      }
      actions={
        isPossible && (
          <Button size="xs" variant="default" onClick={adding.open}>
            Add a passkey
          </Button>
        )
      }
    >
      {read.data === undefined ? (
        read.error === null ? (
          <Waiting what="passkeys" lines={1} />
        ) : (
          <ProblemNotice error={read.error} />
        )
      ) : (
        <Panel>
          {read.data.items.length === 0 && <span>No passkey yet.</span>}
          {read.data.items.map((passkey) => (
            <div key={passkey.id} className={classes['row']}>
              <span>
                <b>{passkey.name}</b>
                <small>
                  added <TimeAgo atMs={passkey.createdAtMs} />, last used{' '}
                  <TimeAgo atMs={passkey.lastUsedAtMs} />
                </small>
              </span>
              <Button size="xs" variant="default" onClick={() => setLeaving(passkey)}>
                Remove
              </Button>
            </div>
          ))}
        </Panel>
      )}
      <AddPasskey isOpen={isAdding} onClose={adding.close} />
      <Confirm
        isOpen={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={`Remove the passkey ${leaving?.name ?? ''}`}
        action="Remove passkey"
        run={async () => {
          await remove.mutateAsync({ params: { passkey: leaving!.id } });
          say('Passkey removed');
        }}
      >
        <p>
          It does not sign you in any more. The device may go on offering it until you remove it there too.
        </p>
      </Confirm>
    </Section>
  );
}

function AddPasskey({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const api = useApi();
  const finish = useChange('finishPasskey');
  const say = useToast();
  const [name, setName] = useState(() => describeBrowser(navigator.userAgent));
  const submit = async (): Promise<void> => {
    const { ticket, options } = await api.startPasskey({});
    const response = await startRegistration({
      optionsJSON: options as unknown as PublicKeyCredentialCreationOptionsJSON,
    }).catch(sayPlainly);
    await finish.mutateAsync({ body: { ticket, name, response: response as never } });
    say('Passkey added');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Add a passkey"
      action="Go on in the browser"
      submit={submit}
      isReady={name !== ''}
    >
      {(faultOf) => (
        <TextInput
          label="Name"
          description="To know it again: the device or key it is on."
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={faultOf('name')}
          data-autofocus
        />
      )}
    </FormDialog>
  );
}

function sayPlainly(error: unknown): never {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotAllowedError')
    throw new Error("No passkey was made: the browser's dialog was closed or took too long.", {
      cause: error,
    });
  if (name === 'InvalidStateError')
    throw new Error('This device or key has a passkey here already.', { cause: error });
  throw error;
}
