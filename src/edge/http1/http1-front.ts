// All HTTP/1.1 client connections of one listener: what they share, their limits and their sweep.
import type { Socket } from 'node:net';
import { BufferPool, keptBuffers } from '#base/io/buffer-pool.ts';
import { gatherBufferBytes } from '#base/io/gather-writer.ts';
import { StagedReads } from '#base/io/staged-reads.ts';
import { Turn } from '#base/io/turn.ts';
import { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { EdgeLimits, EdgeTimeouts } from '#model/edge-snapshot.ts';
import type { ClientAddress, Downstream, FailureCode, RequestHead, Upstream } from '#http/exchange.ts';
import type { HeadLimits } from '#wire/http1-head-end.ts';
import { Http1Connection } from './http1-connection.ts';

/** A request that was refused before the proxy saw it. */
export interface Refusal {
  readonly code: FailureCode;
  readonly detail: string;
  readonly client: ClientAddress;
  readonly requestId: string;
  /** As far as it could be read. */
  readonly request: RequestHead | undefined;
}

/** What a front needs from the edge. */
export interface Http1FrontOptions {
  readonly scheme: 'http' | 'https';
  readonly now: () => number;
  readonly newRequestId: () => string;
  /** A request's own id where it may have one, else a new one. */
  readonly requestIdOf: (request: RequestHead) => string;
  readonly start: (request: RequestHead, front: Downstream) => Upstream;
  /** Whether the TLS server name and the request's host belong to different certificates. */
  readonly isMisdirected: (serverName: string, host: string) => boolean;
  /** Whether an upgrade request is for the edge itself (a tunnel over WebSocket) and leaves HTTP. */
  readonly takesUpgrade: (request: RequestHead) => boolean;
  /** `early` is what was read beyond the request. */
  readonly upgradeTaken: (socket: Socket, request: RequestHead, early: Buffer) => void;
  /** A request refused before it became an exchange; for metrics and log. */
  readonly refused: (refusal: Refusal) => void;
  readonly limits: EdgeLimits;
  readonly timeouts: EdgeTimeouts;
  readonly upgrades: readonly string[];
}

/** The part of the front that its connections use. */
export interface Http1FrontShare extends Omit<Http1FrontOptions, 'limits'> {
  readonly limits: HeadLimits;
  readonly requestsPerConnection: number;
  /** Requests are handled when all that are there have been read. */
  readonly reads: StagedReads;
  /** What responses are gathered in, and when they leave. */
  readonly pool: BufferPool;
  readonly flusher: TurnFlusher;
  left(connection: Http1Connection): void;
}

export class Http1Front {
  readonly #connections = new Set<Http1Connection>();
  readonly #pool = new BufferPool(gatherBufferBytes);
  readonly #turn = new Turn();
  readonly #reads = new StagedReads(this.#turn);
  readonly #flusher = new TurnFlusher(this.#turn.atEnd, keptBuffers);
  #share: Http1FrontShare;

  constructor(options: Http1FrontOptions) {
    this.#share = this.#makeShare(options);
  }

  #makeShare(options: Http1FrontOptions): Http1FrontShare {
    const { headBytes, headFields, targetBytes, requestsPerConnection } = options.limits;
    return {
      ...options,
      limits: { headBytes, targetBytes, fields: headFields },
      requestsPerConnection,
      reads: this.#reads,
      pool: this.#pool,
      flusher: this.#flusher,
      left: (connection) => this.#connections.delete(connection),
    };
  }

  /** New limits and timeouts, for connections from now on. */
  apply(options: Http1FrontOptions): void {
    this.#share = this.#makeShare(options);
  }

  accept(socket: Socket, client: ClientAddress): void {
    this.#connections.add(new Http1Connection(socket, client, this.#share));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  sweep(nowMs: number): void {
    for (const connection of this.#connections) connection.sweep(nowMs);
  }

  drain(): void {
    for (const connection of this.#connections) connection.drain();
  }

  /** Every client leaves with its next answer. */
  leave(): void {
    for (const connection of this.#connections) connection.leave();
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
