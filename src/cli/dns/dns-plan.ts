// `sallyport dns plan` and `sallyport dns apply`: what is to be done for the hostnames of an edge, and doing it.
import type { DnsPlan, DnsStep } from '#model/dns/dns-view.ts';
import { type Command, type CommandContext, type Input, outputFlag, wantsJson } from '../command.ts';
import { dnsFlags, dnsSource, hasTrouble, pendingCode, troubleCode } from './dns-source.ts';
import { formatTable } from '../table.ts';

export const dnsPlanCommand: Command = {
  words: ['dns', 'plan'],
  usage: '[flags]',
  summary: 'show which DNS records would be changed',
  description: `Compares the hostnames of the running edge, or those of an edge.yml, with the
records of their zones and prints the steps between them: nothing is changed.
Only records that carry this edge's marker are ever changed or removed
(docs/dns-ownership.md).`,
  flags: [...dnsFlags, outputFlag],
  examples: ['sallyport dns plan', 'sallyport dns plan --config /etc/sallyport/edge.yml'],
  exitCodes: {
    [pendingCode]: 'changes are pending',
    [troubleCode]: 'no change is pending, but some hostname is in conflict or cannot be made',
  },
  maxArgs: 0,
  async run(input, context) {
    const source = await dnsSource(input, context);
    const report = 'api' in source ? await source.api.planDns() : await context.runners.dns.plan(source.file);
    if (wantsJson(input)) context.out(`${JSON.stringify(report)}\n`);
    else context.out(planText(report, context.columns));
    return codeOf(report);
  },
};

export const dnsApplyCommand: Command = {
  words: ['dns', 'apply'],
  usage: '--yes [flags]',
  summary: 'change DNS records as "dns plan" shows',
  description: `Makes the plan of this moment and carries it out, on the running edge or by an
edge.yml. Without --yes it only shows the plan. A run that was cut short may be
repeated.`,
  flags: [...dnsFlags, { name: 'yes', type: 'boolean', help: 'do it' }, outputFlag],
  examples: ['sallyport dns apply --yes', 'sallyport dns apply --config /etc/sallyport/edge.yml --yes'],
  exitCodes: {
    1: 'a step failed, or could not be tried',
    [pendingCode]: 'changes are pending, and --yes was not given',
    [troubleCode]: 'all steps are done, but some hostname is in conflict or cannot be made',
  },
  maxArgs: 0,
  async run(input, context) {
    if (input.flags.get('yes') !== true) {
      const code = await dnsPlanCommand.run(input, context);
      if (code === pendingCode) context.err('Nothing was changed; run it with --yes to do this.\n');
      return code;
    }
    return apply(input, context);
  },
};

async function apply(input: Input, context: CommandContext): Promise<number> {
  const { out, columns, runners } = context;
  const asJson = wantsJson(input);
  const onStep = (step: DnsStep): void => {
    if (!asJson) out(`${outcomeText(step)}\n`);
  };
  const source = await dnsSource(input, context);
  const report = 'api' in source ? await source.api.applyDns() : await runners.dns.apply(source.file, onStep);
  if ('api' in source) for (const step of report.steps) onStep(step);
  if (asJson) out(`${JSON.stringify(report)}\n`);
  else out(troubleText(report, columns) || (report.steps.length === 0 ? 'Nothing to do.\n' : ''));
  if (report.steps.some(({ outcome }) => outcome !== 'applied')) return 1;
  return hasTrouble(report) ? troubleCode : 0;
}

function codeOf(report: DnsPlan): number {
  if (report.steps.length > 0) return pendingCode;
  return hasTrouble(report) ? troubleCode : 0;
}

function planText(report: DnsPlan, columns: number | undefined): string {
  const steps = formatTable<DnsStep>(
    [
      { title: 'ACTION', value: ({ action, isDrift }) => (isDrift ? `${action} (drift)` : action) },
      { title: 'HOSTNAME', value: ({ hostname }) => hostname },
      { title: 'ZONE', value: ({ zone }) => zone },
      { title: 'PROVIDER', value: ({ provider }) => provider },
      { title: 'WHAT', value: ({ detail }) => detail, givesWay: true },
    ],
    report.steps,
    columns,
  );
  const good = report.names.filter(({ state }) => state === 'good').length;
  const counts = `${report.steps.length} to change, ${good} as they should be.\n`;
  return `${report.steps.length > 0 ? `${steps}\n` : ''}${troubleText(report, columns)}${counts}`;
}

function troubleText({ names, kept }: DnsPlan, columns: number | undefined): string {
  const rows = [
    ...names.filter(({ state }) => state !== 'good' && state !== 'pending'),
    ...kept.map((kept) => ({ state: 'kept', cure: '', ...kept })),
  ];
  if (rows.length === 0) return '';
  const text = formatTable<(typeof rows)[number]>(
    [
      { title: 'STATE', value: ({ state }) => state },
      { title: 'HOSTNAME', value: ({ hostname }) => hostname },
      { title: 'WHY', value: ({ detail, cure }) => `${detail} ${cure}`.trim(), givesWay: true },
    ],
    rows,
    columns,
  );
  return `${text}\n`;
}

function outcomeText({ outcome, hostname, detail, error }: DnsStep): string {
  return outcome === 'applied'
    ? `done      ${hostname}  ${detail}`
    : `${(outcome ?? 'failed').padEnd(9)} ${hostname}  ${error}`;
}
