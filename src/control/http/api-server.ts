// The API over HTTP: from a request to an operation, who asks, whether he may, what he wants; then the handler, and its
// answer as JSON. It opens no port: the edge hands connections over (a hostname of its own, or the local socket file).
//
// Deny by default: an operation that names no scope cannot be written, and what the contract does not list is not found.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { createHttpServer } from '#base/net/node-http.ts';
import { faultText, plainIssues } from '#model/schema-faults.ts';
import { operations } from '#api/api.ts';
import { apiBase, type Operation } from '#api/operation.ts';
import {
  type ApiRequest,
  type CallContext,
  type Handlers,
  type Identity,
  type Redirection,
  type StreamWriter,
} from './handler.ts';
import { problemOf } from './api-problem.ts';
import { OperationRouter } from './operation-router.ts';
import { readJsonBody } from './json-body.ts';
import { discardRest, refuseNoHttp } from './refused-request.ts';
import { refuseForgery } from './same-origin.ts';

/**
 * Who stands behind a request; nobody when it carries no proof. Asked again while a stream runs (`recheck`), which is no
 * use of the proof.
 * @throws SallyportError for proof that is not valid
 */
export type Identify = (request: ApiRequest, occasion: 'request' | 'recheck') => Promise<Identity>;

export interface ApiServerOptions {
  readonly handlers: Handlers;
  readonly identify: Identify;
  readonly clock: Clock;
  readonly log: Log;
  /** Draws an id for a request that brings none. */
  readonly newRequestId: () => string;
  /** Path before `apiBase` when the dashboard lives below one, such as `/sallyport`; '' at the root. */
  readonly basePath: string;
  /** Answers what is not below the API: the dashboard's files. */
  readonly serveOther: (request: IncomingMessage, response: ServerResponse, path: string) => void;
}

/** How long a stream may outlive the right to read it. */
const recheckMs = 1_000;

type AnyHandler = (input: unknown, context: CallContext) => unknown;

/** Makes a server that listens nowhere: connections are given to it. `isLocal`: those of the socket file. */
export function createApiServer(options: ApiServerOptions, isLocal: boolean): Server {
  const router = new OperationRouter(Object.values(operations) as Operation[]);
  const server = createHttpServer((request, response) => {
    const { pathname, query } = splitTarget(request.url ?? '/');
    const below = pathBelow(pathname, options.basePath);
    const apiPath = below === undefined ? undefined : pathBelow(below, apiBase);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (apiPath === undefined) return options.serveOther(request, response, below ?? pathname);
    void new ApiCall(options, { request, response, isLocal }).answer(router, apiPath, query);
  });
  server.on('clientError', refuseNoHttp);
  return server;
}

/** `path` below `base`, undefined when it is elsewhere. */
export function pathBelow(path: string, base: string): string | undefined {
  if (base === '' || base === '/') return path;
  if (path === base) return '/';
  return path.startsWith(`${base}/`) ? path.slice(base.length) : undefined;
}

function splitTarget(target: string): { pathname: string; query: URLSearchParams } {
  const mark = target.indexOf('?');
  return {
    pathname: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark)),
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly isLocal: boolean;
}

/** One request to the API. */
class ApiCall {
  readonly #options: ApiServerOptions;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #request: ApiRequest;
  readonly #gone = new AbortController();

