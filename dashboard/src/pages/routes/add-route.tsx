// Adding a route in three fields: hostname, tunnel, service. Everything else has a default and is edited afterwards.
import { Select, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { routeName } from '#model/route.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Notice } from '../../kit/notices.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { splitAddress } from './address.ts';

/** Tunnels offered in the field; it is searched by the edge beyond that. */
const maxTunnels = 500;

export interface AddRouteProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Chosen already, on a tunnel's own page. */
  readonly tunnel?: string;
}

/** The dialog. */
export function AddRoute({ isOpen, onClose, tunnel: fixedTunnel }: AddRouteProps) {
  const create = useChange('createRoute');
  const navigate = useNavigate();
  const say = useToast();
  const tunnels = useRead('listTunnels', { query: { limit: maxTunnels } }, { isEnabled: isOpen });
  const [address, setAddress] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const [service, setService] = useState('');
  const items = tunnels.data?.items ?? [];
  const tunnel = fixedTunnel ?? chosen ?? (items.length === 1 ? items[0]!.name : null);
  const isLocal = items.find(({ name }) => name === tunnel)?.management === 'local';
  const submit = async (): Promise<void> => {
    const route = await create.mutateAsync({
      body: { ...splitAddress(address), tunnel: tunnel!, ...(service === '' || isLocal ? {} : { service }) },
    });
    say(`${routeName(route)} added`);
    setAddress('');
    setService('');
    await navigate({ to: '/routes/$route', params: { route: route.id } });
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Add a route"
      action="Add route"
      submit={submit}
      isReady={address !== '' && tunnel !== null && (isLocal || service !== '')}
    >
      {(faultOf) => (
        <>
          <TextInput
            label="Hostname"
            description="The public address; with a path, only what lies below it."
            placeholder="blog.example.com"
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
            error={faultOf('hostname') ?? faultOf('path')}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
          />
          <Select
            label="Tunnel"
            data={items.map(({ name }) => name)}
            value={tunnel}
            onChange={setChosen}
            disabled={fixedTunnel !== undefined}
            searchable
            error={faultOf('tunnel')}
            nothingFoundMessage="No such tunnel"
            placeholder="home"
          />
          {isLocal ? (
            <Notice tone="plain">
              The rules of this tunnel live in config.yml at home: name the service for this hostname there.
            </Notice>
          ) : (
            <TextInput
              label="Service"
              description="Its address as the connector at home sees it."
              placeholder="http://localhost:3000"
              value={service}
              onChange={(event) => setService(event.currentTarget.value)}
              error={faultOf('service')}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
            />
          )}
        </>
      )}
    </FormDialog>
  );
}
