// The WebSocket server behind the tunnel: the ws package for everything that it does, raw bytes for the rest.
//   /echo    every message back, subprotocol `chat` of those offered, deflate when offered
//   /close   closes with the code and reason that a message names: `4001 reason`
//   /bulk    sends 1 MiB at once; answers `hash N` when it has received 1 MiB
//   /pieces  answers each message in three fragments with a ping between them
//   /hello   101 and the first message in one packet       /last   answers the client's FIN with a last message
//   /refuse  403 with a body
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { acceptFor, textFrame, webSocketFrame } from '../support/websocket-frames.ts';

/** How a connection ended as the origin saw it. */
export interface SeenClose {
  readonly code: number;
  readonly reason: string;
}

export const bulkBytes = 1 << 20;
const bulkPiece = 65_536;

export class WebSocketOrigin {
  /** Every end so far, in order. */
  readonly closes: SeenClose[] = [];
  /** Payloads of pings and pongs that clients sent. */
  readonly pings: string[] = [];
  readonly pongs: string[] = [];
  /** What was negotiated on the latest connection. */
  latest: { extensions: string; protocol: string } = { extensions: '', protocol: '' };
  /** What /bulk sends, and its SHA-256. */
  readonly bulk = randomBytes(bulkBytes);
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: { threshold: 0 },
    handleProtocols: (offered) => (offered.has('chat') ? 'chat' : false),
  });

  private constructor(server: Server) {
    this.#server = server;
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  static async start(): Promise<WebSocketOrigin> {
    const server = createServer((request, response) => void response.end(`plain ${request.url}`));
    const origin = new WebSocketOrigin(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Upgraded connections that are open. */
  openCount = 0;

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.openCount += 1;
    socket.on('error', () => undefined);
    socket.once('close', () => (this.openCount -= 1));
    if (request.url === '/refuse') {
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nnot you\n');
    } else if (request.url === '/hello' || request.url === '/last') {
      this.#answerRaw(request, socket);
    } else {
      this.#sockets.handleUpgrade(request, socket as Duplex, head, (client) =>
        this.#serve(client, request.url!),
      );
    }
  }

  /** By hand, so that 101 and the first frame share a packet, and the client's FIN is answered before ours. */
  #answerRaw(request: IncomingMessage, socket: Socket): void {
    const accept = acceptFor(String(request.headers['sec-websocket-key']));
    const fields = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n`;
    const hello = webSocketFrame(textFrame, Buffer.from('hello at once'), false);
    socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n`), hello]));
    socket.resume();
    socket.once('end', () => {
      socket.end(webSocketFrame(textFrame, Buffer.from('last words'), false));
      this.closes.push({ code: 0, reason: 'FIN' });
    });
  }

  #serve(client: WebSocket, path: string): void {
    this.latest = { extensions: client.extensions, protocol: client.protocol };
    client.on('error', () => undefined);
    client.on('ping', (data) => void this.pings.push(data.toString()));
    client.on('pong', (data) => void this.pongs.push(data.toString()));
    client.on('close', (code, reason) => void this.closes.push({ code, reason: reason.toString() }));
    if (path === '/bulk') this.#serveBulk(client);
    else if (path === '/pieces') servePieces(client);
    else if (path === '/close') serveClose(client);
    else client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  }

  #serveBulk(client: WebSocket): void {
    const hash = createHash('sha256');
    let received = 0;
    client.on('message', (data: Buffer) => {
      hash.update(data);
      received += data.length;
      if (received === bulkBytes) client.send(`hash ${hash.digest('hex')}`);
    });
    for (let at = 0; at < bulkBytes; at += bulkPiece) client.send(this.bulk.subarray(at, at + bulkPiece));
  }
}

function servePieces(client: WebSocket): void {
  client.on('message', (data: Buffer) => {
    const third = Math.floor(data.length / 3);
    client.send(data.subarray(0, third), { fin: false, binary: true });
    client.ping('between');
    client.send(data.subarray(third, 2 * third), { fin: false });
    client.send(data.subarray(2 * third), { fin: true });
  });
}

function serveClose(client: WebSocket): void {
  client.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text === 'terminate') return client.terminate();
    const space = text.indexOf(' ');
    if (space < 0) client.close(text === '' ? undefined : Number(text));
    else client.close(Number(text.slice(0, space)), text.slice(space + 1));
  });
}
