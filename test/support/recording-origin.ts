// An origin that keeps the exact bytes of every connection and answers whatever the test says. Its reading of requests
// is deliberately plain and its own, so that it judges what a proxy forwards without sharing the proxy's parser.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** One complete request as the origin read it. */
export interface RecordedRequest {
  /** Exact bytes as latin1, head and body. */
  readonly raw: string;
  readonly requestLine: string;
  /** [name, value] as received. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
}

/** One connection to the origin. */
export interface RecordedConnection {
  /** All bytes that came, as latin1. */
  raw: string;
  readonly requests: RecordedRequest[];
  isClosed: boolean;
  readonly socket: Socket;
}

/** What to write for a request; undefined writes nothing. The socket is there for answers in pieces. */
export type Answer = (
  request: RecordedRequest,
  connection: RecordedConnection,
) => string | Buffer | undefined;

/** The answer of an origin that has nothing to say. */
export const plainAnswer: Answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

export class RecordingOrigin {
  readonly connections: RecordedConnection[] = [];
  answer: Answer;
  readonly #server: Server;

  private constructor(server: Server, answer: Answer) {
    this.#server = server;
    this.answer = answer;
    server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  static async start(answer: Answer = plainAnswer): Promise<RecordingOrigin> {
    const server = createServer({ noDelay: true });
    const origin = new RecordingOrigin(server, answer);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return origin;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Every complete request of every connection, in order of arrival within each. */
  get requests(): RecordedRequest[] {
    return this.connections.flatMap((connection) => connection.requests);
  }

  /** Forgets what was recorded so far and closes its connections. */
  reset(): void {
    for (const connection of this.connections.splice(0)) connection.socket.destroy();
  }

  async close(): Promise<void> {
    this.reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: Socket): void {
    const connection: RecordedConnection = { raw: '', requests: [], isClosed: false, socket };
    this.connections.push(connection);
    let pending = '';
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      connection.raw += text;
      pending += text;
      for (;;) {
        const request = takeRequest(pending);
        if (request === undefined) return;
        pending = pending.slice(request.raw.length);
        connection.requests.push(request);
        const bytes = this.answer(request, connection);
        if (bytes !== undefined)
          socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (connection.isClosed = true));
  }
}

/** The first complete request of `text`, or undefined when more bytes are needed. */
export function takeRequest(text: string): RecordedRequest | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [requestLine, ...lines] = text.slice(0, headEnd).split('\r\n');
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const value = (name: string): string | undefined => fields.find(([key]) => key.toLowerCase() === name)?.[1];
  const bodyStart = headEnd + 4;
  let end = bodyStart + Number(value('content-length') ?? 0);
  let body = text.slice(bodyStart, end);
  if (value('transfer-encoding') !== undefined) {
    const chunked = takeChunkedBody(text, bodyStart);
    if (chunked === undefined) return undefined;
    [body, end] = chunked;
  }
  if (text.length < end) return undefined;
  return { raw: text.slice(0, end), requestLine: requestLine!, fields, body };
}

function takeChunkedBody(text: string, start: number): [string, number] | undefined {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = parseInt(text.slice(at, lineEnd), 16);
    if (!(size >= 0)) return undefined;
    at = lineEnd + 2;
    if (size === 0) break;
    if (text.length < at + size + 2) return undefined;
    body += text.slice(at, at + size);
    at += size + 2;
  }
  if (text.startsWith('\r\n', at)) return [body, at + 2];
  const trailersEnd = text.indexOf('\r\n\r\n', at);
  return trailersEnd < 0 ? undefined : [body, trailersEnd + 4];
}
