// What every call on a store answers after `close`, whichever database it has.
import { SallyportError } from '#base/errors.ts';

/** For a call that came too late, or was under way. */
export function closedError(attempt: string, cause?: unknown): SallyportError {
  return new SallyportError('store-unavailable', `Could not ${attempt}: the store is closed.`, { cause });
}
