// Which line a fault of a text belongs to, out of what the API said about it.
import type { Problem } from '#api/problem.ts';

/** Faults by line, counted from 1. A problem without single faults may still name a line in its sentence. */
export function faultsByLine(problem: Pick<Problem, 'detail' | 'errors'>): Map<number, string> {
  const faults = new Map<number, string>();
  const sources = problem.errors?.length ? problem.errors : [{ path: '', message: problem.detail }];
  for (const { path, message } of sources) {
    const line = lineIn(path) ?? lineIn(message);
    if (line === undefined) continue;
    const before = faults.get(line);
    faults.set(line, before === undefined ? message : `${before}; ${message}`);
  }
  return faults;
}

function lineIn(text: string): number | undefined {
  const match = /\bline (\d+)\b/i.exec(text) ?? /:(\d+)(?::\d+)?(?::|$)/.exec(text);
  return match === null ? undefined : Number(match[1]);
}
