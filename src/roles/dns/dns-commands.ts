// `sallyport dns ...`: an edge.yml's names planned, applied, exported and proved from the command line. What the built-in
// name server keeps is left to the running edge; hostnames that connectors claim are known only to it, so their records
// are kept.
import { getServers } from 'node:dns';
import { systemClock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import { parseHostname } from '#base/net/hostname.ts';
import { systemRandom } from '#base/random.ts';
import type { DnsCheckReport } from '#cli/runners.ts';
import type { DnsPlan, DnsStep } from '#model/dns/dns-view.ts';
import { readEdgeConfig, snapshotOf } from '#config/edge-config.ts';
import type { DnsConfig } from '#config/dns-schema.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import { explainName } from '#dns/explain-name.ts';
import { localProviderName } from '#dns/local/local-provider.ts';
import { lookAtName, type NameQuestion, proveName } from '#dns/name-check.ts';
import { applySteps } from '#dns/plan/apply-plan.ts';
import { type Plan, plan, type PlanStep } from '#dns/plan/plan.ts';
import { requireWhole, Surveyor } from '#dns/plan/survey.ts';
import type { ChangeOutcome } from '#dns/provider/dns-provider.ts';
import { exportZone } from '#dns/zone-export.ts';
import { stepReport } from './dns-report.ts';
import { desiredNames, isClaimable } from './dns-desired.ts';
import { type OpenProviders, openProviders, ownerOf, resolversOf, targetOf, ttlsOf } from './dns-settings.ts';

/** A command ends by itself or is interrupted by a signal to the process. */
const signal = new AbortController().signal;
const tools = { clock: systemClock, random: systemRandom };

/** What would be changed now. @throws SallyportError, also when a zone cannot be read: half a plan is none */
export async function planDns(configFile: string): Promise<DnsPlan> {
  return withProviders(configFile, async (opened, config, dns) =>
    reportOf(await planNow(opened, config, dns)),
  );
}

/** Plans, and carries the plan out. */
export async function applyDns(configFile: string, onStep: (step: DnsStep) => void): Promise<DnsPlan> {
  return withProviders(configFile, async (opened, config, dns) => {
    const made = await planNow(opened, config, dns);
    const outcomes = new Map<string, ChangeOutcome>();
    const providers = new Map(opened.providers.map(({ provider }) => [provider.name, provider]));
    const report = (step: PlanStep, outcome: ChangeOutcome): void => {
      outcomes.set(step.id, outcome);
      onStep(stepReport(step, outcome));
    };
    await applySteps(made.steps, { providers, report }, signal);
    return reportOf(made, outcomes);
  });
}

/** Master files of every managed zone, or of the named one. */
export async function exportDns(configFile: string, zone: string): Promise<{ zone: string; text: string }[]> {
  return withProviders(configFile, async (opened) => {
    const survey = await new Surveyor().survey(opened.providers, signal);
    requireWhole(survey);
    const chosen = survey.zones.filter(({ zone: { name } }) => zone === '' || name === zone);
    if (chosen.length === 0) {
      const known = survey.zones.map(({ zone: { name } }) => name).join(', ') || 'none';
      throw new SallyportError('config-missing', `No managed zone is called ${zone}; there are: ${known}.`);
    }
    const serial = Math.floor(systemClock.wallMs() / 1000);
    return chosen.map(({ zone: { name, nameServers }, records }) => ({
      zone: name,
      text: exportZone({ name, records, nameServers, serial }),
    }));
  });
}

/** Whether a hostname leads to this edge; waits for it if there is time. */
export async function checkDns(
  configFile: string,
  hostnameText: string,
  withinMs: number,
): Promise<DnsCheckReport> {
  const config = readEdgeConfig(configFile);
  const dns = dnsOf(config, configFile);
  const hostname = parseHostname(hostnameText.replace(/^\*\./, ''));
  if (hostname === undefined) throw new SallyportError('usage', `"${hostnameText}" is no hostname.`);
  const question: NameQuestion = {
    hostname: hostnameText.startsWith('*.') ? `*.${hostname}` : hostname,
    target: targetOf(config),
    resolvers: resolversOf(dns, getServers()),
    options: tools,
  };
  const proof =
    withinMs > 0
      ? await proveName(question, { clock: systemClock, withinMs }, signal)
      : {
          sighting: await lookAtName(question, signal),
          zoneSeconds: undefined,
          resolverSeconds: undefined,
          isProven: undefined,
        };
  const step = explainName(proof.sighting);
  return {
    hostname: question.hostname,
    isProven: proof.isProven ?? step.status === 'ok',
    zone: proof.sighting.zone,
    ...{ zoneSeconds: proof.zoneSeconds, resolverSeconds: proof.resolverSeconds, step },
  };
}

async function planNow(opened: OpenProviders, config: EdgeConfig, dns: DnsConfig): Promise<Plan> {
  const survey = await new Surveyor().survey(opened.providers, signal);
  requireWhole(survey);
  const { routes, ports, tunnels } = snapshotOf(config, 1);
  const served = (dns.serve?.zones ?? []).map(({ name }) => ({
    ...{ provider: localProviderName, name, isMissing: false },
    detail: `The edge keeps the records of ${name} by itself while it runs.`,
    cure: '',
  }));
  return plan({
    zones: survey.zones,
    unreadable: served,
    names: desiredNames(config, routes, ports),
    isHeld: (hostname, routeId) => isClaimable(tunnels, hostname, routeId),
    ...{ owner: ownerOf(config), target: targetOf(config), ttls: ttlsOf(dns) },
  });
}

async function withProviders<T>(
  configFile: string,
  work: (opened: OpenProviders, config: EdgeConfig, dns: DnsConfig) => Promise<T>,
): Promise<T> {
  const config = readEdgeConfig(configFile);
  const dns = dnsOf(config, configFile);
  const opened = openProviders(dns, tools);
  try {
    return await work(opened, config, dns);
  } finally {
    opened.close();
  }
}

function dnsOf({ dns }: EdgeConfig, configFile: string): DnsConfig {
  if (dns) return dns;
  throw new SallyportError(
    'config-missing',
    `${configFile} has no dns section, so there are no records to look after; see docs/edge-config.md.`,
  );
}

function reportOf(made: Plan, outcomes?: ReadonlyMap<string, ChangeOutcome>): DnsPlan {
  // What the edge keeps by itself is neither a fault nor a step.
  const names = made.names.map((name) =>
    name.provider === localProviderName ? { ...name, state: 'good' as const } : name,
  );
  return {
    steps: made.steps.map((step) => stepReport(step, outcomes?.get(step.id))),
    names,
    kept: [...made.kept],
  };
}
