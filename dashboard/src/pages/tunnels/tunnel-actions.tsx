// What can be done to a tunnel: edit, rotate, end its connections, revoke, delete. Each says what it means before it does it.
import { Button, Menu, Modal, Textarea, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { TunnelView } from '#api/tunnels.ts';
import { useMay } from '../../api/me.ts';
import { useChange } from '../../api/queries.ts';
import { Confirm } from '../../kit/confirm.tsx';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatAmount } from '../../kit/units.ts';
import { HostnamePatterns } from './create-tunnel.tsx';
import { StartLines } from './start-lines-view.tsx';

type Action = 'edit' | 'rotate' | 'cleanup' | 'revoke' | 'delete';

/** The buttons of the page's head. */
export function TunnelActions({ tunnel }: { readonly tunnel: TunnelView }) {
  const mayWrite = useMay('tunnels:write');
  const [action, setAction] = useState<Action>();
  const [token, setToken] = useState<string>();
  const close = (): void => setAction(undefined);
  if (!mayWrite) return null;
  const isOurs = tunnel.declaredIn === 'store';
  return (
    <>
      {isOurs && (
        <Button variant="default" leftSection={<Icon name="edit" />} onClick={() => setAction('edit')}>
          Edit
        </Button>
      )}
      {isOurs && tunnel.keys.length < 2 && (
        <Button variant="default" leftSection={<Icon name="rotate" />} onClick={() => setAction('rotate')}>
          Rotate key
        </Button>
      )}
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <Button variant="default" aria-label="More actions" px={10}>
            <Icon name="more" />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setAction('cleanup')} disabled={tunnel.connections === 0}>
            End its connections …
          </Menu.Item>
          {isOurs && (
            <>
              <Menu.Divider />
              <Menu.Item color="red" onClick={() => setAction('revoke')}>
                Revoke every key …
              </Menu.Item>
              <Menu.Item color="red" onClick={() => setAction('delete')}>
                Delete tunnel …
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <EditDialog tunnel={tunnel} isOpen={action === 'edit'} onClose={close} />
      <RotateDialog tunnel={tunnel} isOpen={action === 'rotate'} onClose={close} onToken={setToken} />
      <CleanupDialog tunnel={tunnel} isOpen={action === 'cleanup'} onClose={close} />
      <RevokeDialog tunnel={tunnel} isOpen={action === 'revoke'} onClose={close} onToken={setToken} />
      <DeleteDialog tunnel={tunnel} isOpen={action === 'delete'} onClose={close} />
      <Modal
        opened={token !== undefined}
        onClose={() => setToken(undefined)}
        title={`The new token of ${tunnel.name}`}
        size={760}
        closeOnClickOutside={false}
      >
        {token !== undefined && (
          <StartLines name={tunnel.name} token={token} isRemote={tunnel.management === 'remote'} />
        )}
      </Modal>
    </>
  );
}

interface DialogProps {
  readonly tunnel: TunnelView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

function EditDialog({ tunnel, isOpen, onClose }: DialogProps) {
  const update = useChange('updateTunnel');
  const navigate = useNavigate();
  const say = useToast();
  const [draft, setDraft] = useState<{ name: string; note: string; hostnames: string[] }>();
  const { name, note, hostnames } = draft ?? tunnel;
  const change = (values: object): void => setDraft({ name, note, hostnames: [...hostnames], ...values });
  const close = (): void => {
    setDraft(undefined);
    onClose();
  };
  const submit = async (): Promise<void> => {
    await update.mutateAsync({
      params: { tunnel: tunnel.id },
      body: { name, note, hostnames: [...hostnames] },
      ifMatch: tunnel.version,
    });
    say('Tunnel changed');
    if (name !== tunnel.name)
      await navigate({ to: '/tunnels/$tunnel', params: { tunnel: name }, replace: true });
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={close}
      title={`Edit ${tunnel.name}`}
      action="Save"
      submit={submit}
      isReady={name !== ''}
    >
      {(faultOf) => (
        <>
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            error={faultOf('name')}
            data-autofocus
          />
          <HostnamePatterns
            value={[...hostnames]}
            onChange={(value) => change({ hostnames: value })}
            error={faultOf('hostnames')}
          />
          <Textarea
            label="Note"
            description="For yourself."
            autosize
            minRows={2}
            value={note}
            onChange={(event) => change({ note: event.currentTarget.value })}
            error={faultOf('note')}
          />
        </>
      )}
    </FormDialog>
  );
}

function RotateDialog({
  tunnel,
  isOpen,
  onClose,
  onToken,
}: DialogProps & { readonly onToken: (token: string) => void }) {
  const start = useChange('startRotation');
  return (
    <Confirm
      isOpen={isOpen}
      onClose={onClose}
      title={`Rotate the key of ${tunnel.name}`}
      action="Make a second key"
      isHarmless
      run={async () => onToken((await start.mutateAsync({ params: { tunnel: tunnel.id } })).token)}
    >
      <p>
        You get a new token. Both keys are valid until you end the rotation, so nothing breaks: give the new
        token to {tunnel.connectors === 0 ? 'every connector' : formatAmount(tunnel.connectors, 'connector')},
        watch them move, then revoke the old key.
      </p>
    </Confirm>
  );
}

function CleanupDialog({ tunnel, isOpen, onClose }: DialogProps) {
  const cleanup = useChange('cleanupTunnel');
  const say = useToast();
  return (
    <Confirm
      isOpen={isOpen}
      onClose={onClose}
      title={`End the connections of ${tunnel.name}`}
      action="End connections"
      isHarmless
      run={async () => {
        const { connections } = await cleanup.mutateAsync({
          params: { tunnel: tunnel.id },
          body: { how: 'drain' },
        });
        say(`${formatAmount(connections, 'connection')} told to drain`);
      }}
    >
      <p>
        {formatAmount(tunnel.connections, 'connection')} finish what they are doing and end. Connectors that
        are still there come back at once.
      </p>
    </Confirm>
  );
}

function RevokeDialog({
  tunnel,
  isOpen,
  onClose,
  onToken,
}: DialogProps & { readonly onToken: (token: string) => void }) {
  const revoke = useChange('revokeTunnel');
  return (
    <Confirm
      isOpen={isOpen}
      onClose={onClose}
      title={`Revoke every key of ${tunnel.name}`}
      action="Revoke"
      mustType={tunnel.name}
      run={async () => onToken((await revoke.mutateAsync({ params: { tunnel: tunnel.id } })).token)}
    >
      <p>
        Every connector of this tunnel is cut off within a second, and {formatAmount(tunnel.routes, 'route')}{' '}
        answer with an error until one comes back with the new token. To change the key without a gap, rotate
        it instead.
      </p>
    </Confirm>
  );
}

function DeleteDialog({ tunnel, isOpen, onClose }: DialogProps) {
  const remove = useChange('deleteTunnel');
  const navigate = useNavigate();
  const say = useToast();
  return (
    <Confirm
      isOpen={isOpen}
      onClose={onClose}
      title={`Delete tunnel ${tunnel.name}`}
      action="Delete tunnel"
      forceAction="Delete it with all that depends on it"
      run={async (force) => {
        await navigateAfter(
          remove.mutateAsync({ params: { tunnel: tunnel.id }, query: { force: String(force) } }),
        );
      }}
    >
      <p>Its key stops working, and its connectors are cut off. This cannot be undone.</p>
    </Confirm>
  );

  async function navigateAfter(done: Promise<unknown>): Promise<void> {
    await done;
    say(`Tunnel ${tunnel.name} deleted`);
    await navigate({ to: '/tunnels' });
  }
}
