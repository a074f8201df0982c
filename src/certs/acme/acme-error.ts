// What goes wrong between us and a certificate authority, sorted by what can be done about it. Authorities answer with
// problem documents (RFC 8555 section 6.7, RFC 7807); networks answer with Node's codes. The scheduler follows the code
// and the time to wait, people read the sentence.
import { type ErrorCode, SallyportError } from '#base/errors.ts';
import type { WebAnswer, WebError } from '#base/net/web-client.ts';

/** Codes of the catalogue that orders fail with. */
export type AcmeErrorCode = Extract<
  ErrorCode,
  'authority-unreachable' | 'authority-refused' | 'authority-busy' | 'validation-failed'
>;

/** A problem document, as far as we read it. */
export interface AcmeProblem {
  /** The last part of `urn:ietf:params:acme:error:...`, or '' for another kind. */
  readonly type: string;
  readonly detail: string;
  /** Per hostname, where the authority says which. */
  readonly subproblems: ReadonlyMap<string, string>;
}

export interface AcmeErrorDetails {
  readonly problem?: AcmeProblem;
  /** The authority asked to wait this long. */
  readonly retryAfterMs?: number;
  /** Hostnames that are at fault, with the authority's words for each; the others of the order are not. */
  readonly failedNames?: ReadonlyMap<string, string>;
  readonly cause?: unknown;
}

/** An order, or a part of it, did not work out. */
export class AcmeError extends SallyportError {
  declare readonly code: AcmeErrorCode;
  readonly problem: AcmeProblem | undefined;
  readonly retryAfterMs: number | undefined;
  readonly failedNames: ReadonlyMap<string, string>;

  constructor(code: AcmeErrorCode, message: string, details: AcmeErrorDetails = {}) {
    super(code, message, { cause: details.cause });
    this.name = 'AcmeError';
    this.problem = details.problem;
    this.retryAfterMs = details.retryAfterMs;
    this.failedNames = details.failedNames ?? new Map();
  }
}

/** Whether `value` is an AcmeError whose problem is of this type (`badNonce`, `rateLimited`, ...). */
export function isProblem(value: unknown, type: string): value is AcmeError {
  return value instanceof AcmeError && value.problem?.type === type;
}

/** Reads a problem document out of parsed JSON; what is missing is ''. */
export function readProblem(value: unknown): AcmeProblem {
  const { type, detail, subproblems } = (value ?? {}) as Record<string, unknown>;
  const parts = new Map<string, string>();
  for (const part of Array.isArray(subproblems) ? (subproblems as Record<string, unknown>[]) : []) {
    const name = (part['identifier'] as { value?: unknown } | undefined)?.value;
    if (typeof name === 'string') parts.set(name, textOf(part['detail']));
  }
  return {
    type: textOf(type).replace(/^urn:ietf:params:acme:error:/, ''),
    detail: textOf(detail),
    subproblems: parts,
  };
}

/** The error for an answer that is no success; `what` was attempted, `authority` is the directory's host. */
export function refusal(what: string, authority: string, answer: WebAnswer, nowMs: number): AcmeError {
  const problem = readProblem(parseJson(answer.body));
  const retryAfterMs = readRetryAfter(answer.headers['retry-after'], nowMs);
  const said = problem.detail === '' ? `status ${answer.status}` : problem.detail;
  const details = { problem, retryAfterMs, failedNames: problem.subproblems };
  if (problem.type === 'rateLimited' || answer.status === 429) {
    const wait = retryAfterMs === undefined ? '' : ` It asks to wait ${Math.ceil(retryAfterMs / 1000)} s.`;
    return new AcmeError(
      'authority-busy',
      `${authority} limits how often it is asked: ${said}.${wait}`,
      details,
    );
  }
  if (answer.status >= 500 || problem.type === 'serverInternal') {
    return new AcmeError(
      'authority-unreachable',
      `${authority} is out of order (${what}: ${said}); it is asked again later.`,
      details,
    );
  }
  return new AcmeError('authority-refused', `${authority} refused ${what}: ${withStop(said)}`, details);
}

/** Faults of TLS that a wrong clock on this machine explains best. */
const clockFaults = new Set(['CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED']);
const trustFaults = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** The error for an authority that gave no answer. */
export function unreachable(authority: string, error: WebError): AcmeError {
  return new AcmeError(
    'authority-unreachable',
    `${authority} could not be reached (${error.message}); ${cureOf(error)}.`,
    {
      cause: error,
    },
  );
}

function cureOf({ code }: WebError): string {
  if (clockFaults.has(code))
    return "its certificate is not good at this machine's time: check this machine's clock";
  if (trustFaults.has(code)) return 'if it is an authority of your own, name its CA with caFile';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return "check this machine's DNS and the directory's address";
  return 'it is asked again later';
}

/** Milliseconds of a Retry-After field (seconds or a date), undefined when there is none to read. */
export function readRetryAfter(value: string | string[] | undefined, nowMs: number): number | undefined {
  const text = typeof value === 'string' ? value.trim() : '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const atMs = text === '' ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

/** JSON of a body, undefined when it is none. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function withStop(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
