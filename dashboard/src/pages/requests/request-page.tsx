// One request: its hops as a waterfall, everything that was logged, and a way to send it again.
import { Button } from '@mantine/core';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import { useMay } from '../../api/me.ts';
import { useApi, useRead } from '../../api/queries.ts';
import { useTunnelName } from '../../api/tunnel-names.ts';
import { CopyValue } from '../../kit/copy.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Mono, Page, Panel, Section } from '../../kit/page.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatBytes, formatMoment, formatMs } from '../../kit/units.ts';
import { RequestStatus } from './request-status.tsx';
import { failedHop, spansOf } from './waterfall.ts';
import classes from './requests.module.css';

const routeApi = getRouteApi('/inside/requests/$request');

/** The page. */
export function RequestPage() {
  const { request: id } = routeApi.useParams();
  const nameOf = useTunnelName();
  const read = useRead('getRequest', { params: { request: id } });
  const request = read.data;
  const above = <Link to="/requests">Requests</Link>;
  if (request === undefined) {
    return (
      <Page title="Request" above={above}>
        {read.error === null ? (
          <Waiting what="the request" lines={5} />
        ) : (
          <ProblemNotice error={read.error} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={`${request.method} ${request.host}${request.path}`}
      above={above}
      heading={
        <>
          <span>
            {request.method} {request.host}
            {request.path}
          </span>
          <RequestStatus request={request} />
        </>
      }
      actions={<Replay request={request} />}
    >
      {request.error !== null && (
        <div className={classes['failure']}>
          <Notice tone="bad" title={`It failed ${failedHop(request.error)}.`}>
            {request.detail ?? request.error}
          </Notice>
        </div>
      )}
      <Waterfall request={request} />
      <Section title="What was logged">
        <Panel>
          <Facts items={factsOf(request, nameOf)} />
        </Panel>
      </Section>
    </Page>
  );
}

function Waterfall({ request }: { readonly request: LoggedRequest }) {
  const spans = spansOf(request);
  const whole = Math.max(request.ms, 0.001);
  return (
    <Section
      title="Where the time went"
      intro={`${formatMs(request.ms)} from the first byte of the request to the last of the answer.`}
    >
      <Panel>
        <ol className={classes['waterfall']}>
          {spans.map((span) => (
            <li key={span.title}>
              <span className={classes['spanTitle']}>
                {span.title}
                {span.detail !== '' && <small>{span.detail}</small>}
              </span>
              <span className={classes['track']} aria-hidden="true">
                <i
                  data-hop={span.hop}
                  data-failed={(request.error !== null && span === spans.at(-1)) || undefined}
                  style={{
                    left: `${(span.fromMs / whole) * 100}%`,
                    width: `${((span.toMs - span.fromMs) / whole) * 100}%`,
                  }}
                />
              </span>
              <span className={classes['spanTime']}>{formatMs(span.toMs - span.fromMs)}</span>
            </li>
          ))}
        </ol>
      </Panel>
    </Section>
  );
}

function factsOf(request: LoggedRequest, nameOf: (tunnel: string) => string) {
  const tunnel = request.tunnel;
  return [
    ['Ended', formatMoment(Date.parse(request.time))],
    ['Client', <Mono key="client">{request.client}</Mono>],
    ['Protocol', request.protocol],
    ['Received', formatBytes(request.bytesIn)],
    ['Sent', formatBytes(request.bytesOut)],
    [
      'Tunnel',
      tunnel === null ? (
        'none'
      ) : (
        <Link key="tunnel" to="/tunnels/$tunnel" params={{ tunnel }}>
          {nameOf(tunnel)}
        </Link>
      ),
    ],
    ['Connector', request.connector === null ? 'none' : <Mono key="connector">{request.connector}</Mono>],
    ['Connection', request.connection ?? 'none'],
    ['Rule', request.rule === null ? 'none' : String(request.rule + 1)],
    ['Attempts', String(request.attempts)],
    ['Cache', request.cache ?? 'not used'],
    ...(request.trace === null ? [] : [['Trace', request.trace] as const]),
    ['User agent', request.userAgent ?? 'none'],
    ['Request id', <CopyValue key="id" text={request.id} label="Copy the request id" />],
  ] as const;
}

function Replay({ request }: { readonly request: LoggedRequest }) {
  const mayReplay = useMay('requests:replay');
  const api = useApi();
  const navigate = useNavigate();
  const say = useToast();
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  if (!mayReplay || !['GET', 'HEAD'].includes(request.method)) return null;
  const replay = async (): Promise<void> => {
    setRunning(true);
    setError(undefined);
    try {
      const again = await api.replayRequest({ params: { request: request.id } });
      say(`Sent again: ${again.status} in ${formatMs(again.ms)}`);
      await navigate({ to: '/requests/$request', params: { request: again.id } });
    } catch (failure) {
      setError(failure);
    } finally {
      setRunning(false);
    }
  };
  return (
    <>
      <ProblemNotice error={error} />
      <Button
        variant="default"
        leftSection={<Icon name="replay" />}
        loading={isRunning}
        onClick={() => void replay()}
        title="The same method, host and path, from the edge itself, without query and credentials"
      >
        Send again
      </Button>
    </>
  );
}
