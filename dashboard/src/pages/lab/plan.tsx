// What applying a file would change, step by step; and the tokens of tunnels that it has made.
import type { ReactNode } from 'react';
import type { LabPlan, LabStep } from '#model/lab.ts';
import { CodeBlock } from '../../kit/copy.tsx';
import { Notice } from '../../kit/notices.tsx';
import { Panel } from '../../kit/page.tsx';
import { formatAmount } from '../../kit/units.ts';
import classes from './lab.module.css';

const signs: Readonly<Record<LabStep['action'], string>> = {
  create: '+',
  change: '~',
  delete: '−',
  keep: '',
};
const words: Readonly<Record<LabStep['action'], string>> = {
  create: 'create',
  change: 'change',
  delete: 'delete',
  keep: 'keep',
};

/** The plan; `children` are its buttons. */
export function Plan({ plan, children }: { readonly plan: LabPlan; readonly children: ReactNode }) {
  const changes = plan.steps.filter(({ action }) => action !== 'keep');
  const kept = plan.steps.length - changes.length;
  return (
    <Panel>
      <div className={classes['head']} role="status">
        <b>
          {changes.length === 0
            ? 'Nothing to change: the edge is as the file says.'
            : `${formatAmount(changes.length, 'change')}, ${formatAmount(kept, 'object')} as they are.`}
        </b>
        {children}
      </div>
      <ul className={classes['steps']}>
        {changes.map((step) => (
          <li key={`${step.action} ${step.noun} ${step.name}`} data-action={step.action}>
            <span className={classes['sign']} aria-hidden="true">
              {signs[step.action]}
            </span>
            <span>
              {words[step.action]} {step.noun.replace('-', ' ')} <b>{step.name}</b>
              {step.changes.map(({ key, from, to }) => (
                <small key={key}>
                  {key}: {from !== null && <del>{from === '' ? 'empty' : from}</del>}{' '}
                  {to !== null && <ins>{to === '' ? 'empty' : to}</ins>}
                </small>
              ))}
            </span>
          </li>
        ))}
      </ul>
      {plan.unlisted.length > 0 && (
        <p className={classes['unlisted']}>
          Not in the file, and kept:{' '}
          {plan.unlisted
            .slice(0, 20)
            .map(({ noun, name }) => `${noun} ${name}`)
            .join(', ')}
          {plan.unlisted.length > 20 && ` and ${plan.unlisted.length - 20} more`}.
        </p>
      )}
    </Panel>
  );
}

/** What came of it. */
export function Tokens({ plan }: { readonly plan: LabPlan }) {
  return (
    <Notice tone="good" title="Applied.">
      {plan.tokens.length > 0 && (
        <div className={classes['tokens']}>
          <p>Tokens of the tunnels that were created. They are shown only now.</p>
          {plan.tokens.map(({ tunnel, token }) => (
            <div key={tunnel}>
              <b>{tunnel}</b>
              <CodeBlock text={token} label={`token of ${tunnel}`} />
            </div>
          ))}
        </div>
      )}
    </Notice>
  );
}
