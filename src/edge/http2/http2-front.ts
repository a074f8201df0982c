// HTTP/2 towards clients. The listener has finished TLS and chosen `h2` by ALPN; from there a socket belongs to a
// session here, and each of its streams becomes one exchange handed to the proxy.
//
//   TLSSocket -> Http2ClientSession -> Http2Exchange -> start(request, downstream) -> Upstream
import type { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '#base/clock.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { ClientAddress, Downstream, ExchangeFailure, RequestHead, Upstream } from '#http/exchange.ts';
import { FieldTable } from './http2-fields.ts';
import type { FailureAnswer } from './http2-failure.ts';
import { Budget, defaultHttp2Limits } from './http2-limits.ts';
import type { Http2Limits } from './http2-limits.ts';
import { Http2Metrics, type SessionClosing, type StreamReset } from './http2-metrics.ts';
import type { FailedRequests } from './http2-exchange-host.ts';
import { Http2ClientSession } from './http2-session.ts';
import type { SessionShare } from './http2-session.ts';

/** The part of a front that may change while it serves. */
export interface Http2FrontSettings {
  /** Limits of a request head, as for HTTP/1.1. */
  readonly headBytes: number;
  readonly headFields: number;
  readonly targetBytes: number;
  /** Streams a client may have open at once. */
  readonly maxStreams: number;
  /** Upgrade tokens that pass, lower-case. */
  readonly upgrades: readonly string[];
  /** Deviations from defaultHttp2Limits. */
  readonly limits?: Partial<Http2Limits>;
}

export interface Http2FrontOptions extends Http2FrontSettings {
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  /** Begins an exchange; may call `downstream` before it returns. */
  readonly start: (request: RequestHead, downstream: Downstream) => Upstream;
  /** Whether a request for `host` must not be served on a connection made for `serverName`: answered 421. */
  readonly isMisdirected: (serverName: string, host: string) => boolean;
  /**
   * The edge's error answer. Nothing was begun when the request was refused before `start` was asked; this is then the
   * only place that learns of it.
   */
  readonly answerFailure: (
    what: ExchangeFailure,
    requests: FailedRequests,
    client: ClientAddress,
  ) => FailureAnswer;
  /** Told why a connection was ended or a stream cut, whatever the reason. */
  readonly ended: (reason: SessionClosing | StreamReset, client: ClientAddress) => void;
  /** A request's own id where it may have one, else a new one. */
  readonly requestIdOf: (request: RequestHead) => string;
}

/** Resolution of all deadlines here; none is shorter than a few seconds. */
const sweepMs = 1_000;

/** Serves HTTP/2 on sockets that are handed in. */
export class Http2Front {
  readonly #clock: Clock;
  readonly #sessions = new Set<Http2ClientSession>();
  /** Of addresses that have a connection, with how many. */
  readonly #addresses = new Map<string, { readonly resets: Budget; connections: number }>();
  readonly #table = new FieldTable();
  #share: SessionShare;
  #timer: Timer | undefined;
  #isDraining = false;

  constructor(options: Http2FrontOptions) {
    this.#clock = options.clock;
    const metrics = new Http2Metrics(
      options.metrics,
      () => this.#sessions.size,
      () => this.openStreams,
    );
    this.#share = this.#makeShare(options, metrics);
  }

  /** New limits and upgrades, for connections from now on. */
  apply(settings: Http2FrontSettings): void {
    this.#share = this.#makeShare({ ...this.#share.options, ...settings }, this.#share.metrics);
  }

  #makeShare(options: Http2FrontOptions, metrics: Http2Metrics): SessionShare {
    const { headBytes, headFields, targetBytes, upgrades } = options;
    return {
      options,
      limits: { ...defaultHttp2Limits, ...options.limits },
      metrics,
      reading: { table: this.#table, headBytes, headFields, targetBytes, upgrades },
      resetsOf: (address) => this.#resetsOf(address),
      forget: (session, address) => this.#forget(session, address),
    };
  }

  #resetsOf(address: string): Budget {
    let known = this.#addresses.get(address);
    if (!known) {
      const { addressResets } = this.#share.limits;
      known = { resets: new Budget(addressResets, this.#clock.nowMs()), connections: 0 };
      this.#addresses.set(address, known);
    }
    known.connections += 1;
    return known.resets;
  }

  #forget(session: Http2ClientSession, address: string): void {
    if (!this.#sessions.delete(session)) return;
    const known = this.#addresses.get(address);
    if (known && (known.connections -= 1) === 0) this.#addresses.delete(address);
  }

  /** Takes a socket over, whose ALPN protocol is `h2`. */
  accept(socket: TLSSocket, client: ClientAddress): void {
    if (socket.destroyed) return;
    const session = new Http2ClientSession(socket, client, this.#share);
    this.#sessions.add(session);
    if (this.#isDraining) session.drain();
    if (this.#timer === undefined) this.#schedule();
  }

  get openStreams(): number {
    let count = 0;
    for (const session of this.#sessions) count += session.openStreams;
    return count;
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  /** Asks every client to move on and lets what is under way finish. */
  drain(): void {
    this.#isDraining = true;
    for (const session of this.#sessions) session.drain();
  }

  /** Ends every connection now. */
  close(): void {
    this.#isDraining = true;
    for (const session of this.#sessions) session.close();
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    for (const session of this.#sessions) session.sweep(nowMs);
    if (this.#sessions.size > 0) this.#schedule();
    else this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = this.#clock.after(sweepMs, () => this.#sweep());
  }
}
