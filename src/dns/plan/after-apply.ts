// What is made of the outcome of a step: the state of its hostname, and a line in the log.
import type { Log } from '#base/log.ts';
import type { NameState } from '#model/dns/desired-name.ts';
import type { ChangeOutcome } from '../provider/dns-provider.ts';
import type { PlanStep } from './plan.ts';

/** A step that was applied this often and is still to be done is given up until the next regular look. */
export const maxVainApplications = 2;

/** The cure of what passes. */
export const againCure = 'It is tried again by itself.';

/** The state of a hostname whose step was tried. `vain`: how often it was said to be done and was not. */
export function afterApply(
  state: NameState,
  step: PlanStep,
  outcome: ChangeOutcome | undefined,
  vain: number,
): NameState {
  if (outcome?.state === 'conflict')
    return { ...state, state: 'conflict', detail: `${outcome.detail}.`, cure: againCure };
  if (outcome?.state === 'failed') {
    const cure = outcome.isTransient ? againCure : `Make ${step.provider} take it, or choose another name.`;
    return {
      ...state,
      state: 'failed',
      detail: `${step.detail} ${step.provider} says: ${outcome.detail}`,
      cure,
    };
  }
  if (vain >= maxVainApplications || (!outcome && vain > 0)) {
    const detail = `${step.provider} said ${vain} times that this was done, but its records do not show it: ${step.detail}`;
    const cure = `Look at the zone at ${step.provider}: is it the one that is delegated to, and may these credentials write?`;
    return { ...state, state: 'failed', detail, cure };
  }
  return state;
}

/** The same step with the same changes is the same try. */
export function contentOf({ id, changes }: PlanStep): string {
  return `${id} ${JSON.stringify(changes)}`;
}

/** One line a step. */
export function logOutcome(log: Log, step: PlanStep, outcome: ChangeOutcome): void {
  const fields = {
    hostname: step.hostname,
    zone: step.zone.name,
    provider: step.provider,
    action: step.action,
    step: step.detail,
  };
  if (outcome.state === 'applied')
    log.info(step.isDrift ? 'DNS drift was mended' : 'DNS records were changed', fields);
  else
    log.warn('DNS records could not be changed', { ...fields, state: outcome.state, error: outcome.detail });
}
