// Opening a port: what is spoken, its number or name, the tunnel, and the service at home.
import { NumberInput, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type PortProtocol, portProtocols } from '#model/port.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { FormDialog } from '../../kit/form-dialog.tsx';
import { Notice } from '../../kit/notices.tsx';
import { useToast } from '../../kit/toasts.tsx';

/** Tunnels offered in the field. */
const maxTunnels = 500;

const labels: Readonly<Record<PortProtocol, string>> = { tcp: 'TCP', udp: 'UDP', tls: 'TLS, unopened' };

export interface AddPortProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** The dialog. */
export function AddPort({ isOpen, onClose }: AddPortProps) {
  const create = useChange('createPort');
  const say = useToast();
  const tunnels = useRead('listTunnels', { query: { limit: maxTunnels } }, { isEnabled: isOpen });
  const [protocol, setProtocol] = useState<PortProtocol>('tcp');
  const [port, setPort] = useState<number | string>('');
  const [hostname, setHostname] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const [service, setService] = useState('');
  const items = tunnels.data?.items ?? [];
  const tunnel = chosen ?? (items.length === 1 ? items[0]!.name : null);
  const isLocal = items.find(({ name }) => name === tunnel)?.management === 'local';
  const isTls = protocol === 'tls';
  const submit = async (): Promise<void> => {
    const made = await create.mutateAsync({
      body: {
        protocol,
        port: isTls ? 0 : Number(port),
        hostname: hostname || `${protocol}-${port}.port`,
        tunnel: tunnel!,
        ...(service === '' || isLocal ? {} : { service }),
      },
    });
    say(`${made.name} opened`);
    setPort('');
    setHostname('');
    setService('');
  };
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Open a port"
      action="Open port"
      submit={submit}
      isReady={
        tunnel !== null &&
        (isTls ? hostname !== '' : Number(port) > 0) &&
        (isLocal ? hostname !== '' : service !== '')
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
          {(isTls || isLocal) && (
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
          <Select
            label="Tunnel"
            data={items.map(({ name }) => name)}
            value={tunnel}
            onChange={setChosen}
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
              placeholder={protocol === 'udp' ? 'udp://localhost:53' : 'tcp://localhost:5432'}
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
