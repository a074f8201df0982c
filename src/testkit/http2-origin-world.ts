// Origins that speak HTTP/2, behind a tunnel over a memory link, with the edge's sessions to them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import type {
  Downstream,
  ExchangeFailure,
  Fields,
  RequestHead,
  ResponseHead,
  Upstream,
} from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import { memoryLink } from '#testkit/memory-network.ts';
import { plainOpenRequest, tunnelPair } from '#testkit/tunnel-pair.ts';
import type { ResetReason, TunnelStream } from '#tunnel/stream.ts';
import { StreamDuplex } from '#tunnel/stream-duplex.ts';
import { Http2Origins } from '#edge/http2/http2-origins.ts';
import type { OriginExchange } from '#edge/http2/http2-upstream.ts';
import { OriginPool } from '#edge/origins/origin-pool.ts';
import type { TunnelSlot, TunnelTarget } from '#edge/tunnels/tunnel-registry.ts';
import { until } from './http2-front-world.ts';

/** As a connector publishes it. */
const rule: PublishedRule = {
  hostname: '',
  path: '',
  service: 'h2c://origin',
  protocol: 'h2',
  isTls: false,
  hostHeader: '',
  allowsChunked: true,
  followsHost: false,
  isPerClient: false,
  requiresAccess: false,
  keepAliveConnections: 10,
  keepAliveTimeoutMs: 5_000,
};

/** The exchange's side of a request: notes what comes from the origin. */
export class Recorder implements OriginExchange, Downstream {
  readonly request: RequestHead;
  readonly linesForOrigin = 'X-Forwarded-For: 192.0.2.1\r\nX-Request-Id: abc\r\n';
  readonly clientAddress = '192.0.2.1';
  upstream: Upstream | undefined;
  status = 0;
  fields: Record<string, string> = {};
  bodyKind = '';
  chunks: Buffer[] = [];
  trailers: Fields | null = null;
  isEnded = false;
  isSwitched = false;
  failure: ExchangeFailure | undefined;
  lost: string | undefined;
  opened = 0;
  drains = 0;
  informed: number[] = [];
  hasRoom = true;

  constructor(request: Partial<RequestHead> & { list?: string[] } = {}) {
    this.request = {
      method: 'GET',
      scheme: 'https',
      host: 'a.test',
      authority: 'a.test',
      path: '/path',
      query: '?q',
      httpVersion: '2',
      fields: new ListFields(request.list ?? []),
      bodyKind: 'none',
      contentLength: -1,
      upgrade: '',
      expectsContinue: false,
      acceptsTrailers: false,
      client: { address: '', port: 0, peerAddress: '', localAddress: '', localPort: 0, serverName: '' },
      requestId: 'abc',
      startedMs: 0,
      ...request,
    };
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  attach(upstream: Upstream): void {
    this.upstream = upstream;
  }

  originOpened(): void {
    this.opened += 1;
  }
  lostBeforeResponse(reason: ResetReason | 'origin-closed'): void {
    this.lost = reason;
  }
  inform(head: ResponseHead): void {
    this.informed.push(head.status);
  }
  respond(head: ResponseHead): void {
    this.status = head.status;
    this.bodyKind = `${head.bodyKind} ${head.contentLength}`;
    head.fields.forEach((name, value) => (this.fields[name] = value));
  }
  switchProtocols(head: ResponseHead): void {
    this.isSwitched = true;
    this.respond(head);
  }
  body(chunk: Buffer): boolean {
    assert.notEqual(this.status, 0, 'the head comes before the body');
    this.chunks.push(chunk);
    return this.hasRoom;
  }
  end(trailers: Fields | null): void {
    this.isEnded = true;
    this.trailers = trailers;
  }
  abort(failure: ExchangeFailure): void {
    this.failure = failure;
  }
  upstreamDrained(): void {
    this.drains += 1;
  }
}

export interface OriginWorld {
  readonly server: Http2Server;
  readonly sessions: ServerHttp2Session[];
  readonly origins: Http2Origins;
  readonly pool: OriginPool;
  /** Tunnel streams opened so far, at the edge's end. */
  readonly streams: TunnelStream[];
  start(side: Recorder, overrides?: Partial<PublishedRule>): Recorder;
}

/** A real h2c origin behind a real tunnel over a memory link. */
export async function withOrigin(
  serve: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void,
  run: (world: OriginWorld) => Promise<void>,
): Promise<void> {
  const server = createServer({ settings: { enableConnectProtocol: true } });
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => void sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    serve(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const link = memoryLink(systemClock, systemRandom);
  const pair = tunnelPair({
    clock: systemClock,
    random: systemRandom,
    edgeTransport: link.edge,
    connectorTransport: link.connector,
    onStream: (stream, _request, opened) =>
      pipeToOrigin(stream, (server.address() as AddressInfo).port, opened),
  });
  await until(() => pair.isReady);
  const origins = new Http2Origins();
  const pool = new OriginPool();
  const streams: TunnelStream[] = [];
  const target = {
    slot: { pool } as TunnelSlot,
    rule,
    ruleIndex: 0,
    rulesVersion: 1,
  } satisfies TunnelTarget;
  try {
    await run({
      server,
      sessions,
      origins,
      pool,
      streams,
      start(side, overrides) {
        origins.start(side, { ...target, rule: { ...rule, ...overrides } }, () => {
          const stream = pair.edge.connection!.open(plainOpenRequest);
          streams.push(stream);
          return stream;
        });
        return side;
      },
    });
  } finally {
    pair.edge.connection?.close('shutdown');
    for (const session of sessions) session.destroy();
    server.close();
  }
}

function pipeToOrigin(stream: TunnelStream, port: number, opened: () => void): void {
  const duplex = new StreamDuplex(stream);
  const socket = connect(port, '127.0.0.1', opened);
  socket.on('error', () => duplex.destroy());
  duplex.on('error', () => socket.destroy());
  // As a connector does: an origin that has closed has said all; only what is broken resets the stream.
  socket.on('close', () => duplex.end());
  duplex.pipe(socket).pipe(duplex);
}
