// One tunnel: how it is, who runs it, its rules, its keys, and everything that can be done to it.
import { Tabs } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMay } from '../../api/me.ts';
import { useRead } from '../../api/queries.ts';
import { CopyValue } from '../../kit/copy.tsx';
import { Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Page, Panel } from '../../kit/page.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { formatAmount } from '../../kit/units.ts';
import { Connectors } from './connectors.tsx';
import { RotationPanel } from './rotation.tsx';
import { Rules } from './rules.tsx';
import { TunnelActions } from './tunnel-actions.tsx';
import { TunnelRoutes } from './tunnel-routes.tsx';
import { statusWords, toneOf } from './tunnel-status.ts';
import classes from './tunnels.module.css';

const routeApi = getRouteApi('/inside/tunnels/$tunnel');

/** The page. */
export function TunnelPage() {
  const { tunnel: id } = routeApi.useParams();
  const read = useRead('getTunnel', { params: { tunnel: id } });
  const maySeeRoutes = useMay('routes:read');
  const tunnel = read.data;
  const above = <Link to="/tunnels">Tunnels</Link>;
  if (tunnel === undefined) {
    return (
      <Page title={id} above={above}>
        {read.error === null ? <Waiting what="the tunnel" lines={6} /> : <ProblemNotice error={read.error} />}
      </Page>
    );
  }
  return (
    <Page
      title={tunnel.name}
      above={above}
      heading={
        <>
          {tunnel.name}
          <span className={classes['headStatus']}>
            <Status tone={toneOf[tunnel.status]}>{statusWords[tunnel.status]}</Status>
          </span>
          {tunnel.declaredIn === 'file' && <Tag>declared in edge.yml</Tag>}
        </>
      }
      intro={tunnel.note}
      actions={<TunnelActions tunnel={tunnel} />}
    >
      {tunnel.trouble !== '' && (
        <div className={classes['trouble']}>
          <Notice tone={tunnel.status === 'down' ? 'bad' : tunnel.status === 'degraded' ? 'warn' : 'plain'}>
            {tunnel.trouble}
          </Notice>
        </div>
      )}
      {tunnel.keys.length > 1 && <RotationPanel tunnel={tunnel} />}
      <Panel>
        <Facts
          items={[
            ['Connectors', formatAmount(tunnel.connectors, 'connector')],
            ['Connections', formatAmount(tunnel.connections, 'connection')],
            ['Last seen', <TimeAgo key="seen" atMs={tunnel.lastSeenAtMs} />],
            [
              'Rules',
              tunnel.management === 'remote'
                ? `live here, version ${tunnel.rulesVersion}`
                : 'in config.yml at home',
            ],
            ['Hostnames it may claim', tunnel.hostnames.length === 0 ? 'none' : tunnel.hostnames.join(', ')],
            [
              'Created',
              tunnel.declaredIn === 'file' ? (
                'with edge.yml'
              ) : (
                <TimeAgo key="created" atMs={tunnel.createdAtMs} />
              ),
            ],
            ['Id', <CopyValue key="id" text={tunnel.id} label="Copy the id" />],
          ]}
        />
      </Panel>
      <Tabs defaultValue="connectors" keepMounted={false} className={classes['tabs']}>
        <Tabs.List aria-label="Parts of the tunnel">
          <Tabs.Tab value="connectors">Connectors</Tabs.Tab>
          <Tabs.Tab value="rules">Rules</Tabs.Tab>
          {maySeeRoutes && <Tabs.Tab value="routes">Routes</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="connectors">
          <Connectors tunnel={tunnel} />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <Rules tunnel={tunnel} />
        </Tabs.Panel>
        <Tabs.Panel value="routes">
          <TunnelRoutes tunnel={tunnel} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
