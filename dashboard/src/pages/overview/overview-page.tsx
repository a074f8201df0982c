// The overview: what is wrong, the living picture, and traffic over time.
import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Status as EdgeStatus } from '#api/status.ts';
import { useLiveTraffic } from '../../api/live-state.ts';
import { useMay, useMe } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { Icon } from '../../kit/icons.tsx';
import { Empty, Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Page, Panel, Section } from '../../kit/page.tsx';
import { Status } from '../../kit/status.tsx';
import { TimeSince } from '../../kit/time-ago.tsx';
import { formatAmount, formatBytes } from '../../kit/units.ts';
import { stateWords } from '../health/health-words.ts';
import { Charts } from './charts.tsx';
import { Picture } from './picture.tsx';
import type { PictureTunnel } from './picture-layout.ts';
import { Troubles } from './troubles.tsx';
import classes from './overview.module.css';

/** What no event announces (uptime, memory) is read this often, in milliseconds. */
const statusEveryMs = 60_000;
/** As many as an edge of this size can have; the picture sums most of them up. */
const pictureLimit = 500;

/** The overview. */
export function OverviewPage() {
  const status = useRead('getStatus', {}, { everyMs: statusEveryMs });
  return (
    <Page title="Overview" intro={status.data === undefined ? ' ' : <Verdict status={status.data} />}>
      {status.data === undefined ? (
        status.error === null ? (
          <Waiting what="the state of the edge" lines={8} />
        ) : (
          <ProblemNotice error={status.error} retry={() => void status.refetch()} />
        )
      ) : (
        <>
          <Troubles troubles={status.data.troubles} />
          <LivingPicture status={status.data} />
          <Charts />
          <EdgeFacts status={status.data} />
        </>
      )}
    </Page>
  );
}

function Verdict({ status }: { readonly status: EdgeStatus }) {
  const { counts, troubles } = status;
  const errors = troubles.filter(({ severity }) => severity === 'error').length;
  const warnings = troubles.filter(({ severity }) => severity === 'warning').length;
  const tunnels =
    counts.tunnels === 0
      ? 'no tunnels yet'
      : `${counts.tunnelsUp} of ${formatAmount(counts.tunnels, 'tunnel')} connected`;
  const serving = `${formatAmount(counts.exposed, 'address', 'addresses')} open to the public, ${tunnels}.`;
  if (errors > 0)
    return (
      <Status tone="bad">
        <span className={classes['verdict']}>
          {formatAmount(errors, 'thing')} broken. {serving}
        </span>
      </Status>
    );
  if (warnings > 0)
    return (
      <Status tone="warn">
        <span className={classes['verdict']}>
          {formatAmount(warnings, 'thing')} to look at. {serving}
        </span>
      </Status>
    );
  return (
    <Status tone="good">
      <span className={classes['verdict']}>All is well. {serving}</span>
    </Status>
  );
}

function LivingPicture({ status }: { readonly status: EdgeStatus }) {
  const { edge } = useMe();
  const mayCreate = useMay('tunnels:write');
  const maySeeTunnels = useMay('tunnels:read');
  const tunnels = useRead('listTunnels', { query: { limit: pictureLimit } }, { isEnabled: maySeeTunnels });
  const connectors = useRead(
    'listConnectors',
    { query: { limit: pictureLimit } },
    { isEnabled: maySeeTunnels },
  );
  const routes = useRead('listRoutes', { query: { limit: pictureLimit } });
  const traffic = useLiveTraffic();
  if (status.counts.tunnels === 0) {
    return (
      <Empty
        title="Nothing is connected yet."
        action={
          mayCreate && (
            <Button
              component={Link}
              to="/tunnels"
              search={{ create: true } as never}
              leftSection={<Icon name="plus" />}
            >
              Create a tunnel
            </Button>
          )
        }
      >
        Create a tunnel, start its connector at home with the line you get, and give it a hostname.
      </Empty>
    );
  }
  if (tunnels.data === undefined || connectors.data === undefined || routes.data === undefined) {
    const error = tunnels.error ?? connectors.error ?? routes.error;
    return error === null ? (
      <Waiting what="tunnels and routes" lines={7} />
    ) : (
      <Notice tone="warn">{error.message}</Notice>
    );
  }
  const shown = tunnels.data.items.map((tunnel): PictureTunnel => ({
    ...{ id: tunnel.id, name: tunnel.name, status: tunnel.status },
    connectors: connectors.data.items
      .filter(({ tunnelId }) => tunnelId === tunnel.id)
      .map((connector) => ({
        name: connector.hostname || connector.address,
        isDraining: connector.isDraining,
      })),
    routes: routes.data.items
      .filter((route) => route.tunnelId === tunnel.id && route.isEnabled)
      .map((route) => ({
        hostname: route.path === '/' ? route.hostname : route.hostname + route.path,
        ...{ service: route.service, isUp: route.status === 'up' },
      })),
    requestsPerSecond: traffic.tunnels[tunnel.id]?.requests ?? 0,
    errorsPerSecond: traffic.tunnels[tunnel.id]?.errors ?? 0,
  }));
  return (
    <Panel>
      <Picture
        edgeName={edge.name}
        tunnels={shown}
        total={{
          requestsPerSecond: traffic.total.requests,
          errorsPerSecond: traffic.total.errors,
          bytesPerSecond: traffic.total.bytesIn + traffic.total.bytesOut,
        }}
      />
    </Panel>
  );
}

function EdgeFacts({ status }: { readonly status: EdgeStatus }) {
  const unready = status.listeners.filter(({ isReady }) => !isReady);
  return (
    <Section title="This edge">
      <Panel>
        <Facts
          items={[
            ['Name', status.name],
            ['Connectors dial', status.edgeAddress],
            ['Version', status.version],
            ['Up for', <TimeSince key="up" atMs={status.startedAtMs} />],
            [
              'Listeners',
              unready.length === 0 ? (
                status.listeners.map(({ name }) => name).join(', ')
              ) : (
                <Status tone="bad">
                  {unready.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}
                </Status>
              ),
            ],
            [
              'Connections',
              status.counts.connectors === 0
                ? 'none'
                : `${formatAmount(status.counts.connections, 'connection')} of ${formatAmount(status.counts.connectors, 'connector')}`,
            ],
            ['Health', <HealthCounts key="health" counts={status.health} />],
            ['Memory', `${formatBytes(status.memory.residentBytes)} resident`],
            [
              'Store',
              status.store.isAvailable ? (
                storeNames[status.store.kind]
              ) : (
                <Status tone="bad">{status.store.detail}</Status>
              ),
            ],
          ]}
        />
      </Panel>
    </Section>
  );
}

function HealthCounts({ counts }: { readonly counts: EdgeStatus['health'] }) {
  const tone = counts.down > 0 ? 'bad' : counts.degraded > 0 ? 'warn' : 'good';
  const words = Object.entries(counts).flatMap(([state, count]) =>
    count === 0 ? [] : [`${count} ${stateWords[state as keyof typeof counts]}`],
  );
  return (
    <Status tone={tone}>
      <Link to="/health">{words.join(', ')}</Link>
    </Status>
  );
}

const storeNames = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const;
