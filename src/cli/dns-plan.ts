// `sallyport dns plan` and `sallyport dns apply`: what is to be done for the hostnames of an edge.yml, and doing it.
import { SallyportError } from '#base/errors.ts';
import {
  type Command,
  type CommandContext,
  type Flag,
  type Input,
  outputFlag,
  textOf,
  wantsJson,
} from './command.ts';
import type { DnsPlanReport, DnsStepReport } from './runners.ts';
import { formatTable } from './table.ts';

/** Changes are pending. 2 is taken by the command line itself. */
const pendingCode = 3;
/** Nothing can be done, but not all is well: records of others, names without addresses. */
const troubleCode = 4;

export const configFlag: Flag = {
  name: 'config',
  type: 'string',
  value: 'FILE',
  help: 'the configuration, edge.yml',
};

export const dnsPlanCommand: Command = {
  words: ['dns', 'plan'],
  usage: '--config edge.yml',
  summary: 'show which DNS records would be changed',
  description: `Compares the hostnames of edge.yml with the records of its zones and prints the
steps between them: nothing is changed. Only records that carry this edge's
marker are ever changed or removed (docs/dns-ownership.md).`,
  flags: [configFlag, outputFlag],
  examples: ['sallyport dns plan --config /etc/sallyport/edge.yml'],
  exitCodes: {
    [pendingCode]: 'changes are pending',
    [troubleCode]: 'no change is pending, but some hostname is in conflict or cannot be made',
  },
  maxArgs: 0,
  async run(input, context) {
    const report = await context.runners.dns.plan(configFileOf(input));
    if (wantsJson(input)) context.out(`${JSON.stringify(report)}\n`);
    else context.out(planText(report, context.columns));
    return codeOf(report);
  },
};

export const dnsApplyCommand: Command = {
  words: ['dns', 'apply'],
  usage: '--config edge.yml --yes',
  summary: 'change DNS records as "dns plan" shows',
  description: `Makes the plan of this moment and carries it out, each step reported as it is
decided. Without --yes it only shows the plan. A run that was cut short may be
repeated.`,
  flags: [configFlag, { name: 'yes', type: 'boolean', help: 'do it' }, outputFlag],
  examples: ['sallyport dns apply --config /etc/sallyport/edge.yml --yes'],
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

async function apply(input: Input, { out, columns, runners }: CommandContext): Promise<number> {
  const asJson = wantsJson(input);
  const report = await runners.dns.apply(configFileOf(input), (step) => {
    if (!asJson) out(`${outcomeText(step)}\n`);
  });
  if (asJson) out(`${JSON.stringify(report)}\n`);
  else out(troubleText(report, columns) || (report.steps.length === 0 ? 'Nothing to do.\n' : ''));
  if (report.steps.some(({ outcome }) => outcome !== 'applied')) return 1;
  return hasTrouble(report) ? troubleCode : 0;
}

function configFileOf(input: Input): string {
  const file = textOf(input, 'config');
  if (file !== '') return file;
  throw new SallyportError('usage', 'Name the configuration with --config edge.yml.');
}

function codeOf(report: DnsPlanReport): number {
  if (report.steps.length > 0) return pendingCode;
  return hasTrouble(report) ? troubleCode : 0;
}

function hasTrouble({ names }: DnsPlanReport): boolean {
  return names.some(({ state }) => state === 'conflict' || state === 'failed');
}

function planText(report: DnsPlanReport, columns: number | undefined): string {
  const steps = formatTable<DnsStepReport>(
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

function troubleText({ names, kept }: DnsPlanReport, columns: number | undefined): string {
  const rows = [
    ...names.filter(({ state }) => state !== 'good' && state !== 'pending'),
    ...kept.map(({ hostname, detail }) => ({ state: 'kept', hostname, detail })),
  ];
  if (rows.length === 0) return '';
  const text = formatTable<(typeof rows)[number]>(
    [
      { title: 'STATE', value: ({ state }) => state },
      { title: 'HOSTNAME', value: ({ hostname }) => hostname },
      { title: 'WHY', value: ({ detail }) => detail, givesWay: true },
    ],
    rows,
    columns,
  );
  return `${text}\n`;
}

function outcomeText({ outcome, hostname, detail, error }: DnsStepReport): string {
  return outcome === 'applied'
    ? `done      ${hostname}  ${detail}`
    : `${(outcome ?? 'failed').padEnd(9)} ${hostname}  ${error}`;
}
