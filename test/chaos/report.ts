// How the result of a chaos run is shown: a table for people, JSON for programs.
import type { CaseResult } from './run-case.ts';

const columns: readonly (readonly [string, (result: CaseResult) => string])[] = [
  ['case', ({ name }) => name],
  ['requests', ({ requests }) => String(requests)],
  ['failed', ({ failed }) => String(failed)],
  ['lost bytes', ({ lostBytes }) => String(lostBytes)],
  ['wrong bytes', ({ wrongBytes }) => String(wrongBytes)],
  ['noticed s', ({ noticedS }) => noticedS?.toFixed(1) ?? '-'],
  ['recovered s', ({ recoveredS }) => recoveredS.toFixed(1)],
  ['edge MiB', ({ before, after }) => change(before['edge']?.memoryMiB, after['edge']?.memoryMiB)],
  ['edge handles', ({ before, after }) => change(before['edge']?.handles, after['edge']?.handles)],
  ['took s', ({ tookS }) => String(tookS)],
  ['verdict', ({ faults }) => (faults.length === 0 ? 'holds' : faults.join('; '))],
];

/** The results as a table, with what failed below each row. */
export function tableOf(results: readonly CaseResult[]): string {
  const rows = [
    columns.map(([head]) => head),
    ...results.map((result) => columns.map(([, cell]) => cell(result))),
  ];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

/** One result in full, as it comes. */
export function linesOf(result: CaseResult): string {
  const { name, what, failures, notes, faults } = result;
  const lines = [`${name}: ${what}`];
  lines.push(
    `    ${columns
      .slice(1)
      .map(([head, cell]) => `${head} ${cell(result)}`)
      .join(', ')}`,
  );
  for (const [reason, count] of Object.entries(failures)) lines.push(`    ${count} x ${reason}`);
  for (const note of notes) lines.push(`    ${note}`);
  for (const fault of faults) lines.push(`    FAULT: ${fault}`);
  return lines.join('\n');
}

/** What did not hold and what could not be told, each by its name; or that there is nothing. */
export function verdictOf(results: readonly CaseResult[], broken: readonly string[]): string {
  const failed = results.flatMap(({ name, faults }) =>
    faults.length === 0 ? [] : [`${name}: ${faults.join('; ')}`],
  );
  const lines = [...failed, ...broken.map((text) => `${text} (broke off)`)];
  const tookS = results.reduce((sum, result) => sum + result.tookS, 0);
  const all = `${results.length + broken.length} cases in ${Math.ceil(tookS / 60)} minutes`;
  if (lines.length === 0) return `${all}: all hold.`;
  return `${all}; ${lines.length} did not hold:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function change(before: number | undefined, after: number | undefined): string {
  return `${before ?? '-'}>${after ?? '-'}`;
}
