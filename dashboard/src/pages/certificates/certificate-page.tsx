// One certificate: what it is, how it was got and why that way, what comes next, and the logs of its last orders.
import { Button } from '@mantine/core';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { CertificateDetail, OrderView } from '#model/certificates/certificate-view.ts';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { RemoveButton } from '../../kit/confirm.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Facts, Mono, Page, Panel, Section } from '../../kit/page.tsx';
import { Status, Tag } from '../../kit/status.tsx';
import { TimeAgo } from '../../kit/time-ago.tsx';
import { useToast } from '../../kit/toasts.tsx';
import { formatDuration, formatMoment } from '../../kit/units.ts';
import {
  certificateTone,
  certificateWords,
  formatDay,
  methodWords,
  sourceWords,
  titleOf,
} from './certificate-words.ts';
import classes from './certificates.module.css';

const routeApi = getRouteApi('/inside/certificates/$certificate');
/** No event tells of an order; while one runs it is looked at often. */
const calmMs = 30_000;
const orderingMs = 1_500;

/** The page. */
export function CertificatePage() {
  const { certificate: id } = routeApi.useParams();
  const read = useRead('getCertificate', { params: { certificate: id } }, { everyMs: calmMs });
  const certificate = read.data;
  const isOrdering = certificate?.isOrdering ?? false;
  // A second reader of the same data, which is quicker.
  useRead('getCertificate', { params: { certificate: id } }, { everyMs: orderingMs, isEnabled: isOrdering });
  const above = <Link to="/certificates">Certificates</Link>;
  if (certificate === undefined) {
    return (
      <Page title="Certificate" above={above}>
        {read.error === null ? (
          <Waiting what="the certificate" lines={6} />
        ) : (
          <ProblemNotice error={read.error} />
        )}
      </Page>
    );
  }
  return <Shown certificate={certificate} above={above} />;
}

function Shown({
  certificate,
  above,
}: {
  readonly certificate: CertificateDetail;
  readonly above: React.ReactNode;
}) {
  const title = titleOf(certificate);
  const { state, warning, isOrdering, orders } = certificate;
  return (
    <Page
      title={title}
      above={above}
      heading={
        <>
          {title}
          <span className={classes['headStatus']}>
            <Status tone={certificateTone[state]}>{certificateWords[state]}</Status>
          </span>
          {isOrdering && <Tag>being ordered</Tag>}
        </>
      }
      intro={certificate.detail}
      actions={<Actions certificate={certificate} />}
    >
      {warning !== '' && (
        <div className={classes['trouble']}>
          <Notice tone={state === 'good' || state === 'internal' ? 'warn' : 'bad'}>{warning}</Notice>
        </div>
      )}
      <Panel>
        <Facts items={factsOf(certificate)} />
      </Panel>
      <Section
        title="Orders"
        intro={
          orders.length === 0
            ? 'None was made in the last days.'
            : 'The latest first, with what happened in each.'
        }
      >
        {orders.length > 0 && (
          <Panel>
            {orders.map((order) => (
              <Order key={`${order.endedAtMs} ${order.authority}`} order={order} />
            ))}
          </Panel>
        )}
      </Section>
    </Page>
  );
}

