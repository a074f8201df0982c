// Opens the connection to an origin as its rule says: TCP or a unix socket, keep-alive probes, happy eyeballs, a PROXY
// protocol header, TLS with the right name and roots, each step under its own time limit.
import { connect, isIP, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { formatEndpoint } from '#base/net/ip.ts';
import { originFailure, type OriginFailure } from './origin-failure.ts';

/** Where and how to connect; made once per rule. */
export interface OriginTarget {
  /** A name, an address, or the path of a unix socket. */
  readonly host: string;
  /** 0 for a unix socket. */
  readonly port: number;
  readonly connectTimeoutMs: number;
  readonly tcpKeepAliveMs: number;
  readonly noHappyEyeballs: boolean;
  /** Undefined: no TLS. */
  readonly tls: OriginTls | undefined;
}

export interface OriginTls {
  readonly context: SecureContext;
  readonly verifies: boolean;
  readonly timeoutMs: number;
  /** The single protocol to offer, and to insist on when it is h2. */
  readonly alpn: 'http/1.1' | 'h2';
}

/** One attempt. */
export interface DialRequest {
  readonly clock: Clock;
  /** TLS server name; '' when the origin is named by its address only. */
  readonly serverName: string;
  /** Sent before anything else, also before TLS. */
  readonly preamble: Uint8Array | undefined;
  /** Nothing has been read from the socket. */
  readonly onReady: (socket: Socket) => void;
  readonly onFailed: (failure: OriginFailure) => void;
}

/** Begins an attempt; exactly one of `onReady` and `onFailed` follows, unless the returned function cancels it. */
export function dialOrigin(target: OriginTarget, request: DialRequest): () => void {
  const dial = new OriginDial(target, request);
  return () => dial.cancel();
}

/** What messages call an origin. */
export function addressOf(target: { readonly host: string; readonly port: number }): string {
  return target.port === 0 ? target.host : formatEndpoint(target.host, target.port);
}

class OriginDial {
  readonly #target: OriginTarget;
  readonly #request: DialRequest;
  readonly #socket: Socket;
  #tlsSocket: TLSSocket | undefined;
  #timer: { cancel(): void };
  #isSettled = false;

  constructor(target: OriginTarget, request: DialRequest) {
    this.#target = target;
    this.#request = request;
    this.#socket = connect(connectOptions(target));
    this.#socket.on('error', (error) => this.#failed(error, 'connect'));
    this.#socket.once('connect', () => this.#onConnect());
    this.#timer = this.#limit(target.connectTimeoutMs, 'no connection');
  }

  cancel(): void {
    this.#settle();
    this.#tlsSocket?.destroy();
    this.#socket.destroy();
  }

  #onConnect(): void {
    if (this.#isSettled) return;
    const { preamble } = this.#request;
    if (preamble) this.#socket.write(preamble);
    const { tls } = this.#target;
    if (tls) this.#startTls(tls);
    else this.#ready(this.#socket);
  }

  #startTls(tls: OriginTls): void {
    this.#timer.cancel();
    this.#timer = this.#limit(tls.timeoutMs, 'no TLS handshake');
    const { serverName } = this.#request;
    const secure = connectTls({
      socket: this.#socket,
      // Who the certificate must name; only names, not addresses, may be sent as server name (RFC 6066 section 3).
      host: serverName === '' ? this.#target.host : serverName,
      servername: isIP(serverName) === 0 ? serverName : '',
      secureContext: tls.context,
      rejectUnauthorized: tls.verifies,
      ALPNProtocols: [tls.alpn],
    });
    this.#tlsSocket = secure;
    secure.on('error', (error) => this.#failed(error, 'tls'));
    secure.once('secureConnect', () => this.#onSecure(secure, tls));
  }

  #onSecure(secure: TLSSocket, tls: OriginTls): void {
    if (this.#isSettled) return;
    if (tls.alpn === 'h2' && secure.alpnProtocol !== 'h2') {
      this.#failed(new Error('it does not offer HTTP/2, which http2Origin asks for'), 'tls');
    } else {
      this.#ready(secure);
    }
  }

  #ready(socket: Socket): void {
    this.#settle();
    socket.removeAllListeners('error');
    this.#request.onReady(socket);
  }

  #failed(error: unknown, phase: 'connect' | 'tls'): void {
    if (this.#isSettled) return;
    this.cancel();
    const isInTls = phase === 'tls' || this.#tlsSocket !== undefined;
    this.#request.onFailed(originFailure(error, addressOf(this.#target), isInTls ? 'tls' : 'connect'));
  }

  #limit(limitMs: number, what: string): { cancel(): void } {
    if (limitMs === 0) return { cancel() {} };
    return this.#request.clock.after(limitMs, () => {
      if (this.#isSettled) return;
      this.cancel();
      const detail = `${addressOf(this.#target)}: ${what} within ${limitMs} ms`;
      this.#request.onFailed({ reason: 'origin-timeout', detail });
    });
  }

  #settle(): void {
    this.#isSettled = true;
    this.#timer.cancel();
  }
}

function connectOptions(target: OriginTarget): TcpNetConnectOpts {
  const isUnix = target.port === 0;
  const place = isUnix ? { path: target.host } : { host: target.host, port: target.port };
  return {
    ...place,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: target.tcpKeepAliveMs > 0,
    keepAliveInitialDelay: target.tcpKeepAliveMs,
    // Every address of a name is tried: the next one after Go's 300 ms, or only once the one before has failed.
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: target.noHappyEyeballs ? Math.max(10, target.connectTimeoutMs) : 300,
  } as TcpNetConnectOpts;
}
