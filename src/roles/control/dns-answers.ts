// The main thread's answers about DNS, for the control plane. Without a dns section in edge.yml the lists are empty, and
// whoever wants a plan is told so. What asks DNS is loaded when somebody asks.
import type { DnsEdge } from '#control/dns-edge.ts';
import { SallyportError } from '#base/errors.ts';
import { stepReport } from '../dns/dns-report.ts';
import type { EdgeInstance } from '../edge-instance.ts';
import type { EdgeNames } from '../dns/edge-names.ts';

/** Zones are read whole, from providers that may be slow. */
const planWithinMs = 120_000;

/** Makes them; `running` throws while the edge is starting. */
export function dnsAnswers(running: () => EdgeInstance): DnsEdge {
  const names = (): EdgeNames => {
    const found = running().names;
    if (found) return found;
    throw new SallyportError(
      'not-found',
      'This edge has no dns section in edge.yml, so there are no records to look after; see docs/dns.md.',
    );
  };
  return {
    async lookAtDns() {
      const { names: found } = running();
      if (!found) return { setUp: null, zones: [], names: [] };
      return { setUp: found.setUp(), zones: found.reconciler.zones.views(), names: found.reconciler.views() };
    },
    zoneRecords: async (zone) => running().names?.reconciler.zones.recordsOf(zone),
    exportZone: async (zone) => running().names?.exportZone(zone, AbortSignal.timeout(planWithinMs)),
    async planDns() {
      const plan = await names().reconciler.planNow(AbortSignal.timeout(planWithinMs));
      return {
        steps: plan.steps.map((step) => stepReport(step, undefined)),
        names: [...plan.names],
        kept: [...plan.kept],
      };
    },
    async applyDns() {
      const { steps, outcomes, names: states, kept } = await names().reconciler.applyNow();
      return {
        steps: steps.map((step) => stepReport(step, outcomes.get(step.id))),
        names: [...states],
        kept: [...kept],
      };
    },
    async proveHostname(request) {
      const { proveStage } = await import('../dns/hostname-proof.ts');
      return proveStage(running(), request);
    },
  };
}
