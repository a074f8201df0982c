// The origin of the chaos runs, a process of its own on a home's host. It says `{"http":PORT,"grpc":PORT}` when it is up.
//
//   GET  /content/KEY/SIZE   the content of the key          POST /check/KEY/SIZE   whether the body was that content
//   GET  /slow/MS            an answer that takes its time    WebSocket             an echo
//   GET  /bomb/1             gzip that swells to a gigabyte
//   TCP  gives back what it gets, and ends when its client does
//   GET  /events/FROM        an event every 100 ms, numbered from FROM on            /chaos.Calls/Echo   gRPC, an echo
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';
import { Comparison, Content } from './content.ts';
import { echoMethod } from './grpc-echo.ts';

const eventEveryMs = 100;
const pieceBytes = 65_536;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    http: { type: 'string', default: '0' },
    grpc: { type: 'string', default: '0' },
    tcp: { type: 'string', default: '0' },
  },
});
/** 16 MiB of zeros, 64 times: a gigabyte for whoever takes it apart (RFC 1952: members follow each other). */
const member = gzipSync(Buffer.alloc(1 << 24));
const bomb = Buffer.concat(Array.from({ length: 64 }, () => member));
const bombHead = { 'content-encoding': 'gzip', 'content-type': 'text/plain', 'content-length': bomb.length };
const content = new Content(Number(values.seed));

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  response.on('error', () => undefined);
  const [what, key, size] = (request.url ?? '/').slice(1).split('/');
  if (what === 'content') return sendContent(response, Number(key), Number(size));
  if (what === 'check') return checkBody(request, response, Number(key), Number(size));
  request.resume();
  if (what === 'events') return sendEvents(response, Number(key));
  if (what === 'bomb') return void response.writeHead(200, bombHead).end(bomb);
  if (what === 'slow') setTimeout(() => response.end('slow'), Number(key));
  else response.end('hello');
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => {
  socket.on('error', () => undefined);
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

const calls = new grpc.Server();
calls.addService({ Echo: echoMethod }, {
  Echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) =>
    done(null, call.request),
} as grpc.UntypedServiceImplementation);

const echo = createTcpServer((socket) => {
  socket.on('error', () => undefined);
  socket.pipe(socket);
});

echo.listen(Number(values.tcp), '127.0.0.1');
server.listen(Number(values.http), '127.0.0.1', () => {
  calls.bindAsync(`127.0.0.1:${values.grpc}`, grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    const http = (server.address() as AddressInfo).port;
    process.stdout.write(`${JSON.stringify({ http, grpc: port })}\n`);
  });
});

function sendContent(response: ServerResponse, key: number, size: number): void {
  response.writeHead(200, { 'content-length': size, 'content-type': 'application/octet-stream' });
  let sent = 0;
  const more = (): void => {
    while (sent < size && !response.destroyed) {
      const piece = content.slice(key, sent, Math.min(pieceBytes, size - sent));
      sent += piece.length;
      if (!response.write(piece)) return void response.once('drain', more);
    }
    response.end();
  };
  more();
}

function checkBody(request: IncomingMessage, response: ServerResponse, key: number, size: number): void {
  const comparison = new Comparison(content, key);
  request.on('error', () => undefined);
  request.on('data', (chunk: Buffer) => comparison.add(chunk));
  request.on('end', () => {
    const isRight = comparison.bytes === size && comparison.wrongBytes === 0;
    response.writeHead(isRight ? 200 : 422).end(`${comparison.bytes} ${comparison.wrongBytes}`);
  });
}

function sendEvents(response: ServerResponse, from: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  let next = from;
  const send = (): void => void response.write(`id: ${next}\ndata: ${next++}\n\n`);
  send();
  const timer = setInterval(send, eventEveryMs);
  response.on('close', () => clearInterval(timer));
}
