// One request to a service on the web (a certificate authority, a DNS provider, an OCSP responder) and its whole answer: bounded in time
// and bytes, cancelled by a signal, never redirected. Whoever needs the web is given a WebClient; only roles/ make one.
import { rootCertificates } from 'node:tls';
import type { Agent } from 'node:https';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { errorText } from '../errors.ts';
import { HttpsAgent, httpRequest, httpsRequest } from './node-http.ts';

export interface WebRequest {
  /** `https:` or `http:`. */
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** An answer of any status. */
export interface WebAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Asks and resolves with the whole answer; rejects with a WebError, or with the signal's reason. */
export type WebClient = (request: WebRequest, signal: AbortSignal) => Promise<WebAnswer>;

/** No answer was got. */
export class WebError extends Error {
  /** Node's code: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED, ... or TIMEOUT, TOO_LARGE. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WebError';
    this.code = code;
  }
}

export interface WebClientOptions {
  /** PEM of roots to trust beside the public ones; for services with a CA of their own. */
  readonly ca?: string;
  /** Value of User-Agent. */
  readonly userAgent: string;
  /** From the dial to the last byte of the answer. */
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

/** A web service that needs longer than this for one answer is as good as away. */
const defaultTimeoutMs = 30_000;
/** Certificate chains, directories and DNS zones' pages are all far smaller. */
const defaultMaxBytes = 4 * 1024 * 1024;
const maxConnections = 8;

/** A client over Node's own http and https, with connections kept alive between requests; `close` ends them. */
export function createWebClient(options: WebClientOptions): WebClient & { close(): void } {
  const agent = new HttpsAgent({
    keepAlive: true,
    maxSockets: maxConnections,
    ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }),
  });
  const client: WebClient = (request, signal) => send(request, signal, options, agent);
  return Object.assign(client, { close: () => agent.destroy() });
}

function send(
  request: WebRequest,
  signal: AbortSignal,
  options: WebClientOptions,
  agent: Agent,
): Promise<WebAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const outgoing = open(request, options, agent);
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
    const timer = setTimeout(() => {
      outgoing.destroy(new WebError('TIMEOUT', `no whole answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const onAbort = (): void => void outgoing.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
    outgoing.on('error', (error) => {
      finish();
      reject(signal.aborted ? (signal.reason as Error) : asWebError(error));
    });
    outgoing.on('response', (incoming) => {
      gather(incoming, options.maxBytes ?? defaultMaxBytes, outgoing)
        .then((body) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }))
        .catch((error: unknown) => reject(signal.aborted ? (signal.reason as Error) : asWebError(error)))
        .finally(finish);
    });
    outgoing.end(request.body);
  });
}

function open(request: WebRequest, options: WebClientOptions, agent: Agent): ClientRequest {
  const url = new URL(request.url);
  const body = request.body;
  const common: RequestOptions = {
    method: request.method,
    headers: {
      'User-Agent': options.userAgent,
      ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
      ...request.headers,
    },
  };
  if (url.protocol === 'https:') return httpsRequest(url, { ...common, agent });
  if (url.protocol === 'http:') return httpRequest(url, common);
  throw new WebError('UNSUPPORTED', `${url.protocol} is neither http: nor https:`);
}

async function gather(incoming: IncomingMessage, maxBytes: number, outgoing: ClientRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      const error = new WebError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`);
      outgoing.destroy(error);
      throw error;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function asWebError(error: unknown): WebError {
  if (error instanceof WebError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
  // Several addresses were tried: the message of the whole is empty.
  const text = errorText(error) || (error as AggregateError).errors?.map(errorText).join('; ') || code;
  return new WebError(code, text, { cause: error });
}
