// The origin of the tests of bad days: a plain web server with one path for each kind of answer that a fault may hit.
//   /hello   /slow?ms=N (answers late)   /drip?ms=N (answers in ten pieces)   /echo (gives the body back)
//   /held (in pieces until `release`)   /big?bytes=N   /sse?ms=N (an event every 50 ms, for ever without ms)   WebSocket on any path: an echo
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';

export interface WebOrigin {
  readonly port: number;
  /** As an ingress rule names it. */
  readonly url: string;
  /** Requests whose head arrived, by method and path. */
  readonly seen: Map<string, number>;
  /** Ends the answers of /held that are under way. */
  release(): void;
  close(): Promise<void>;
}

/** Starts it on a free port, or the one given. */
export async function startWebOrigin(port = 0): Promise<WebOrigin> {
  const seen = new Map<string, number>();
  const held = new Set<ServerResponse>();
  const server: Server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://origin');
    const key = `${request.method} ${pathname}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (pathname === '/held') hold(response, held);
    else answer(pathname, searchParams, request, response);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://127.0.0.1:${bound}`,
    seen,
    release() {
      for (const response of held) response.end('last');
    },
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

function answer(
  pathname: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const ms = Number(query.get('ms') ?? 0);
  response.on('error', () => undefined);
  switch (pathname) {
    case '/echo':
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      request.pipe(response);
      return;
    case '/slow': {
      request.resume();
      const timer = setTimeout(() => response.end('slow answer'), ms);
      response.on('close', () => clearTimeout(timer));
      return;
    }
    case '/drip':
      request.resume();
      return drip(response, 10, ms / 10);
    case '/sse':
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      return sendEvents(response, ms);
    case '/big':
      request.resume();
      return sendBytes(response, Number(query.get('bytes') ?? 1_000_000));
    default:
      request.resume();
      response.end('hello');
  }
}

function drip(response: ServerResponse, left: number, everyMs: number): void {
  if (left === 0) return void response.end();
  response.write('drop ');
  setTimeout(() => drip(response, left - 1, everyMs), everyMs);
}

/** A piece now and then, as somebody at work sends it, until it is released. */
function hold(response: ServerResponse, held: Set<ServerResponse>): void {
  held.add(response);
  response.on('error', () => undefined).write('drop ');
  const timer = setInterval(() => response.writableEnded || response.write('drop '), 100);
  response.on('close', () => {
    clearInterval(timer);
    held.delete(response);
  });
}

/** For ever, or for `ms` and then a last one. */
function sendEvents(response: ServerResponse, ms: number): void {
  const started = performance.now();
  let count = 0;
  response.write(`data: ${count}\n\n`);
  const timer = setInterval(() => {
    if (ms > 0 && performance.now() - started > ms) response.end('data: end\n\n');
    else response.write(`data: ${++count}\n\n`);
  }, 50);
  response.on('close', () => clearInterval(timer));
}

const block = Buffer.alloc(65_536, 'x');

function sendBytes(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'content-length': bytes });
  let left = bytes;
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      const size = Math.min(left, block.length);
      left -= size;
      if (!response.write(block.subarray(0, size))) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}
