// The connector's local HTTP server: /metrics, /ready, /healthcheck and /config, as cloudflared has them (shared facts,
// tunnels.md 2g), on this machine only unless told otherwise. No debug endpoints.
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createHttpServer } from '#base/net/node-http.ts';
import type { AddressInfo } from 'node:net';
import { errorText, SallyportError } from '#base/errors.ts';
import { parseAuthority } from '#base/net/hostname.ts';
import { formatEndpoint } from '#base/net/ip.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { ConnectorStatus } from './connector-state.ts';

export interface MetricsServerOptions {
  /** `host:port` as given by `--metrics`; '' takes the first free of 127.0.0.1:20241 to 20245, else any. */
  readonly listen: string;
  readonly metrics: MetricsRegistry;
  state(): ConnectorStatus;
  rules(): readonly IngressRule[];
}

export interface MetricsServer {
  /** `host:port`, as it can be asked. */
  readonly address: string;
  close(): Promise<void>;
}

const knownPorts = [20_241, 20_242, 20_243, 20_244, 20_245];
/** cloudflared's limit for reading a request and writing its answer. */
const timeoutMs = 10_000;

/** @throws SallyportError 'listen-failed' when the address named cannot be had, 'config-invalid' when it is none */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    handle(options, request, response);
  const servers =
    options.listen === '' ? [await listenOnKnownPort(answer)] : await listenOn(options.listen, answer);
  const { address, port } = servers[0]!.address() as AddressInfo;
  return {
    address: formatEndpoint(address, port),
    async close() {
      await Promise.all(
        servers.map((server) => {
          server.closeAllConnections();
          return new Promise((resolve) => server.close(resolve));
        }),
      );
    },
  };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function listenOnKnownPort(handler: Handler): Promise<Server> {
  for (const port of knownPorts) {
    const server = await tryListen('127.0.0.1', port, handler).catch(() => undefined);
    if (server) return server;
  }
  return tryListen('127.0.0.1', 0, handler);
}

/** `localhost` means both families, and is content with one; the others mean themselves. */
async function listenOn(text: string, handler: Handler): Promise<Server[]> {
  const place = parseListen(text);
  if (place.host !== 'localhost') return [await tryListen(place.host, place.port, handler)];
  const v4 = await tryListen('127.0.0.1', place.port, handler);
  const { port } = v4.address() as AddressInfo;
  const v6 = await tryListen('::1', port, handler).catch(() => undefined);
  return v6 ? [v4, v6] : [v4];
}

function parseListen(text: string): { host: string | undefined; port: number } {
  const isEveryAddress = text.startsWith(':');
  const place = parseAuthority(isEveryAddress ? `localhost${text}` : text);
  if (place?.port !== undefined) return { host: isEveryAddress ? undefined : place.host, port: place.port };
  throw new SallyportError('config-invalid', `The metrics address "${text}" is not of the form host:port.`);
}

async function tryListen(host: string | undefined, port: number, handler: Handler): Promise<Server> {
  const server = createHttpServer({ requestTimeout: timeoutMs, headersTimeout: timeoutMs }, handler);
  server.setTimeout(timeoutMs);
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new SallyportError(
      'listen-failed',
      `The metrics address ${formatEndpoint(host ?? '*', port)} could not be opened (${errorText(error)}); choose another with --metrics.`,
      { cause: error },
    );
  }
  return server;
}

function handle(options: MetricsServerOptions, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(response, 405, 'text/plain', 'Method Not Allowed\n');
  switch (request.url?.split('?')[0]) {
    case '/metrics':
      return send(response, 200, 'text/plain; version=0.0.4; charset=utf-8', options.metrics.text());
    case '/healthcheck':
      return send(response, 200, 'text/plain; charset=utf-8', 'OK\n');
    case '/ready':
      return sendReady(response, options.state());
    case '/config':
      return sendJson(response, 200, configOf(options));
    default:
      return send(response, 404, 'text/plain; charset=utf-8', '404 page not found\n');
  }
}

/** cloudflared's three keys first, then what it does not tell. */
function sendReady(response: ServerResponse, status: ConnectorStatus): void {
  const code = status.readyConnections > 0 ? 200 : 503;
  const {
    readyConnections,
    connectorId,
    state,
    detail,
    configError,
    clockSkewMs,
    openStreams,
    rulesVersion,
    pushedVersion,
  } = status;
  sendJson(response, code, {
    status: code,
    readyConnections,
    connectorId,
    state,
    ...(detail === '' ? {} : { detail }),
    ...(configError === '' ? {} : { configError }),
    ...(clockSkewMs === undefined ? {} : { clockSkewMs: Math.round(clockSkewMs) }),
    openStreams,
    rulesVersion,
    ...(pushedVersion === 0 ? {} : { pushedVersion }),
  });
}

function configOf(options: MetricsServerOptions): object {
  return {
    version: options.state().rulesVersion,
    config: {
      ingress: options.rules().map(({ hostname, path, service, originRequest }) => ({
        ...(hostname === '' ? {} : { hostname }),
        ...(path === '' ? {} : { path }),
        service: service.text,
        originRequest,
      })),
    },
  };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json', `${JSON.stringify(body)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}
