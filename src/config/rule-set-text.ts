// The text of a remotely managed tunnel's rules, read by the very reader of config.yml: the same words for the same faults,
// wherever the rules live. What only makes sense in a connector's own file is refused.
import { SallyportError } from '#base/errors.ts';
import type { ReadRules } from '#model/ingress/rule-set.ts';
import { type ConfigProblem, formatProblem, parseConnectorConfig } from './connector-config.ts';

/** Rules and warnings of a text. @throws SallyportError 'config-invalid', with faults by line */
export function readRuleSet(text: string): ReadRules {
  const { config, ruleLines, problems } = parseConnectorConfig(text, 'yaml', 'the rules');
  const faults: ConfigProblem[] = problems.filter(({ kind }) => kind === 'error');
  if (faults.length === 0 && config.rules.length === 0) {
    faults.push({ kind: 'error', message: "The text doesn't contain any ingress rules", line: undefined });
  }
  for (const name of config.flags.keys()) {
    faults.push({
      kind: 'error',
      message: `"${name}" belongs into the connector's own configuration; only ingress and originRequest are kept at the edge`,
      line: undefined,
    });
  }
  if (faults.length > 0) throw invalid(faults);
  return {
    rules: config.rules.map(({ hostname, path, service }, i) => ({
      hostname,
      path,
      service: service.text,
      line: ruleLines[i] ?? null,
    })),
    warnings: problems.map(formatProblem),
  };
}

function invalid(faults: readonly ConfigProblem[]): SallyportError {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new SallyportError('config-invalid', `The rules cannot be used: ${formatProblem(first!)}${more}.`, {
    facts: {
      faults: faults.map(({ message, line }) => ({
        path: line === undefined ? '' : `line ${line}`,
        message,
      })),
    },
  });
}
