// The one error class of Sallyport and the catalogue of its codes.
//
// Behaviour follows the code (what kind of failure this is), never the text. The text is for the
// operator: what was attempted, with what, and what to do about it. `cause` carries the layer below.

/** Every error code, with what it means. A code is stable: it appears in logs, metrics and JSON output. */
export const errorCodes = {
  'config-invalid': 'a configuration file or flag has a value that cannot be used',
  'config-missing': 'a configuration file, key or flag that is needed is not there',
  usage: 'the command line could not be understood',
  'listen-failed': 'a port or socket could not be opened',
  'file-unreadable': 'a file that is needed could not be read',
  'file-unwritable': 'a file could not be written',
  'credentials-invalid': 'a token, secret or credentials file is empty or malformed',
  'certificate-invalid': 'a certificate or its key cannot be used',
  'authority-unreachable': 'a certificate authority could not be reached or is out of order',
  'authority-refused': 'a certificate authority refused what was asked',
  'authority-busy': 'a certificate authority asks to wait before the next request',
  'validation-failed': 'a certificate authority could not see that a hostname leads to this edge',
  'protocol-violation': 'the peer broke the rules of its protocol',
  'limit-exceeded': 'a limit on size, count or time was passed',
  'edge-unreachable': 'the edge could not be reached',
  'edge-refused': 'the edge refused this connector',
  'connector-lost': 'the connection to the connector went away',
  'origin-refused': 'the origin refused the connection',
  'origin-timeout': 'the origin did not answer in time',
  'origin-unreachable': 'the origin could not be found or reached',
  'origin-tls': 'the TLS handshake with the origin failed',
  'origin-protocol': 'the origin answered with something that is not valid HTTP',
  'not-found': 'there is no such object',
  conflict: 'somebody else changed the object or the state meanwhile, or the name is taken',
  'precondition-failed': 'the object was changed since it was read',
  'in-use': 'other objects depend on this one',
  invalid: 'a value cannot be used',
  unauthenticated: 'nobody has signed in, or the key or session is not valid any more',
  forbidden: 'whoever asks may not do this',
  'too-many-requests': 'too many attempts in a short time',
  'method-not-allowed': 'the API has this path, but not with this method',
  'media-type-unsupported': 'a request body is not of the type that the API takes',
  'store-unavailable': 'the store cannot be reached or written',
  'store-corrupt': 'the store holds something that cannot be read',
  'dns-unreachable': 'a DNS server or provider could not be reached or gave no usable answer',
  'dns-refused': 'a DNS server or provider refused what was asked',
  'dns-limited': 'a DNS provider asks for patience: its rate limit was reached',
  'mail-unreachable': 'the mail server could not be reached, or takes no mail at the moment',
  'mail-refused': 'the mail server refused the edge, the sender or the recipient',
  'handover-failed': 'a successor of the running edge did not come up; the edge goes on',
  aborted: 'the work was cancelled',
  internal: 'a fault of Sallyport itself',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Whether `value` is a SallyportError, with the given code if one is named. */
export function isSallyportError(value: unknown, code?: ErrorCode): value is SallyportError {
  return value instanceof SallyportError && (code === undefined || value.code === code);
}

/** What a program needs to know of an error beside its code; people read the message. */
export interface ErrorFacts {
  /** Faults of single values: `hostnames.0`, or `line 7`. */
  readonly faults?: readonly { readonly path: string; readonly message: string }[];
  /** What depends on the object that was to go. */
  readonly dependents?: readonly { readonly noun: string; readonly id: string; readonly name: string }[];
  /** Seconds after which to try again. */
  readonly retryAfterS?: number;
}

/** An error whose kind is its code; `message` is one sentence that names the cause and the cure. */
export class SallyportError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; facts?: ErrorFacts }) {
    super(message, options);
    this.name = 'SallyportError';
    this.code = code;
    this.facts = options?.facts ?? {};
  }
}

/** The text of anything that was thrown, without a stack. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