function factsOf(certificate: CertificateDetail): [string, React.ReactNode][] {
  const { hostnames, names, source, issuer, authority, method, methodReason, renewal } = certificate;
  const { notBeforeMs, notAfterMs, nextTryAtMs, fingerprint, serial, profile } = certificate;
  const window = renewal?.window;
  const facts: [string, React.ReactNode][] = [
    ['Shown for', hostnames.length === 0 ? 'no hostname that is served' : hostnames.join(', ')],
    ['Names in it', source === 'none' ? 'none' : names.join(', ')],
    ['Comes from', `${sourceWords[source]}${authority === '' ? '' : `, ${authority}`}`],
  ];
  if (issuer !== '') facts.push(['Issuer', issuer]);
  if (profile !== '') facts.push(['Profile', profile]);
  if (method !== '') facts.push(['Method', `${methodWords[method]}: ${methodReason}`]);
  if (notBeforeMs !== null && notAfterMs !== null) {
    facts.push([
      'Good',
      <span key="good">
        {formatDay(notBeforeMs)} to {formatDay(notAfterMs)}, <TimeAgo atMs={notAfterMs} />
      </span>,
    ]);
  }
  if (renewal !== null) facts.push(['Next renewal', `${formatMoment(renewal.atMs)}: ${renewal.reason}`]);
  if (window) {
    facts.push([
      'The authority suggests',
      <span key="window">
        {formatMoment(window.startMs)} to {formatMoment(window.endMs)}
        {window.explanationUrl !== '' && (
          <>
            {' '}
            <a href={window.explanationUrl} target="_blank" rel="noreferrer">
              why
            </a>
          </>
        )}
      </span>,
    ]);
  }
  if (nextTryAtMs !== null) facts.push(['Next try', formatMoment(nextTryAtMs)]);
  if (serial !== '') facts.push(['Serial number', <Mono key="serial">{serial}</Mono>]);
  if (fingerprint !== '') {
    facts.push([
      'SHA-256',
      <span key="print" className={classes['print']}>
        {fingerprint}
      </span>,
    ]);
  }
  return facts;
}

function Order({ order }: { readonly order: OrderView }) {
  const { failure, names, authority, cause, startedAtMs, endedAtMs, lines } = order;
  return (
    <div className={classes['order']}>
      <div className={classes['orderHead']}>
        <Status tone={failure === null ? 'good' : 'bad'}>{failure === null ? 'issued' : 'failed'}</Status>
        <strong>{names.length === 1 ? names[0] : `${names[0]} and ${names.length - 1} more`}</strong>
        <span>
          at {authority}, <TimeAgo atMs={endedAtMs} />, after{' '}
          {formatDuration(Math.max(0, endedAtMs - startedAtMs))}
        </span>
      </div>
      <div>{cause}</div>
      {failure !== null && <p className={classes['problem']}>{failure.message}</p>}
      <ol className={classes['log']}>
        {lines.map((line, i) => (
          <LogLine key={i} line={line} />
        ))}
      </ol>
    </div>
  );
}

/** A line of the log begins with its time. */
function LogLine({ line }: { readonly line: string }) {
  const at = line.indexOf(' ');
  const time = line.slice(0, at);
  if (Number.isNaN(Date.parse(time))) return <li>{line}</li>;
  return (
    <li>
      <time dateTime={time} title={time}>
        {time.slice(11, 19)}
      </time>
      <span>{line.slice(at + 1)}</span>
    </li>
  );
}

function Actions({ certificate }: { readonly certificate: CertificateDetail }) {
  const mayWrite = useMay('certificates:write');
  const renew = useChange('renewCertificate');
  const say = useToast();
  const { id, source, renewal, isOrdering } = certificate;
  if (!mayWrite) return null;
  const canOrder = renewal !== null || certificate.method !== '';
  return (
    <>
      {canOrder && source !== 'imported' && source !== 'file' && (
        <Button
          variant="default"
          leftSection={<Icon name="rotate" />}
          loading={renew.isPending || isOrdering}
          onClick={() =>
            renew.mutate(
              { params: { certificate: id } },
              { onSuccess: () => say('Ordered; its log appears below') },
            )
          }
        >
          {source === 'acme' ? 'Renew now' : 'Order now'}
        </Button>
      )}
      {source === 'imported' && <Remove certificate={certificate} />}
      <ProblemNotice error={renew.error} />
    </>
  );
}

function Remove({ certificate }: { readonly certificate: CertificateDetail }) {
  const remove = useChange('deleteCertificate');
  const navigate = useNavigate();
  const say = useToast();
  const title = titleOf(certificate);
  return (
    <RemoveButton
      title={`Remove the certificate for ${title}`}
      action="Remove certificate"
      run={async () => {
        await remove.mutateAsync({ params: { certificate: certificate.id } });
        say(`The certificate for ${title} was removed`);
        await navigate({ to: '/certificates' });
      }}
    >
      <p>
        Its key is deleted from the edge. Visitors are shown another certificate for the hostname where there
        is one, and one is ordered where that is possible.
      </p>
    </RemoveButton>
  );
}
