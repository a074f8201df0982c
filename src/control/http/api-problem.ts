// Errors as the API tells them: problem details (RFC 9457), from the one error class. What is not an error of ours is a
// fault: it is logged with its stack, and the client learns the request id to ask about, nothing else.
import { httpStatusTexts } from '#base/net/node-http.ts';
import { type ErrorCode, errorText, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { type Problem, type ProblemCode, problemStatus } from '#api/problem.ts';

/** The problem for anything that was thrown. */
export function problemOf(error: unknown, requestId: string, log: Log): Problem {
  const code = error instanceof SallyportError ? codeOf(error.code) : 'internal';
  if (!(error instanceof SallyportError) || code === 'internal') {
    log.error('A request to the API failed through a fault of the edge itself', {
      requestId,
      error: error instanceof Error ? (error.stack ?? error.message) : errorText(error),
    });
    return {
      ...problemBase('internal', requestId),
      detail: `The edge has a fault; its log tells more about request ${requestId}.`,
    };
  }
  const { faults, dependents, retryAfterS } = error.facts;
  return {
    ...problemBase(code, requestId),
    detail: error.message,
    ...(faults ? { errors: [...faults] } : {}),
    ...(dependents ? { dependents: [...dependents] } : {}),
    ...(retryAfterS === undefined ? {} : { retryAfter: retryAfterS }),
  };
}

function codeOf(code: ErrorCode): ProblemCode {
  return Object.hasOwn(problemStatus, code) ? (code as ProblemCode) : 'internal';
}

/** A problem of this kind without its sentence. */
export function problemBase(code: ProblemCode, requestId?: string): Omit<Problem, 'detail'> {
  const status = problemStatus[code];
  return {
    type: `urn:sallyport:problem:${code}`,
    title: httpStatusTexts[status] ?? '',
    status,
    code,
    ...(requestId === undefined ? {} : { requestId }),
  };
}
