// What is wrong with a value, in terms of the value: of settings that have several forms, the faults are those of the form
// that the value seems meant to have. Files, the API and the command line tell faults through this.
import type { z } from 'zod';

/** Issues without unions: each names the value that is at fault, however deep it stands. */
export function plainIssues(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue];
    const inner = closestForm(issue.errors);
    if (inner.length === 0) return [issue];
    return plainIssues(inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] })));
  });
}

/** The message, without the words that say no more than that it is one. */
export function faultText(issue: z.core.$ZodIssue): string {
  return issue.message.replace(/^Invalid input: /, '');
}

/** Of several forms, the one of which something inside is wrong; the others do not fit at all. */
function closestForm(forms: ReadonlyArray<readonly z.core.$ZodIssue[]>): readonly z.core.$ZodIssue[] {
  const isInside = ({ code, path }: z.core.$ZodIssue): boolean =>
    path.length > 0 || code === 'unrecognized_keys';
  const custom = forms.flat().find(({ code }) => code === 'custom');
  return forms.find((issues) => issues.some(isInside)) ?? (custom ? [custom] : (forms[0]?.slice(0, 1) ?? []));
}
