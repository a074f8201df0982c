// A step of a DNS plan as it is shown: plain data for the API and the command line.
import type { PlanStep } from '#dns/plan/plan.ts';
import type { ChangeOutcome } from '#dns/provider/dns-provider.ts';
import type { DnsStep } from '#model/dns/dns-view.ts';

/** `outcome`: undefined before it was applied. */
export function stepReport(step: PlanStep, outcome: ChangeOutcome | undefined): DnsStep {
  const { action, hostname, zone, provider, isDrift, detail } = step;
  const report = { action, hostname, zone: zone.name, provider, isDrift, detail };
  if (!outcome) return report;
  return outcome.state === 'applied'
    ? { ...report, outcome: 'applied' }
    : { ...report, outcome: outcome.state, error: outcome.detail };
}
