// An explanation: the verdict, and every step from the name to the origin with what was found there.
import type { Explanation, ExplainStep, ExplainStepName } from '#model/live/explain.ts';
import { Notice } from '../../kit/notices.tsx';
import { formatMs } from '../../kit/units.ts';
import classes from './explain.module.css';

const stepNames: Readonly<Record<ExplainStepName, string>> = {
  trace: 'Trace',
  'error pages': 'Error pages',
  guard: 'Guard',
  'rate limits': 'Rate limits',
  limits: 'Limits',
  bandwidth: 'Bandwidth',
  'canonical host': 'Name of the site',
  maintenance: 'Maintenance',
  cors: 'CORS',
  redirects: 'Redirects',
  headers: 'Headers',
  compression: 'Compression',
  prefix: 'Prefix',
  balance: 'Services',
  url: 'Address',
  dns: 'Name',
  certificate: 'Certificate',
  route: 'Route',
  port: 'Port',
  hsts: 'https only',
  access: 'Access',
  cache: 'Cache',
  connector: 'Connector',
  rule: 'Rule',
  origin: 'Origin',
  page: 'What the page loads',
};

/** The whole of it. */
export function Explained({ explanation }: { readonly explanation: Explanation }) {
  const { stopsAt, verdict, steps } = explanation;
  const hasWarning = steps.some(({ status }) => status === 'warning');
  return (
    <div className={classes['explained']}>
      <Notice tone={stopsAt !== null ? 'bad' : hasWarning ? 'warn' : 'good'} title={verdict} isAlert />
      <ol className={classes['steps']}>
        {steps.map((step) => (
          <Step key={step.step} step={step} isStop={step.step === stopsAt} />
        ))}
      </ol>
    </div>
  );
}

const marks: Readonly<Record<ExplainStep['status'], string>> = {
  ok: 'fine',
  warning: 'with a warning',
  failed: 'stops here',
  skipped: 'not reached',
};

function Step({ step, isStop }: { readonly step: ExplainStep; readonly isStop: boolean }) {
  const facts = Object.entries(step.facts);
  return (
    <li data-status={step.status} aria-current={isStop ? 'step' : undefined}>
      <span className={classes['mark']} role="img" aria-label={marks[step.status]} />
      <span className={classes['stepName']}>{stepNames[step.step]}</span>
      <div className={classes['found']}>
        <b>{step.title}</b>
        {step.detail !== '' && <p>{step.detail}</p>}
        {step.cure !== '' && <p className={classes['cure']}>{step.cure}</p>}
        {facts.length > 0 && (
          <details>
            <summary>Details</summary>
            <dl>
              {facts.map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
      <span className={classes['time']}>{step.ms !== null && formatMs(step.ms)}</span>
    </li>
  );
}
