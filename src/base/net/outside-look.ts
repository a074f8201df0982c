// One look at a hostname as a visitor's browser takes it: the name is resolved, an address dialled, TLS verified, one path
// asked. Each hop is timed, and where the way stops, the hop and the reason are told. The edge and connectors use the same.
//
//   resolve --> connect --> TLS --> GET         stops at: dns, connect, tls, answer
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { connect as connectTcp, type Socket } from 'node:net';
import { errorText } from '../errors.ts';

export const outsideHops = ['dns', 'connect', 'tls', 'answer'] as const;
export type OutsideHop = (typeof outsideHops)[number];

export interface OutsideLookOptions {
  readonly hostname: string;
  readonly port: number;
  readonly path: string;
  /** Whom to trust; absent: the machine's own authorities. */
  readonly secureContext?: SecureContext | undefined;
  /** Addresses of the name, in the order to try them. Throws where there are none. */
  readonly resolve: (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** Whether an address may be dialled; absent: any. A sentence says why not. */
  readonly refuses?: ((address: string) => string) | undefined;
  readonly nowMs: () => number;
  /** For each hop. */
  readonly hopWithinMs?: number;
  readonly maxBodyBytes: number;
}

export interface OutsideLook {
  /** Where it stopped; undefined: it was answered. */
  readonly stoppedAt: OutsideHop | undefined;
  /** Why, in words of the system; '' when it was answered. */
  readonly reason: string;
  /** The system's code for it, such as `ENOTFOUND` or `CERT_HAS_EXPIRED`; '' where it has none. */
  readonly code: string;
  /** What the name leads to. */
  readonly addresses: readonly string[];
  /** The one that was dialled last, '' for none. */
  readonly address: string;
  /** Of each hop that was done, in milliseconds. */
  readonly ms: Partial<Record<OutsideHop, number>>;
  /** Of the certificate that was shown, milliseconds since 1970; 0 for none. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 0 without an answer. */
  readonly status: number;
  /** Beginning of the body. */
  readonly body: string;
}

/** Somebody's mobile phone on a bad day; longer is as good as nothing. */
const defaultHopWithinMs = 5_000;
/** Addresses of one name that are tried. */
const maxAddresses = 4;
/** Addresses of one name that are told. */
const maxToldAddresses = 8;
const maxHeadBytes = 16_384;

/** Takes it. Never throws: what goes wrong is the result. */
export async function lookFromOutside(
  options: OutsideLookOptions,
  signal: AbortSignal,
): Promise<OutsideLook> {
  const look = new Look(options, signal);
  return await look.take();
}

class Look {
  readonly #options: OutsideLookOptions;
  readonly #signal: AbortSignal;
  readonly #ms: Partial<Record<OutsideHop, number>> = {};
  #addresses: readonly string[] = [];
  #address = '';
  #notBeforeMs = 0;
  #notAfterMs = 0;

