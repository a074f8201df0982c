// Parameters that stand in a path. The edge refuses paths that two readers could read differently before the API sees them
// (http/request-target.ts: escaped control characters and backslashes); the contract says so, too.
import { z } from 'zod';

/** A parameter of a path: not empty, of bounded length, without control characters and backslashes. */
export function pathText(maxLength: number) {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[^\x00-\x1f\x7f\\]+$/, { error: 'has a control character or a backslash' });
}
