// The difference between an object before and after a change, value by value, for the audit.
import type { AuditEvent } from '#model/users/audit-event.ts';

type Json = AuditEvent['before'];

export interface Difference {
  /** `hostnames.0`; '' for the object itself. */
  readonly path: string;
  /** undefined: was not there. */
  readonly before: string | undefined;
  /** undefined: is not there any more. */
  readonly after: string | undefined;
}

/** Keys that change with every change and say nothing. */
const silentKeys = new Set(['version', 'changedAtMs']);

/** Values that differ; short texts as they are, long ones to be compared by lines (lineDiff). */
export function differences(before: Json, after: Json, path = ''): Difference[] {
  if (isBranch(before) && isBranch(after) && Array.isArray(before) === Array.isArray(after)) {
    const [old, now] = [entries(before), entries(after)];
    const keys = [...new Set([...old.keys(), ...now.keys()])].filter((key) => !silentKeys.has(key));
    return keys.flatMap((key) =>
      differences(old.get(key) ?? null, now.get(key) ?? null, path === '' ? key : `${path}.${key}`),
    );
  }
  if (isBranch(before) && after === null)
    return leaves(before, path).map(([at, value]) => ({ path: at, before: value, after: undefined }));
  if (before === null && isBranch(after))
    return leaves(after, path).map(([at, value]) => ({ path: at, before: undefined, after: value }));
  const [left, right] = [write(before), write(after)];
  return left === right
    ? []
    : [{ path, before: before === null ? undefined : left, after: after === null ? undefined : right }];
}

export interface DiffLine {
  readonly kind: 'same' | 'gone' | 'new';
  readonly text: string;
}

/** Lines beyond which a difference is not worked out, only shown as old and new. */
const maxDiffLines = 2_000;

/** Lines of two texts, by their longest common subsequence. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  if (old.length > maxDiffLines || now.length > maxDiffLines) {
    return [
      ...old.map((text) => ({ kind: 'gone', text }) as const),
      ...now.map((text) => ({ kind: 'new', text }) as const),
    ];
  }
  // lengths[i][j]: of the longest common subsequence of old from i and now from j.
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = now.length - 1; j >= 0; j--) {
      lengths[i]![j] =
        old[i] === now[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: 'same', text: old[i]! });
      i++;
      j++;
    } else if (j >= now.length || (i < old.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      lines.push({ kind: 'gone', text: old[i++]! });
    } else lines.push({ kind: 'new', text: now[j++]! });
  }
  return lines;
}

function isBranch(value: Json): value is Json[] | (Record<string, Json> & object) {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function entries(value: object): Map<string, Json> {
  return new Map(Object.entries(value) as [string, Json][]);
}

function leaves(value: Json, path: string): [string, string][] {
  if (!isBranch(value)) return value === null ? [] : [[path, write(value)]];
  return [...entries(value)]
    .filter(([key]) => !silentKeys.has(key))
    .flatMap(([key, below]) => leaves(below, path === '' ? key : `${path}.${key}`));
}

function write(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
