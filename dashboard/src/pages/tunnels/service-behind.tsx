// Where something public leads: a tunnel, and the service behind it, which a tunnel with its rules at home names there. The
// dialogs for routes and ports have these fields in common.
import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useRead } from '../../api/queries.ts';
import { Notice } from '../../kit/notices.tsx';

/** Tunnels offered in the field. */
const maxTunnels = 500;

export interface ServiceBehind {
  readonly tunnel: string | null;
  /** Its rules live in config.yml at home; no service is asked for. */
  readonly isLocal: boolean;
  readonly service: string;
  /** Both are said, as far as they are asked for. */
  readonly isSaid: boolean;
  /** As the API takes it. @throws when no tunnel is chosen */
  readonly body: () => { readonly tunnel: string; readonly service?: string };
  readonly choose: (tunnel: string | null) => void;
  readonly setService: (service: string) => void;
  readonly names: readonly string[];
}

/** The state of the fields; the only tunnel there is need not be chosen. */
export function useServiceBehind(isOpen: boolean, fixedTunnel?: string): ServiceBehind {
  const tunnels = useRead('listTunnels', { query: { limit: maxTunnels } }, { isEnabled: isOpen });
  const [chosen, choose] = useState<string | null>(null);
  const [service, setService] = useState('');
  const items = tunnels.data?.items ?? [];
  const tunnel = fixedTunnel ?? chosen ?? (items.length === 1 ? items[0]!.name : null);
  const isLocal = items.find(({ name }) => name === tunnel)?.management === 'local';
  return {
    ...{ tunnel, isLocal, service, choose, setService, names: items.map(({ name }) => name) },
    isSaid: tunnel !== null && (isLocal || service !== ''),
    body: () => {
      if (tunnel === null) throw new Error('a form without a tunnel was sent');
      return { tunnel, ...(service === '' || isLocal ? {} : { service }) };
    },
  };
}

export interface ServiceBehindFieldsProps {
  readonly value: ServiceBehind;
  readonly isFixed?: boolean;
  readonly placeholder: string;
  readonly faultOf: (path: string) => string | undefined;
}

/** The fields. */
export function ServiceBehindFields({
  value,
  isFixed = false,
  placeholder,
  faultOf,
}: ServiceBehindFieldsProps) {
  return (
    <>
      <Select
        label="Tunnel"
        data={[...value.names]}
        value={value.tunnel}
        onChange={value.choose}
        disabled={isFixed}
        searchable
        error={faultOf('tunnel')}
        nothingFoundMessage="No such tunnel"
        placeholder="home"
      />
      {value.isLocal ? (
        <Notice tone="plain">
          The rules of this tunnel live in config.yml at home: name the service for this hostname there.
        </Notice>
      ) : (
        <TextInput
          label="Service"
          description="Its address as the connector at home sees it."
          placeholder={placeholder}
          value={value.service}
          onChange={(event) => value.setService(event.currentTarget.value)}
          error={faultOf('service')}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
    </>
  );
}
