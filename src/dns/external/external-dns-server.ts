// HTTP around external-dns' webhook protocol (external-dns.ts). The protocol has no sign-in: it belongs on a loopback or mesh
// address, and peers may be narrowed further by address.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { type CidrSet, formatEndpoint } from '#base/net/ip.ts';
import type { Log } from '#base/log.ts';
import { listenHandleOf } from '#base/io/socket-internals.ts';
import { createHttpServer } from '#base/net/node-http.ts';
import { changesSchema, endpointSchema } from './endpoint.ts';
import type { ExternalDns } from './external-dns.ts';

export interface ExternalDnsServerOptions {
  readonly host: string | undefined;
  readonly port: number;
  /** A socket that listens there already, handed over by the process before this one. */
  readonly handle?: number | undefined;
  readonly externalDns: ExternalDns;
  /** Peers that may ask. */
  readonly allow: CidrSet;
  readonly log: Log;
}

export interface ExternalDnsServer {
  readonly port: number;
  readonly isReady: boolean;
  readonly detail: string;
  /** Its listening socket, to be handed over. */
  readonly handle: number | undefined;
  close(): Promise<void>;
}

/** Compared letter by letter by external-dns, so without a blank. */
const mediaType = 'application/external.dns.webhook+json;version=1';
const maxBodyBytes = 8 * 1024 * 1024;
const maxConnections = 32;
/** external-dns itself waits 15 s by default. */
const requestMs = 60_000;

/** Opens the server. @throws SallyportError 'listen-failed' */
export async function startExternalDnsServer(options: ExternalDnsServerOptions): Promise<ExternalDnsServer> {
  const { log } = options;
  const stop = new AbortController();
  const server = createHttpServer({ requestTimeout: requestMs }, (request, response) => {
    answer(options, request, stop.signal).then(
      ({ status, body }) => send(response, status, body),
      (error: unknown) => {
        log.warn('A request of external-dns could not be answered', { error: errorText(error) });
        send(response, 500, { error: errorText(error) });
      },
    );
  });
  server.maxConnections = maxConnections;
  await listen(server, options);
  return {
    get port() {
      return (server.address() as AddressInfo).port;
    },
    get isReady() {
      return server.listening;
    },
    get detail() {
      const bound = server.address() as AddressInfo | null;
      return bound ? `http ${formatEndpoint(bound.address, bound.port)}` : 'closed';
    },
    get handle() {
      return listenHandleOf(server);
    },
    close: () =>
      new Promise((resolve) => {
        stop.abort(new Error('closing'));
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

async function answer(
  { externalDns, allow, log }: ExternalDnsServerOptions,
  request: IncomingMessage,
  stop: AbortSignal,
): Promise<Answer> {
  const peer = request.socket.remoteAddress ?? '';
  if (!allow.has(peer)) return { status: 403, body: { error: `${peer} is not under dns.externalDns.allow` } };
  const signal = AbortSignal.any([stop, AbortSignal.timeout(requestMs)]);
  switch (`${request.method} ${(request.url ?? '/').split('?')[0]}`) {
    case 'GET /':
      return { status: 200, body: externalDns.filter() };
    case 'GET /healthz':
      return { status: 200, body: {} };
    case 'GET /records':
      return { status: 200, body: await externalDns.records(signal) };
    case 'POST /adjustendpoints': {
      const endpoints = z.array(endpointSchema).safeParse(await jsonOf(request));
      if (!endpoints.success) return { status: 400, body: { error: 'no list of endpoints' } };
      return { status: 200, body: await externalDns.adjust(endpoints.data, signal) };
    }
    case 'POST /records': {
      const changes = changesSchema.safeParse(lowerKeys(await jsonOf(request)));
      if (!changes.success) return { status: 400, body: { error: 'no changes of endpoints' } };
      const { faults } = await externalDns.apply(changes.data, signal);
      if (faults.length === 0) return { status: 204 };
      log.warn('external-dns asked for records that could not be made', { faults: faults.slice(0, 20) });
      return { status: 500, body: { error: faults.join('; ').slice(0, 4000) } };
    }
    default:
      return {
        status: 404,
        body: { error: 'GET /, GET /records, POST /records and POST /adjustendpoints are here' },
      };
  }
}

/** Releases before 0.15 write the keys as Go does: `Create`, `UpdateOld`. */
function lowerKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.charAt(0).toLowerCase() + key.slice(1), item]),
  );
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes)
      throw new SallyportError('limit-exceeded', `A request of external-dns is over ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  if (status === 204) return void response.writeHead(204).end();
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'Content-Type': mediaType,
      'Content-Length': Buffer.byteLength(text),
      Vary: 'Accept',
    })
    .end(text);
}

function listen(
  server: Server,
  { host, port, handle }: Pick<ExternalDnsServerOptions, 'host' | 'port' | 'handle'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const text = `The server for external-dns could not listen on ${formatEndpoint(host ?? '::', port)} (${errorText(error)}); choose another address under dns.externalDns.listen.`;
      reject(new SallyportError('listen-failed', text, { cause: error }));
    });
    server.listen(handle === undefined ? { host, port } : { fd: handle }, resolve);
  });
}
