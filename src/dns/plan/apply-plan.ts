// Carries a plan out: zones of different providers at the same time, those of one provider one after the other. A run that
// was cut short may be repeated with the same steps; what stands already counts as done.
import { errorText, isSallyportError } from '#base/errors.ts';
import type { ChangeOutcome, DnsProvider, ProviderZone } from '../provider/dns-provider.ts';
import type { PlanStep } from './plan.ts';

/** Told of every step once. */
export type StepReport = (step: PlanStep, outcome: ChangeOutcome) => void;

export interface ApplyOptions {
  /** By name. */
  readonly providers: ReadonlyMap<string, DnsProvider>;
  readonly report: StepReport;
}

/** Applies steps; resolves when each has been reported. @throws the signal's reason when it fires in between */
export async function applySteps(
  steps: readonly PlanStep[],
  options: ApplyOptions,
  signal: AbortSignal,
): Promise<void> {
  const byProvider = Map.groupBy(steps, (step) => step.provider);
  const runs = [...byProvider].map(([name, list]) =>
    applyAt(options.providers.get(name), list, options, signal),
  );
  const results = await Promise.allSettled(runs);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function applyAt(
  provider: DnsProvider | undefined,
  steps: readonly PlanStep[],
  { report }: ApplyOptions,
  signal: AbortSignal,
): Promise<void> {
  const byZone = Map.groupBy(steps, (step) => step.zone.name);
  for (const list of byZone.values()) {
    const waiting = new Map(list.map((step) => [step.id, step]));
    const settle = (id: string, outcome: ChangeOutcome): void => {
      const step = waiting.get(id);
      if (step && waiting.delete(id)) report(step, outcome);
    };
    const rest: ChangeOutcome = await applyZone(provider, list[0]!.zone, list, settle, signal);
    for (const id of waiting.keys()) settle(id, rest);
  }
}

/** Returns what is to be said of steps that the provider did not report. */
async function applyZone(
  provider: DnsProvider | undefined,
  zone: ProviderZone,
  steps: readonly PlanStep[],
  settle: (id: string, outcome: ChangeOutcome) => void,
  signal: AbortSignal,
): Promise<ChangeOutcome> {
  if (!provider)
    return { state: 'failed', detail: 'its provider is not configured any more', isTransient: false };
  const groups = steps.map(({ id, changes }) => ({ id, changes }));
  try {
    await provider.apply(zone, groups, settle, signal);
    return { state: 'failed', detail: `${provider.name} did not say what became of it`, isTransient: true };
  } catch (error) {
    if (signal.aborted) throw error;
    const isTransient = !isSallyportError(error, 'dns-refused');
    return { state: 'failed', detail: errorText(error), isTransient };
  }
}
