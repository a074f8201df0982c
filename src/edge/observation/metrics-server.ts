// The edge's private HTTP server: /metrics for Prometheus, /healthz (the process answers), /readyz (how every part is, and by
// its status whether the edge can serve). It shows nothing of requests or secrets, but belongs on a private address all the same.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createHttpServer } from '#base/net/node-http.ts';
import type { AddressInfo } from 'node:net';
import { errorText, SallyportError } from '#base/errors.ts';
import { formatEndpoint } from '#base/net/ip.ts';
import { listenHandleOf } from '#base/io/socket-internals.ts';
import type { Health } from '#model/live/health.ts';
import { healthText } from './health-text.ts';

export interface MetricsServerOptions {
  readonly host: string | undefined;
  readonly port: number;
  /** A socket that listens there already, handed over by the edge before this one. */
  readonly handle?: number;
  /** All metrics, as Prometheus reads them. */
  readonly text: () => Promise<string>;
  /** What /readyz reports. */
  readonly health: () => Health;
}

/** A listening metrics server. */
export interface MetricsServer {
  /** `http://127.0.0.1:9464` */
  readonly url: string;
  /** Its listening socket, to be handed over. */
  readonly handle: number | undefined;
  close(): Promise<void>;
}

const requestTimeoutMs = 10_000;
const maxConnections = 64;

/** Opens the server. @throws SallyportError 'listen-failed' */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const server = createHttpServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    const [path, query] = (request.url ?? '/').split('?', 2) as [string, string | undefined];
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return send(response, 405, 'text/plain', 'GET only\n');
    if (path === '/readyz') return answerReady(options.health(), wantsText(request, query), response);
    return answer(options, path, response);
  });
  server.maxConnections = maxConnections;
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  const host = address === '::' || address === '0.0.0.0' ? '127.0.0.1' : address;
  return {
    url: `http://${formatEndpoint(host, port)}`,
    handle: listenHandleOf(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(options: MetricsServerOptions, path: string, response: ServerResponse): void {
  if (path === '/metrics') return void sendMetrics(options, response);
  if (path === '/healthz') return send(response, 200, 'text/plain', 'OK\n');
  return send(response, 404, 'text/plain', 'Try /metrics, /healthz or /readyz\n');
}

/** 503 only while the edge cannot serve: what else is not well must not make a balancer take it out. */
function answerReady(health: Health, isText: boolean, response: ServerResponse): void {
  const status = health.isServing ? 200 : 503;
  if (isText) return send(response, status, 'text/plain; charset=utf-8', healthText(health));
  return send(response, status, 'application/json', `${JSON.stringify({ status, ...health })}\n`);
}

/** JSON, unless the asker says otherwise or is a person at a terminal. */
function wantsText({ headers }: IncomingMessage, query: string | undefined): boolean {
  const format = new URLSearchParams(query).get('format');
  if (format !== null) return format === 'text';
  if ((headers.accept ?? '').startsWith('text/plain')) return true;
  return /^(curl|Wget)\//.test(headers['user-agent'] ?? '') && !(headers.accept ?? '').includes('json');
}

async function sendMetrics({ text }: MetricsServerOptions, response: ServerResponse): Promise<void> {
  try {
    send(response, 200, 'text/plain; version=0.0.4', await text());
  } catch (error) {
    send(response, 500, 'text/plain', `${errorText(error)}\n`);
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

function listen(server: Server, { host, port, handle }: MetricsServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = formatEndpoint(host ?? '::', port);
      reject(
        new SallyportError(
          'listen-failed',
          `The metrics server could not listen on ${where} (${errorText(error)}); choose another address under listen.metrics.`,
          { cause: error },
        ),
      );
    });
    server.listen(handle === undefined ? { host, port } : { fd: handle }, resolve);
  });
}
