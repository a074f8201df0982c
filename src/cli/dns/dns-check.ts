// `sallyport dns check`: proves that a hostname leads to the edge, at its zone's own servers and at a resolver.
import { SallyportError } from '#base/errors.ts';
import { type Command, numberOf, outputFlag, textOf, wantsJson } from '../command.ts';

import type { DnsCheckReport } from '../runners.ts';

export const dnsCheckCommand: Command = {
  words: ['dns', 'check'],
  usage: 'HOSTNAME --config edge.yml [--within DURATION]',
  summary: 'prove that a hostname leads to the edge',
  description: `Asks every server of the hostname's zone, and a resolver, whether it leads to
this edge. With --within it asks until all agree, and says how long each took.`,
  flags: [
    { name: 'config', type: 'string', value: 'FILE', help: 'the configuration, edge.yml' },
    { name: 'within', type: 'duration', value: 'DURATION', help: 'how long to wait, such as 2m' },
    outputFlag,
  ],
  examples: ['sallyport dns check blog.example.com --config edge.yml --within 2m'],
  exitCodes: { 1: 'it does not lead to the edge, or not everywhere' },
  maxArgs: 1,
  async run(input, { out, runners }) {
    const [hostname] = input.args;
    const file = textOf(input, 'config');
    if (hostname === undefined || file === '') {
      throw new SallyportError(
        'usage',
        'Name a hostname and the configuration: sallyport dns check blog.example.com --config edge.yml.',
      );
    }
    const report = await runners.dns.check(file, hostname, numberOf(input, 'within') ?? 0);
    out(wantsJson(input) ? `${JSON.stringify(report)}\n` : textFor(report));
    return report.isProven ? 0 : 1;
  },
};

function textFor({ step, zone, zoneSeconds, resolverSeconds }: DnsCheckReport): string {
  const facts = Object.entries(step.facts).map(([where, found]) => `  ${where}: ${found}`);
  const seconds = [
    ...(zoneSeconds === undefined ? [] : [`seen by the servers of ${zone} after ${zoneSeconds} s`]),
    ...(resolverSeconds === undefined ? [] : [`by the resolver after ${resolverSeconds} s`]),
  ];
  const cure = step.cure === '' ? '' : ` ${step.cure}`;
  const took = seconds.length > 0 ? `${seconds.join(', ')}\n` : '';
  return `${step.title}. ${step.detail}${cure}\n${facts.join('\n')}\n${took}`;
}