  constructor(options: ApiServerOptions, { request, response, isLocal }: Exchange) {
    this.#options = options;
    this.#message = request;
    this.#response = response;
    this.#request = describeRequest(request, isLocal, options.newRequestId);
    response.on('close', () => this.#gone.abort(new Error('the client went away')));
    response.on('error', () => undefined);
    response.setHeader('Cache-Control', 'no-store');
    // An answer is data: no page to look at, frame, or load into another site's.
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    response.setHeader('X-Request-Id', this.#request.requestId);
  }

  async answer(router: OperationRouter, path: string, query: URLSearchParams): Promise<void> {
    try {
      const match = router.match(this.#request.method === 'HEAD' ? 'GET' : this.#request.method, path);
      if (match.kind === 'none') {
        throw new SallyportError('not-found', `The API has no ${path}; openapi.json lists what it has.`);
      }
      if (match.kind === 'other-method') {
        this.#response.setHeader('Allow', match.allowed.join(', '));
        throw new SallyportError(
          'method-not-allowed',
          `${path} takes ${match.allowed.join(', ')}, not ${this.#request.method}.`,
        );
      }
      await this.#run(match.operation, match.params, query);
    } catch (error) {
      this.#fail(error);
    }
  }

  async #run(operation: Operation, params: Record<string, string>, query: URLSearchParams): Promise<void> {
    const identity = await this.#options.identify(this.#request, 'request');
    if (!operation.isLedTo) refuseForgery(this.#request, identity);
    requireScope(operation, identity);
    const context: CallContext = {
      identity,
      caller: {
        actor: identity.actor,
        address: this.#request.address,
        requestId: this.#request.requestId,
      },
      request: this.#request,
      signal: this.#gone.signal,
      addHeader: (name, value) => this.#response.appendHeader(name, value),
    };
    const input = {
      params: operation.params && parsed(operation.params, params, 'path'),
      query: operation.query && parsed(operation.query, Object.fromEntries(query), 'query'),
      body: operation.body && parsed(operation.body, await readJsonBody(this.#message), 'body'),
      ifMatch: versionOf(this.#message.headers['if-match']),
    };
    const handler = this.#options.handlers[operation.id as keyof Handlers] as AnyHandler;
    const result = await handler(input, context);
    if (operation.stream) return await this.#stream(operation, result as StreamWriter);
    if (operation.redirect) return this.#leadOn(result as Redirection);
    this.#send(operation, result);
  }

  /** 303: whatever brought the browser here, it goes on with GET. Its address holds secrets that are nobody else's. */
  #leadOn({ location }: Redirection): void {
    this.#response.writeHead(303, { Location: location, 'Referrer-Policy': 'no-referrer' }).end();
  }

  async #stream(operation: Operation, write: StreamWriter): Promise<void> {
    this.#response.setHeader('Content-Type', operation.stream!);
    if (this.#request.method === 'HEAD') return void this.#response.end();
    const unwatch = this.#watchRights(operation);
    try {
      await write(this.#response, this.#gone.signal);
    } finally {
      unwatch();
    }
  }

  /** A stream ends soon after whoever reads it has lost the right to: signed out, revoked, disabled, demoted. */
  #watchRights(operation: Operation): () => void {
    const { clock, identify } = this.#options;
    let timer: Timer | undefined;
    const check = async (): Promise<void> => {
      try {
        requireScope(operation, await identify(this.#request, 'recheck'));
      } catch (error) {
        if (!isSallyportError(error, 'store-unavailable')) return this.#endStream(operation);
      }
      if (!this.#gone.signal.aborted) watch();
    };
    const watch = (): void => {
      timer = clock.after(recheckMs, () => void check());
    };
    watch();
    return () => timer?.cancel();
  }

  /** Events may end anywhere, and the browser takes it as an end; a file that is not whole must not look so. */
  #endStream(operation: Operation): void {
    if (operation.stream === 'text/event-stream') this.#response.end();
    else this.#response.destroy();
  }

  #send(operation: Operation, result: unknown): void {
    const response = this.#response;
    if (operation.result === undefined) return void response.writeHead(204).end();
    const version = (result as { version?: unknown } | null)?.version;
    if (operation.isVersioned && typeof version === 'number') response.setHeader('ETag', `"${version}"`);
    sendJson(response, operation.creates ? 201 : 200, 'application/json', result);
  }

  #fail(error: unknown): void {
    const { log } = this.#options;
    if (this.#gone.signal.aborted) return;
    const problem = problemOf(error, this.#request.requestId, log);
    if (this.#response.headersSent) {
      log.warn('A stream of the API was cut short', {
        requestId: this.#request.requestId,
        error: errorText(error),
      });
      return void this.#response.destroy();
    }
    if (problem.retryAfter !== undefined) {
      this.#response.setHeader('Retry-After', String(Math.ceil(problem.retryAfter)));
    }
    if (problem.status === 401) this.#response.setHeader('WWW-Authenticate', 'Bearer realm="sallyport"');
    discardRest(this.#message);
    sendJson(this.#response, problem.status, 'application/problem+json', problem);
  }
}

function sendJson(response: ServerResponse, status: number, type: string, value: unknown): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** The part of a request that decides who asks. */
export function describeRequest(
  request: IncomingMessage,
  isLocal: boolean,
  newRequestId: () => string,
): ApiRequest {
  const header = (name: string): string => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(', ') : (value ?? '');
  };
  return {
    method: request.method ?? 'GET',
    header,
    authority: header('host'),
    isSecure: header('x-forwarded-proto') === 'https',
    // The edge strips what a client says of itself and writes these two fields anew.
    address: isLocal ? '' : header('x-real-ip'),
    requestId: isRequestId(header('x-request-id')) ? header('x-request-id') : newRequestId(),
    isLocal,
  };
}

/** The edge's own ids, and what a program on this machine may send: it is kept with every change, and said back. */
function isRequestId(text: string): boolean {
  return /^[\w.:-]{1,64}$/.test(text);
}

/** @throws SallyportError 'unauthenticated' or 'forbidden' */
function requireScope({ scope, summary }: Operation, identity: Identity): void {
  if (scope === 'nobody') return;
  if (identity.actor.kind === 'nobody') {
    throw new SallyportError(
      'unauthenticated',
      'Sign in first, or send an API key as "Authorization: Bearer ...".',
    );
  }
  if (scope === 'self' || identity.scopes.has(scope)) return;
  throw new SallyportError(
    'forbidden',
    `${identity.actor.name} may not do this (${summary.toLowerCase()}); it takes the scope ${scope}.`,
  );
}

function parsed(schema: z.ZodType, value: unknown, part: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = plainIssues(result.error.issues)
    .slice(0, 50)
    .map((issue) => ({ path: issue.path.join('.'), message: faultText(issue) }));
  const [first] = faults;
  const where = first!.path === '' ? `The ${part}` : `${first!.path} (${part})`;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  throw new SallyportError('invalid', `${where}: ${first!.message}${more}.`, { facts: { faults } });
}

/** `"7"` or `W/"7"`; undefined when absent or `*`. One that is empty is neither: whoever sent it meant to be guarded. */
function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const [, digits] = /^(?:W\/)?"(\d{1,15})"$/.exec(ifMatch) ?? [];
  if (digits !== undefined) return Number(digits);
  throw new SallyportError('usage', 'If-Match is the ETag of the object as it was read, such as "7".');
}
