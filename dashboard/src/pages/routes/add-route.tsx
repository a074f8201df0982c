// Adding a route in three fields: hostname, tunnel, service. Everything else has a default and is edited afterwards.
import { TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { routeName } from '#model/routes/route.ts';
import { useChange } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { ServiceBehindFields, useServiceBehind } from '../tunnels/service-behind.tsx';
import { splitAddress } from './address.ts';

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
  const [address, setAddress] = useState('');
  const behind = useServiceBehind(isOpen, fixedTunnel);
  const submit = async (): Promise<void> => {
    const route = await create.mutateAsync({
      body: { ...splitAddress(address), ...behind.body() },
    });
    say(`${routeName(route)} added`);
    setAddress('');
    behind.setService('');
    await navigate({ to: '/routes/$route', params: { route: route.id } });
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Add a route"
      action="Add route"
      submit={submit}
      isReady={address !== '' && behind.isSaid}
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
          <ServiceBehindFields
            value={behind}
            isFixed={fixedTunnel !== undefined}
            placeholder="http://localhost:3000"
            faultOf={faultOf}
          />
        </>
      )}
    </FormDialog>
  );
}
