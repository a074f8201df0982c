// What the edge would change in DNS now, and a button that has it done.
import { Button, Group, Modal } from '@mantine/core';
import type { DnsPlan, DnsStep } from '#model/dns/dns-view.ts';
import { useMay } from '../../api/me.ts';
import { useChange, useRead } from '../../api/queries.ts';
import { OnEdge } from '../../kit/confirm.tsx';
import { Empty, Notice, ProblemNotice, Waiting } from '../../kit/notices.tsx';
import { Tag } from '../../kit/status.tsx';
import { formatAmount } from '../../kit/units.ts';
import classes from './names.module.css';

/** The dialog. */
export function PlanDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Modal opened={isOpen} onClose={onClose} title="Check every zone now" size="lg">
      {isOpen && <PlanBody onClose={onClose} />}
    </Modal>
  );
}

function PlanBody({ onClose }: { readonly onClose: () => void }) {
  const plan = useRead('planDns', {});
  const apply = useChange('applyDns');
  const mayWrite = useMay('dns:write');
  const steps = apply.data?.steps ?? plan.data?.steps;
  return (
    <>
      {steps === undefined ? (
        plan.error === null ? (
          <Waiting what="the zones" />
        ) : (
          <ProblemNotice error={plan.error} retry={() => void plan.refetch()} />
        )
      ) : (
        <Steps steps={steps} />
      )}
      <ProblemNotice error={apply.error} />
      {apply.data !== undefined && <Result plan={apply.data} />}
      <Group justify="space-between" mt="md">
        <OnEdge />
        <Group gap="xs">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          {mayWrite && steps !== undefined && steps.length > 0 && apply.data === undefined && (
            <Button loading={apply.isPending} onClick={() => apply.mutate({})}>
              Do it
            </Button>
          )}
        </Group>
      </Group>
    </>
  );
}

function Steps({ steps }: { readonly steps: readonly DnsStep[] }) {
  if (steps.length === 0)
    return <Empty title="Nothing is to be changed.">Every record is as it should be, or is not ours.</Empty>;
  return (
    <ul className={classes['steps']} tabIndex={0} aria-label="Changes">
      {steps.map((step) => (
        <li key={`${step.zone} ${step.hostname}`}>
          <b>{step.hostname}</b> {step.detail}{' '}
          {step.isDrift && <Tag tone="warn">changed by another hand</Tag>}
          {step.outcome === 'applied' && <Tag tone="good">done</Tag>}
          {step.error !== undefined && <Tag tone="bad">{step.error}</Tag>}
        </li>
      ))}
    </ul>
  );
}

function Result({ plan: { steps } }: { readonly plan: DnsPlan }) {
  const left = steps.filter(({ outcome }) => outcome !== 'applied').length;
  return left === 0 ? (
    <Notice tone="good">Done.</Notice>
  ) : (
    <Notice tone="warn">{formatAmount(left, 'hostname')} could not be changed; the edge tries again.</Notice>
  );
}
