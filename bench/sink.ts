// The part of the bench's origin that nginx cannot be: it reads an upload to its end before it answers, and echoes
// WebSocket messages. Run as a program: `node bench/sink.ts UPLOAD_PORT`.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => response.end(`${bytes}\n`));
});
server.requestTimeout = 0;
server.keepAliveTimeout = 600_000;
const sockets = new WebSocketServer({ server, perMessageDeflate: false, path: '/socket' });
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data as Buffer, { binary: isBinary }));
  socket.on('error', () => undefined);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