  constructor(options: OutsideLookOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async take(): Promise<OutsideLook> {
    let hop: OutsideHop = 'dns';
    let socket: Socket | undefined;
    try {
      this.#addresses = await this.#timed('dns', (signal) =>
        this.#options.resolve(this.#options.hostname, signal),
      );
      if (this.#addresses.length === 0) throw new Error('the name has no address');
      hop = 'connect';
      socket = await this.#connect();
      hop = 'tls';
      const secure = await this.#timed('tls', (hopSignal) => this.#secure(socket!, hopSignal));
      socket = secure;
      hop = 'answer';
      const { status, body } = await this.#timed('answer', (hopSignal) => this.#ask(secure, hopSignal));
      return this.#result(undefined, undefined, { status, body });
    } catch (error) {
      return this.#result(hop, error);
    } finally {
      socket?.destroy();
    }
  }

  #result(
    stoppedAt: OutsideHop | undefined,
    error: unknown,
    answer: { readonly status: number; readonly body: string } = { status: 0, body: '' },
  ): OutsideLook {
    const addresses = this.#addresses.slice(0, maxToldAddresses);
    return {
      ...{ stoppedAt, reason: error === undefined ? '' : errorText(error), code: codeOf(error) },
      ...{ addresses, address: this.#address, ms: this.#ms },
      ...{ notBeforeMs: this.#notBeforeMs, notAfterMs: this.#notAfterMs, ...answer },
    };
  }

  /** Runs one hop; what takes too long has failed. */
  async #timed<T>(hop: OutsideHop, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { nowMs, hopWithinMs = defaultHopWithinMs } = this.#options;
    const startMs = nowMs();
    // Of this hop alone: what it has made must outlive its limit.
    const end = new AbortController();
    const timer = setTimeout(
      () => end.abort(new Error(`nothing came in ${hopWithinMs / 1000} s`)),
      hopWithinMs,
    );
    const onAbort = (): void => end.abort(this.#signal.reason);
    if (this.#signal.aborted) onAbort();
    else this.#signal.addEventListener('abort', onAbort, { once: true });
    const over = new Promise<never>((_, reject) => {
      const told = (): void => reject(end.signal.reason as Error);
      if (end.signal.aborted) told();
      else end.signal.addEventListener('abort', told, { once: true });
    });
    try {
      const result = await Promise.race([run(end.signal), over]);
      this.#ms[hop] = Math.round(nowMs() - startMs);
      return result;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', onAbort);
    }
  }

  /** One address after the other, as browsers do where the first does not answer. */
  async #connect(): Promise<Socket> {
    let last: unknown = new Error('no address may be dialled');
    for (const address of this.#addresses.slice(0, maxAddresses)) {
      this.#address = address;
      const refusal = this.#options.refuses?.(address) ?? '';
      if (refusal !== '') {
        last = new Error(refusal);
        continue;
      }
      try {
        return await this.#timed('connect', (signal) => dial(address, this.#options.port, signal));
      } catch (error) {
        if (this.#signal.aborted) throw error;
        last = error;
      }
    }
    throw last;
  }

  #secure(socket: Socket, signal: AbortSignal): Promise<TLSSocket> {
    const { hostname, secureContext } = this.#options;
    return new Promise((resolve, reject) => {
      const secure = connectTls({
        ...{ socket, servername: hostname, ALPNProtocols: ['http/1.1'] },
        ...(secureContext && { secureContext }),
        // Judged below, so that the certificate can be told of all the same.
        rejectUnauthorized: false,
      });
      const end = (): void => void secure.destroy();
      signal.addEventListener('abort', end, { once: true });
      secure.once('error', reject);
      secure.once('close', () => reject(new Error('the connection was closed during the handshake')));
      secure.once('secureConnect', () => {
        const { valid_from: validFrom, valid_to: validTo } = secure.getPeerCertificate();
        this.#notBeforeMs = Math.max(0, Date.parse(validFrom ?? '') || 0);
        this.#notAfterMs = Math.max(0, Date.parse(validTo ?? '') || 0);
        if (secure.authorized) resolve(secure);
        else reject(untrusted(secure.authorizationError));
      });
    });
  }

  #ask(socket: TLSSocket, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const { hostname, port, path, maxBodyBytes } = this.#options;
    const authority = port === 443 ? hostname : `${hostname}:${port}`;
    return new Promise((resolve, reject) => {
      let text = '';
      const end = (): void => void socket.destroy();
      signal.addEventListener('abort', end, { once: true });
      socket.setEncoding('latin1');
      socket.on('data', (chunk: string) => {
        text += chunk;
        const answer = readAnswer(text, maxBodyBytes);
        if (answer === undefined && text.length > maxHeadBytes + maxBodyBytes)
          reject(new Error('what answers does not speak HTTP/1.1'));
        else if (answer?.isWhole) resolve(answer);
      });
      socket.once('error', reject);
      socket.once('close', () => {
        const answer = readAnswer(text, maxBodyBytes);
        if (answer) resolve(answer);
        else reject(new Error('it closed the connection without an answer'));
      });
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nUser-Agent: sallyport-probe\r\nAccept: text/plain\r\nConnection: close\r\n\r\n`,
      );
    });
  }
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code).slice(0, 64)
    : '';
}

/** node:tls gives an error, or only its code. */
function untrusted(error: unknown): Error {
  if (error instanceof Error) return error;
  return Object.assign(new Error(`the certificate is not trusted (${String(error)})`), {
    code: String(error),
  });
}

function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** The part of an answer that has come; its beginning is enough. */
function readAnswer(
  text: string,
  maxBodyBytes: number,
): { readonly status: number; readonly body: string; readonly isWhole: boolean } | undefined {
  const [, status] = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r]/.exec(text) ?? [];
  const headEnd = text.indexOf('\r\n\r\n');
  if (status === undefined || headEnd < 0) return undefined;
  const body = text.slice(headEnd + 4, headEnd + 4 + maxBodyBytes);
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? Infinity);
  return { status: Number(status), body, isWhole: body.length >= Math.min(length, maxBodyBytes) };
}
