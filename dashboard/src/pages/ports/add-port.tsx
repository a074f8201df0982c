// Opening a port: what is spoken, its number or name, the tunnel, and the service at home.
import { NumberInput, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type PortProtocol, portProtocols } from '#model/port.ts';
import { useChange } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { ServiceBehindFields, useServiceBehind } from '../tunnels/service-behind.tsx';

const labels: Readonly<Record<PortProtocol, string>> = { tcp: 'TCP', udp: 'UDP', tls: 'TLS, unopened' };

export interface AddPortProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** The dialog. */
export function AddPort({ isOpen, onClose }: AddPortProps) {
  const create = useChange('createPort');
  const say = useToast();
  const [protocol, setProtocol] = useState<PortProtocol>('tcp');
  const [port, setPort] = useState<number | string>('');
  const [hostname, setHostname] = useState('');
  const behind = useServiceBehind(isOpen);
  const isTls = protocol === 'tls';
  const submit = async (): Promise<void> => {
    const made = await create.mutateAsync({
      body: {
        protocol,
        port: isTls ? 0 : Number(port),
        hostname: hostname || `${protocol}-${port}.port`,
        ...behind.body(),
      },
    });
    say(`${made.name} opened`);
    setPort('');
    setHostname('');
    behind.setService('');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Open a port"
      action="Open port"
      submit={submit}
      isReady={
        behind.isSaid && (isTls ? hostname !== '' : Number(port) > 0) && (!behind.isLocal || hostname !== '')
      }
    >
      {(faultOf) => (
        <>
          <SegmentedControl
            aria-label="Protocol"
            data={portProtocols.map((value) => ({ value, label: labels[value] }))}
            value={protocol}
            onChange={(value) => setProtocol(value as PortProtocol)}
          />
          {!isTls && (
            <NumberInput
              label="Port"
              description="Number at the edge."
              min={1}
              max={65_535}
              value={port}
              onChange={setPort}
              error={faultOf('port')}
              data-autofocus
            />
          )}
          {(isTls || behind.isLocal) && (
            <TextInput
              label="Hostname"
              description={
                isTls
                  ? 'The name that clients ask for. Its TLS ends at home; the edge has no key for it.'
                  : 'Of the ingress rule that serves it.'
              }
              placeholder="nas.example.com"
              value={hostname}
              onChange={(event) => setHostname(event.currentTarget.value)}
              error={faultOf('hostname')}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
            />
          )}
          <ServiceBehindFields
            value={behind}

            placeholder={protocol === 'udp' ? 'udp://localhost:53' : 'tcp://localhost:5432'}
            faultOf={faultOf}
          />
        </>
      )}
    </FormDialog>
  );
}
