// Two readers of HTTP/1.1 requests side by side: our own client connection and Node's parser (llhttp). Both read the
// same bytes from a real socket on loopback; each says which requests it saw and whether it refused the connection.
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  METHODS,
  type ServerResponse,
} from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Http1Front } from '#edge/http1/http1-front.ts';
import type { Downstream, RequestHead, Upstream } from '#http/exchange.ts';
import { pause, within } from '../support/eventually.ts';
import { ListFields } from '#http/list-fields.ts';
import { defaultLimits, defaultTimeouts } from '#model/edge-snapshot.ts';
import type { Http1Head } from '#wire/http1-head.ts';

/** One request as a reader framed it. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  /** name, value, name, value; as received, values trimmed. */
  readonly fields: readonly string[];
  body: string;
  isComplete: boolean;
}

/** What a reader made of one connection's bytes. */
export interface Reading {
  readonly requests: ReadRequest[];
  /** The error's code, or '' when nothing was wrong. */
  refusal: string;
}

/** A reader on a loopback port. */
export interface Reader {
  read(bytes: string): Promise<Reading>;
  close(): Promise<void>;
}

/** Time for the answers and events that follow the last byte. */
const settleMs = 20;
/** More than a busy machine needs. */
const deadlineMs = 60_000;

/** Methods llhttp knows; others it refuses by design and we pass on (RFC 9110 section 16.1). */
export const llhttpMethods: ReadonlySet<string> = new Set(METHODS);

/** Our own front, with an upstream that answers every request with an empty 200. */
export async function startOurReader(): Promise<Reader> {
  const readings = new Map<number, Reading>();
  /** A connection that comes late has nobody who asks for its reading any more. */
  const readingOf = (port: number): Reading => readings.get(port) ?? { requests: [], refusal: '' };
  const front = new Http1Front({
    // Over plain TCP a client may end its side and still read the answers, as it may with Node.
    scheme: 'http',
    now: () => Date.now(),
    newRequestId: () => 'id',
    requestIdOf: () => 'id',
    start: (request, downstream) =>
      new RecordingUpstream(request, downstream, readingOf(request.client.port)),
    isMisdirected: () => false,
    takesUpgrade: () => false,
    upgradeTaken: () => undefined,
    refused({ code, client, detail }) {
      const reading = readings.get(client.port);
      if (reading !== undefined) reading.refusal = `${code}: ${detail}`;
    },
    limits: defaultLimits,
    timeouts: defaultTimeouts,
    upgrades: [],
  });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const port = socket.remotePort!;
    readings.set(port, { requests: [], refusal: '' });
    front.accept(socket, {
      address: '127.0.0.1',
      port,
      peerAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
      localPort: 443,
      serverName: '',
    });
  });
  return readerOn(server, untilClosed, (port) => {
    const reading = readingOf(port);
    readings.delete(port);
    return reading;
  });
}

class RecordingUpstream implements Upstream {
  readonly #downstream: Downstream;
  readonly #request: ReadRequest;
  readonly #reading: Reading;

  constructor(head: RequestHead, downstream: Downstream, reading: Reading) {
    this.#downstream = downstream;
    const raw = head.fields as Http1Head;
    const fields: string[] = [];
    raw.forEach((name, value) => fields.push(name, value));
    this.#request = { method: head.method, target: raw.target, fields, body: '', isComplete: false };
    this.#reading = reading;
    reading.requests.push(this.#request);
    if (head.bodyKind === 'none' || head.contentLength === 0) setImmediate(() => this.endBody());
  }

  writeBody(chunk: Buffer): boolean {
    this.#request.body += chunk.toString('latin1');
    return true;
  }

  endBody(): void {
    if (this.#request.isComplete) return;
    this.#request.isComplete = true;
    setImmediate(() => {
      this.#downstream.respond({
        status: 200,
        fields: new ListFields([]),
        bodyKind: 'length',
        contentLength: 0,
      });
      this.#downstream.end(null);
    });
  }

  downstreamDrained(): void {}

  /** A body that breaks off or breaks the rules. */
  abort(reason: string): void {
    if (!this.#request.isComplete) this.#reading.refusal = reason;
  }
}

/** Node's HTTP server, which parses with llhttp. */
export async function startLlhttpReader(): Promise<Reader> {
  const readings = new Map<number, Reading>();
  const server = createHttpServer({ requireHostHeader: true, maxHeaderSize: defaultLimits.headBytes });
  const onRequest = (message: IncomingMessage, response: ServerResponse): void => {
    const request: ReadRequest = {
      method: message.method ?? '',
      target: message.url ?? '',
      fields: [...message.rawHeaders],
      body: '',
      isComplete: false,
    };
    readings.get(message.socket.remotePort!)?.requests.push(request);
    message.on('data', (chunk: Buffer) => (request.body += chunk.toString('latin1')));
    message.on('end', () => {
      request.isComplete = true;
      response.end();
    });
    message.on('error', () => undefined);
  };
  server.on('connection', (socket: Socket) =>
    readings.set(socket.remotePort!, { requests: [], refusal: '' }),
  );
  server.on('request', onRequest).on('checkContinue', onRequest).on('checkExpectation', onRequest);
  server.on('connect', (message: IncomingMessage, socket: Socket) => {
    const reading = readings.get(socket.remotePort!);
    if (reading) reading.refusal = `CONNECT ${message.url}`;
    socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const reading = readings.get(socket.remotePort!);
    if (reading) reading.refusal ||= error.code ?? error.message;
    socket.destroy();
  });
  return readerOn(server, untilRead, (port) => {
    const reading = readings.get(port) ?? { requests: [], refusal: 'never read' };
    readings.delete(port);
    return reading;
  });
}

/** How a reader is known to have read everything it ever will of one connection. */
type Finish = (serverSide: () => Socket | undefined, client: Socket, byteCount: number) => Promise<void>;

async function readerOn(
  server: Server | ReturnType<typeof createHttpServer>,
  finish: Finish,
  take: (port: number) => Reading,
): Promise<Reader> {
  const open = new Map<number, Socket>();
  server.on('connection', (socket: Socket) => {
    const remotePort = socket.remotePort!;
    open.set(remotePort, socket);
    socket.once('close', () => open.delete(remotePort));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    async read(bytes) {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const localPort = socket.localPort!;
      socket.on('error', () => undefined).resume();
      socket.write(Buffer.from(bytes, 'latin1'));
      await finish(() => open.get(localPort), socket, bytes.length);
      const reading = take(localPort);
      socket.destroy();
      return reading;
    },
    async close() {
      for (const socket of open.values()) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Everything is read and answered; then the client ends its side and ours closes. */
async function untilClosed(
  serverSide: () => Socket | undefined,
  client: Socket,
  byteCount: number,
): Promise<void> {
  await untilRead(serverSide, client, byteCount);
  client.end();
  if (!client.destroyed)
    await within('our side closes after the client has ended', deadlineMs, once(client, 'close'));
}

/** Until the server's end of the connection has read every byte, or either end is closed. */
async function untilRead(
  serverSide: () => Socket | undefined,
  client: Socket,
  byteCount: number,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  let wasAccepted = false;
  for (;;) {
    const socket = serverSide();
    wasAccepted ||= socket !== undefined;
    const isOver = client.destroyed || (wasAccepted && (socket === undefined || socket.destroyed));
    if (isOver || (socket !== undefined && socket.bytesRead >= byteCount)) break;
    if (Date.now() > deadline) throw new Error('a reader did not read what was sent');
    await pause(2);
  }
  await pause(settleMs);
}
