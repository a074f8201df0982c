// `npm run chaos`: hurts a real edge, connectors and origins on hosts made of network namespaces, one case after
// another, prints a table and writes chaos-report.json.
//
//     npm run chaos -- [--seed 1] [--out FILE] [CASE ...]      `--list` names the cases, and which run only where named
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allCases } from './cases.ts';
import { Lab } from './lab.ts';
import { missingForNetworks } from './network.ts';
import { linesOf, tableOf, verdictOf } from './report.ts';
import { type CaseResult, runCase } from './run-case.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'chaos-report.json' },
    list: { type: 'boolean', default: false },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);

if (values.list) {
  for (const { name, what, isByHand } of allCases)
    say(`${name.padEnd(26)}${what}${isByHand ? ` (by hand only: npm run chaos -- ${name})` : ''}`);
  process.exit(0);
}
const unknown = positionals.filter((name) => !allCases.some((known) => known.name === name));
const missing = unknown.length > 0 ? `no such case: ${unknown.join(', ')}` : await missingForNetworks();
if (missing !== '') {
  process.stderr.write(`chaos: ${missing}\n`);
  process.exit(1);
}

const chosen =
  positionals.length === 0
    ? allCases.filter(({ isByHand }) => !isByHand)
    : positionals.map((name) => allCases.find((known) => known.name === name)!);
const results: CaseResult[] = [];
const broken: string[] = [];
let lab: Lab | undefined;
const stopped = (): void => void lab?.close().finally(() => process.exit(130));
process.once('SIGINT', stopped).once('SIGTERM', stopped);
for (const chaosCase of chosen) {
  try {
    lab ??= await Lab.create({ seed: Number(values.seed) });
    const result = await runCase(lab, chaosCase);
    results.push(result);
    say(linesOf(result));
  } catch (error) {
    broken.push(`${chaosCase.name}: ${(error as Error).message}`);
    say(`${chaosCase.name}: BROKEN: ${(error as Error).message}`);
    if (lab) {
      const { running } = lab.edge;
      say(running.stderr().split('\n').slice(-20).join('\n'));
      say(lab.connectors.map((part) => part.running.stderr().split('\n').slice(-12).join('\n')).join('\n'));
    }
    // What it has left behind is nobody's business.
    await lab?.close();
    lab = undefined;
  }
}
await lab?.close();
say(`\n${tableOf(results)}`);
writeFileSync(values.out, JSON.stringify({ seed: Number(values.seed), results, broken }, null, 2));
say(`\n${values.out} has the details.`);
say(verdictOf(results, broken));
process.exit(broken.length > 0 || results.some(({ faults }) => faults.length > 0) ? 1 : 0);
