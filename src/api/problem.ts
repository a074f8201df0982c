// Errors of the API: problem details (RFC 9457). `code` is stable and is what programs look at; `detail` is one sentence
// for people, with the cure.
import { z } from 'zod';
import type { ErrorCode } from '#base/errors.ts';

/** Codes that the API answers with, and the HTTP status of each. Whatever else goes wrong is `internal`. */
export const problemStatus = {
  invalid: 422,
  'config-invalid': 422,
  'certificate-invalid': 422,
  usage: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'in-use': 409,
  'precondition-failed': 412,
  'limit-exceeded': 413,
  'media-type-unsupported': 415,
  'too-many-requests': 429,
  'dns-unreachable': 502,
  'dns-refused': 502,
  'dns-limited': 503,
  'store-unavailable': 503,
  internal: 500,
} as const satisfies Partial<Record<ErrorCode, number>>;

export type ProblemCode = keyof typeof problemStatus;

export const problemSchema = z
  .object({
    type: z.string().meta({ description: '`urn:sallyport:problem:` and the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'One sentence: what is wrong and what to do about it.' }),
    code: z.string(),
    requestId: z.string().optional(),
    /** Faults of single values. */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** What depends on the object that cannot be deleted. */
    dependents: z.array(z.object({ noun: z.string(), id: z.string(), name: z.string() })).optional(),
    /** Seconds to wait. */
    retryAfter: z.number().optional(),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;
