// Creating a tunnel: a name and where its rules live; then the lines that start its connector, until the first one is there.
import { Button, Group, Modal, Radio, Stack, TagsInput, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { TunnelView } from '#api/tunnels.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Status } from '../../kit/status.tsx';
import { StartLines } from './start-lines-view.tsx';
import classes from './tunnels.module.css';

interface Created {
  readonly tunnel: TunnelView;
  readonly token: string | null;
}

/** The dialog, and after it the lines. */
export function CreateTunnel({
  isOpen,
  onClose,
}: {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  const [created, setCreated] = useState<Created>();
  return (
    <>
      <CreateForm isOpen={isOpen} onClose={onClose} onCreated={setCreated} />
      <Modal
        opened={created !== undefined}
        onClose={() => setCreated(undefined)}
        title={created === undefined ? '' : `Start a connector for ${created.tunnel.name}`}
        size={760}
        closeOnClickOutside={false}
      >
        {created !== undefined && <Started {...created} onClose={() => setCreated(undefined)} />}
      </Modal>
    </>
  );
}

interface CreateFormProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  readonly onCreated: (created: Created) => void;
}

function CreateForm({ isOpen, onClose, onCreated }: CreateFormProps) {
  const create = useChange('createTunnel');
  const [name, setName] = useState('');
  const [management, setManagement] = useState<'remote' | 'local'>('remote');
  const [hostnames, setHostnames] = useState<string[]>([]);
  const submit = async (): Promise<void> => {
    const { tunnel, token } = await create.mutateAsync({ body: { name, management, hostnames } });
    setName('');
    setHostnames([]);
    onCreated({ tunnel, token });
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Create a tunnel"
      action="Create"
      submit={submit}
      isReady={name !== ''}
    >
      {(faultOf) => (
        <>
          <TextInput
            label="Name"
            description="One word for a place or a machine, such as home."
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={faultOf('name')}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
          <Radio.Group
            label="Its rules (which hostname leads to which service)"
            value={management}
            onChange={(value) => setManagement(value as 'remote' | 'local')}
          >
            <Stack gap={8} mt={6}>
              <Radio
                value="remote"
                label="live here"
                description="The connector needs its token and nothing else; you change rules on this page."
              />
              <Radio
                value="local"
                label="live in config.yml at home"
                description="As cloudflared has it: in a file beside the connector, in git if you like."
              />
            </Stack>
          </Radio.Group>
          {management === 'local' && (
            <HostnamePatterns value={hostnames} onChange={setHostnames} error={faultOf('hostnames')} />
          )}
        </>
      )}
    </FormDialog>
  );
}

export interface HostnamePatternsProps {
  readonly value: string[];
  readonly onChange: (value: string[]) => void;
  readonly error?: string | undefined;
}

/** The field for hostnames that a tunnel may claim. */
export function HostnamePatterns({ value, onChange, error }: HostnamePatternsProps) {
  return (
    <TagsInput
      label="Hostnames it may claim"
      description="A hostname in its rules that fits one of these becomes a route by itself. Enter after each; *.example.com covers every name below."
      value={value}
      onChange={onChange}
      error={error}
      splitChars={[',', ' ']}
      placeholder={value.length === 0 ? '*.example.com' : ''}
      clearable
      clearButtonProps={{ 'aria-label': 'Remove all' }}
    />
  );
}

function Started({ tunnel, token, onClose }: Created & { readonly onClose: () => void }) {
  const now = useRead('getTunnel', { params: { tunnel: tunnel.id } });
  const isUp = (now.data?.connectors ?? 0) > 0;
  return (
    <div className={classes['startLines']}>
      {token !== null && (
        <StartLines name={tunnel.name} token={token} isRemote={tunnel.management === 'remote'} />
      )}
      <Group justify="space-between">
        <span role="status">
          {isUp ? (
            <Status tone="good">A connector is connected.</Status>
          ) : (
            <Status tone="off">Waiting for the first connector …</Status>
          )}
        </span>
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          {isUp && (
            <Button component={Link} to="/tunnels/$tunnel" params={{ tunnel: tunnel.name } as never}>
              Go to the tunnel
            </Button>
          )}
        </Group>
      </Group>
    </div>
  );
}
