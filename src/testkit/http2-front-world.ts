// The HTTP/2 front on a real loopback TLS listener, with scripted upstreams behind it and time in the test's hand.
import { connect as connectHttp2 } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
} from 'node:http2';
import { connect as connectTls, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { Http2Front } from '#edge/http2/http2-front.ts';
import type { Http2FrontOptions } from '#edge/http2/http2-front.ts';
import { failureCodes } from '#http/exchange.ts';
import type { Downstream, Fields, RequestHead, ResponseHead, Upstream } from '#http/exchange.ts';
import { createCertificate } from './certificates.ts';
import { FakeClock } from './fake-clock.ts';
import { FrameReader, clientPreface, encodeFrame, frameFlags, frameTypes } from './http2-frames.ts';
import type { Http2Frame } from './http2-frames.ts';

/** An upstream that notes what it is told; tests answer through `down`. */
export class ScriptedUpstream implements Upstream {
  readonly request: RequestHead;
  readonly down: Downstream;
  readonly chunks: Buffer[] = [];
  isEnded = false;
  trailers: Fields | null = null;
  abortReason: string | undefined;
  drains = 0;
  moves = 0;
  /** Answer of writeBody. */
  hasRoom = true;
  /** Called after each event. */
  onChange: () => void = () => {};

  constructor(request: RequestHead, down: Downstream) {
    this.request = request;
    this.down = down;
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  get receivedBytes(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  writeBody(chunk: Buffer): boolean {
    this.chunks.push(chunk);
    this.onChange();
    return this.hasRoom;
  }

  endBody(trailers: Fields | null): void {
    this.isEnded = true;
    this.trailers = trailers;
    this.onChange();
  }

  downstreamDrained(): void {
    this.drains += 1;
    this.onChange();
  }

  downstreamMoved(): void {
    this.moves += 1;
  }

  abort(reason: string): void {
    this.abortReason = reason;
    this.onChange();
  }
}

/** Fields as an HTTP/1.1 origin sends them: names in any case. */
class OriginFields implements Fields {
  readonly #list: readonly string[];

  constructor(list: readonly string[]) {
    this.#list = list;
  }

  get(lowerName: string): string | undefined {
    const index = this.#list.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === lowerName);
    return index < 0 ? undefined : this.#list[index + 1];
  }

  forEach(visit: (name: string, value: string) => void): void {
    for (let i = 0; i < this.#list.length; i += 2) visit(this.#list[i]!, this.#list[i + 1]!);
  }

  writeEndToEnd(_out: Buffer, offset: number): number {
    return offset;
  }
}

/** A response head with fields as an origin would send them. */
export function responseHead(
  status: number,
  list: string[],
  body: { kind: ResponseHead['bodyKind']; length?: number } = { kind: 'chunked' },
): ResponseHead {
  return {
    status,
    fields: new OriginFields(list),
    bodyKind: body.kind,
    contentLength: body.length ?? -1,
  };
}

/** Answers with a short text and ends. */
export function answer(down: Downstream, text: string): void {
  const body = Buffer.from(text);
  down.respond(responseHead(200, ['content-type', 'text/plain'], { kind: 'length', length: body.length }));
  down.body(body);
  down.end(null);
}

/** What a client saw of one exchange. */
export interface ClientView {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders | undefined;
}

export interface FrontWorld {
  readonly front: Http2Front;
  readonly clock: FakeClock;
  readonly metrics: MetricsRegistry;
  readonly upstreams: ScriptedUpstream[];
  /** Requests that were refused before they went anywhere, as far as they could be read. */
  readonly refused: RequestHead[];
  /** Why connections ended and streams were cut, as the front tells it. */
  readonly ended: string[];
  readonly port: number;
  /** A real HTTP/2 client. */
  client(): Promise<ClientHttp2Session>;
  /** A TLS connection that will speak raw frames. */
  raw(options?: RawOptions): Promise<RawClient>;
  /** Value of a counter in the metrics text. */
  count(line: string): number;
  close(): Promise<void>;
}

export interface RawOptions {
  /** Sends no preface and no SETTINGS. */
  readonly silent?: boolean;
  /** Leaves PINGs unanswered. */
  readonly deaf?: boolean;
  /** Payload of the SETTINGS frame; default empty. */
  readonly settings?: Buffer;
}

/** A client of raw frames. */
export interface RawClient {
  readonly socket: TLSSocket;
  readonly frames: Http2Frame[];
  readonly isClosed: boolean;
  send(type: number, flags: number, stream: number, payload?: Uint8Array): void;
}

export type FrontWorldOptions = Partial<
  Pick<Http2FrontOptions, 'limits' | 'isMisdirected' | 'headFields' | 'maxStreams' | 'targetBytes'>
> & {
  /** What each new upstream does at once; default: answers "hello". */
  readonly script?: (upstream: ScriptedUpstream) => void;
};

/** Runs a test in a world of its own. */
export async function withFrontWorld(
  options: FrontWorldOptions,
  run: (world: FrontWorld) => Promise<void>,
): Promise<void> {
  const world = await frontWorld(options);
  try {
    await run(world);
  } finally {
    await world.close();
  }
}

/** Starts the world on a free port of 127.0.0.1. */
export async function frontWorld(options: FrontWorldOptions = {}): Promise<FrontWorld> {
  const clock = new FakeClock();
  const metrics = new MetricsRegistry();
  const upstreams: ScriptedUpstream[] = [];
  const refused: RequestHead[] = [];
  const ended: string[] = [];
  const script = options.script ?? ((upstream) => answer(upstream.down, 'hello'));
  const front = new Http2Front({
    clock,
    metrics,
    start(request, down) {
      const upstream = new ScriptedUpstream(request, down);
      upstreams.push(upstream);
      script(upstream);
      return upstream;
    },
    isMisdirected: options.isMisdirected ?? (() => false),
    answerFailure(what, requests) {
      if (!requests.begun && requests.refused) refused.push(requests.refused);
      return {
        fields: ['content-type', 'text/plain', 'x-sallyport-error', what.code],
        body: Buffer.from(failureCodes[what.code][1]),
      };
    },
    requestIdOf: () => 'test',
    ended: (reason) => void ended.push(reason),
    headBytes: 16_384,
    headFields: options.headFields ?? 128,
    targetBytes: options.targetBytes ?? 8_192,
    maxStreams: options.maxStreams ?? 100,
    upgrades: [],
    limits: options.limits,
  });
  const { cert, key } = createCertificate({ name: 'a.test', names: ['a.test', '127.0.0.1'] });
  const server = createServer({ cert, key, ALPNProtocols: ['h2'] }, (socket) => {
    socket.on('error', () => {});
    front.accept(socket, {
      address: '127.0.0.1',
      port: socket.remotePort ?? 0,
      peerAddress: '127.0.0.1',
      localAddress: '127.0.0.1',
      localPort: 443,
      serverName: socket.servername === false ? '' : (socket.servername ?? ''),
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const opened: Array<{ destroy(): void }> = [];
  return {
    front,
    clock,
    metrics,
    upstreams,
    refused,
    ended,
    port,
    async client() {
      const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: cert, servername: 'a.test' });
      session.on('error', () => {});
      opened.push(session);
      await once(session, 'remoteSettings');
      return session;
    },
    async raw(settings) {
      const raw = await connectRaw(port, cert, settings ?? {});
      opened.push(raw.socket);
      return raw;
    },
    count(line) {
      const found = metrics
        .text()
        .split('\n')
        .find((text) => text.startsWith(`${line} `));
      return found === undefined ? 0 : Number(found.slice(line.length + 1));
    },
    async close() {
      for (const each of opened) each.destroy();
      front.close();
      server.close();
      await once(server, 'close');
    },
  };
}

async function connectRaw(port: number, ca: string, options: RawOptions): Promise<RawClient> {
  const socket = connectTls({ host: '127.0.0.1', port, ca, servername: 'a.test', ALPNProtocols: ['h2'] });
  const reader = new FrameReader();
  const frames: Http2Frame[] = [];
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => {
    for (const frame of reader.push(chunk)) {
      frames.push(frame);
      if (frame.type !== frameTypes.ping || frame.flags !== 0 || options.deaf === true) continue;
      socket.write(encodeFrame(frameTypes.ping, frameFlags.ack, 0, frame.payload));
    }
  });
  socket.on('error', () => (isClosed = true));
  socket.on('end', () => (isClosed = true));
  socket.on('close', () => (isClosed = true));
  await once(socket, 'secureConnect');
  if (options.silent !== true) {
    socket.write(clientPreface);
    socket.write(encodeFrame(frameTypes.settings, 0, 0, options.settings ?? Buffer.alloc(0)));
  }
  return {
    socket,
    frames,
    get isClosed() {
      return isClosed;
    },
    send: (type, flags, stream, payload) =>
      void socket.write(encodeFrame(type, flags, stream, payload ?? Buffer.alloc(0))),
  };
}

/** Sends a request and collects the whole answer; rejects when the stream is cut. */
export async function fetchOver(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string | Buffer,
): Promise<ClientView> {
  const stream = session.request({ ':authority': 'a.test', ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  return readAnswer(stream);
}

/** Collects the whole answer; rejects when the stream is cut. */
export function readAnswer(stream: ClientHttp2Stream): Promise<ClientView> {
  return new Promise((resolve, reject) => {
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders | undefined;
    const chunks: Buffer[] = [];
    stream.on('response', (received) => (headers = received));
    stream.on('trailers', (received) => (trailers = received));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ headers, body: Buffer.concat(chunks).toString(), trailers }));
    stream.on('error', reject);
    stream.on('close', () => reject(new Error(`closed with code ${stream.rstCode}`)));
  });
}

/** Waits until `condition` holds, by the event loop's turns; fails after `timeoutMs` of real time. */
export async function until(condition: () => boolean, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`still not so: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
