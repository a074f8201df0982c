// Sends the requests of the API's client from the page: below the dashboard's base path, with the session's cookie. It
// also tells whoever listens when the edge cannot be reached, or when the session has ended.
import { ApiError, type Send } from '#api/client.ts';
import { basePath } from '../base-path.ts';

/** The edge gave no answer at all. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('The edge does not answer. The page tries again by itself.', { cause });
    this.name = 'UnreachableError';
  }
}

/** `fetch` on the page's own origin. */
export const sendFromPage: Send = async (path, init) => {
  try {
    return await fetch(`${basePath()}${path.slice(1)}`, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new UnreachableError(error);
  }
};

/** Whether an error means that nobody is signed in (any more). */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.problem.code === 'unauthenticated';
}

/** Whether it makes sense to ask again: nobody answered, or the edge is in trouble of its own. */
export function isPassing(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ApiError && error.problem.status >= 500);
}

/** What to show of anything that was thrown: the sentence of a problem, or of our own making. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
