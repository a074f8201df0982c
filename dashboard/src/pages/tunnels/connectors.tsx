// Who runs a tunnel right now, connection by connection, and why the last ones went away.
import type { TunnelView } from '#api/tunnels.ts';
import type { ConnectorLive, Disconnect } from '#model/live/live.ts';
import { useRead } from '../../api/queries.ts';
import { type Column, DataTable } from '../../kit/data-table.tsx';
import { Empty, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Mono, Panel, Section } from '../../kit/page.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo, TimeSince, useNow } from '../../kit/time-ago.tsx';
import { formatAmount, formatDuration, formatMs } from '../../kit/units.ts';
import classes from './tunnels.module.css';

/** Connectors and disconnects of a tunnel. */
export function Connectors({ tunnel }: { readonly tunnel: TunnelView }) {
  const read = useRead('listTunnelConnectors', { params: { tunnel: tunnel.id } });
  if (read.data === undefined) {
    return read.error === null ? <Waiting what="connectors" /> : <ProblemNotice error={read.error} />;
  }
  const { items, disconnects } = read.data;
  return (
    <>
      {items.length === 0 ? (
        <Empty title="No connector is connected.">
          Start one with the tunnel's token. Is the token lost? Rotate the key above: that gives a new one.
        </Empty>
      ) : (
        <div className={classes['cards']}>
          {items.map((connector) => (
            <Connector key={connector.instanceId} connector={connector} />
          ))}
        </div>
      )}
      {disconnects.length > 0 && (
        <Section title="Why connections ended" intro="The newest first.">
          <DataTable
            label="Connections that ended"
            items={disconnects}
            columns={disconnectColumns}
            rowKey={keyOf}
          />
        </Section>
      )}
    </>
  );
}

function keyOf({ atMs, instanceId, address }: Disconnect): string {
  return `${atMs} ${instanceId} ${address}`;
}

const configWords: Readonly<Record<ConnectorLive['config']['state'], string>> = {
  local: 'from its own config.yml',
  pending: 'on their way to it',
  current: 'current',
  refused: 'refused',
  unsupported: 'it is too old to take them from here',
};

function Connector({ connector }: { readonly connector: ConnectorLive }) {
  const { config } = connector;
  const now = useNow();
  const isTroubled = config.state === 'refused' || config.state === 'unsupported';
  return (
    <Panel>
      <div className={classes['connectorHead']}>
        <h3>{connector.hostname || connector.address}</h3>
        {connector.isDraining ? (
          <Status tone="warn">draining</Status>
        ) : (
          <Status tone="good">connected</Status>
        )}
      </div>
      <Facts
        items={[
          ['Address', <Mono key="address">{connector.address}</Mono>],
          ['Version', `${connector.version}, ${connector.arch.replace('_', ' ')}`],
          ...(connector.os === '' ? [] : [['System', connector.os] as const]),
          ['Connected for', <TimeSince key="since" atMs={connector.connectedAtMs} />],
          [
            'Process up for',
            connector.startedAtMs === null ? 'unknown' : <TimeSince key="up" atMs={connector.startedAtMs} />,
          ],
          [
            'Rules',
            <span key="rules">
              {formatAmount(connector.rules.length, 'rule')},{' '}
              {isTroubled ? (
                <Status tone="bad">{configWords[config.state]}</Status>
              ) : (
                configWords[config.state]
              )}
              {config.detail !== '' && `: ${config.detail}`}
            </span>,
          ],
        ]}
      />
      <div className={classes['connections']}>
        {connector.connections.map((connection) => (
          <span
            key={connection.id}
            title={`${connection.address}, for ${formatDuration(now - connection.connectedAtMs)}`}
          >
            <b>{connection.index + 1}</b> {connection.transport}
            {connection.rttMs > 0 && <>, {formatMs(connection.rttMs)} away</>},{' '}
            {formatAmount(connection.openStreams, 'stream')}
            {connection.isDraining && <Tag tone="warn">draining</Tag>}
          </span>
        ))}
      </div>
    </Panel>
  );
}

const disconnectColumns: readonly Column<Disconnect>[] = [
  { title: 'When', value: ({ atMs }) => atMs, cell: ({ atMs }) => <TimeAgo atMs={atMs} /> },
  {
    title: 'Why',
    isWide: true,
    cell: ({ reason, detail }) => (detail === '' ? reason : `${detail} (${reason})`),
  },
  { title: 'Connector', cell: ({ hostname, address }) => hostname || <Mono>{address}</Mono> },
  { title: 'Was connected for', cell: ({ connectedForMs }) => formatDuration(connectedForMs) },
];
