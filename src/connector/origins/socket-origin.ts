// Origins that are dialled: http, https, h2c, unix sockets, tcp and its relatives. One socket for each stream; the edge
// keeps streams open and uses them again, so this end needs no pool.
import type { BufferPool } from '#base/io/buffer-pool.ts';
import type { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { OpenRequest, ResetReason, TunnelStream } from '#tunnel/stream.ts';
import { encodeProxyV1, encodeProxyV2 } from '#wire/proxy-protocol.ts';
import { type Origin, type OriginContext, serverNameOf } from './origin.ts';
import { addressOf, dialOrigin, type OriginTarget } from './origin-dial.ts';
import { OriginPipe, type PipeOwner } from './origin-pipe.ts';

export class SocketOrigin implements Origin, PipeOwner {
  readonly flusher: TurnFlusher;
  readonly partFlusher: TurnFlusher;
  readonly pool: BufferPool;
  readonly cutsHard: boolean;
  readonly #rule: IngressRule;
  readonly #target: OriginTarget;
  readonly #context: OriginContext;

  constructor(rule: IngressRule, target: OriginTarget, context: OriginContext) {
    this.#rule = rule;
    this.#target = target;
    this.#context = context;
    this.flusher = context.flusher;
    this.partFlusher = context.partFlusher;
    this.pool = context.pool;
    this.cutsHard = rule.service.kind === 'tcp';
  }

  serve(stream: TunnelStream, request: OpenRequest, opened: () => void): void {
    const pipe = this.newPipe(stream);
    const { service } = this.#rule;
    if (service.kind === 'tcp' && service.port === 0) {
      pipe.fail(
        'origin-unreachable',
        `${service.host}: the rule names no port and ${service.scheme} has no default`,
      );
    } else {
      this.serveAt(this.#target, pipe, request, opened);
    }
  }

  /** Takes a stream whose destination is not known yet. */
  newPipe(stream: TunnelStream): OriginPipe {
    this.#context.events.streamOpened();
    return new OriginPipe(stream, this);
  }

  /** Serves a pipe from another place than the rule's own (bastion, SOCKS). */
  serveAt(target: OriginTarget, pipe: OriginPipe, request: OpenRequest, opened: () => void): void {
    const { clock, events } = this.#context;
    const startedMs = clock.nowMs();
    const cancel = dialOrigin(target, {
      clock,
      serverName: target.tls ? serverNameOf(this.#rule, request.host) : '',
      preamble: proxyHeader(this.#rule, request),
      onReady: (socket) => {
        events.originReached(clock.nowMs() - startedMs);
        opened();
        pipe.attach(socket, addressOf(target));
      },
      onFailed: ({ reason, detail }) => pipe.fail(reason, detail),
    });
    pipe.dialing(cancel);
  }

  pipeClosed(_pipe: OriginPipe, reason: ResetReason | '', detail: string): void {
    this.#context.events.streamClosed(this.#rule, reason, detail);
  }

  close(): void {}
}

function proxyHeader(rule: IngressRule, request: OpenRequest): Uint8Array | undefined {
  const { proxyProtocol } = rule.originRequest;
  if (proxyProtocol === '') return undefined;
  const encode = proxyProtocol === 'v1' ? encodeProxyV1 : encodeProxyV2;
  return encode({ source: request.client, destination: request.local });
}
