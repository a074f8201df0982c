// How a step of an explanation is made; every file of this folder tells its own with it.
import type { ExplainStep, ExplainStepName } from '#model/live/explain.ts';

/** What is said of a step; the rest is as where there is nothing to say. */
export type StepData = Omit<ExplainStep, 'step' | 'facts' | 'ms' | 'cure'> &
  Partial<Pick<ExplainStep, 'facts' | 'ms' | 'cure'>>;

/** A step. */
export function step(name: ExplainStepName, data: StepData): ExplainStep {
  return { step: name, cure: '', ms: null, facts: {}, ...data };
}

/** Steps behind the one where the way stops. */
export function skipped(names: readonly ExplainStepName[]): ExplainStep[] {
  return names.map((name) =>
    step(name, { status: 'skipped', title: 'Not reached', detail: 'The way stops before it.' }),
  );
}
