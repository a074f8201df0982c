// Opens a verified TLS 1.3 connection to an edge. Both transports start here, so both trust by the same rules.
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type SecureContext, type TLSSocket } from 'node:tls';
import { isSallyportError } from '#base/errors.ts';
import { alpnError, certificateError, connectError, type DialTarget, timeoutError } from './dial-error.ts';
import { formatEdgeAddress } from './edge-address.ts';
import { judgePinnedChain, peerChain } from './edge-trust.ts';
import { TrustedRoots } from './trusted-roots.ts';

export interface TlsDialOptions {
  /** Name (resolved anew at every dial) or IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** The name the certificate must have; default: `host`. */
  readonly serverName?: string;
  /** PEM text of further CA certificates, trusted beside the system's roots; '' for none. */
  readonly caText?: string;
  /** Keeps the roots parsed from one dial to the next; without it they are parsed for this dial. */
  readonly roots?: TrustedRoots;
  /** The token's pin; '' for none. */
  readonly caPin?: string;
  /** For resolving, connecting and the TLS handshake together, of each try; default 10 s. */
  readonly timeoutMs?: number;
  /** 4 or 6 to use one IP version only; 0 (default) tries both, the quicker one wins. */
  readonly ipVersion?: 0 | 4 | 6;
  /** Local address to dial from. */
  readonly bindAddress?: string;
  /** This machine's wall clock, for the validity of certificates. */
  readonly wallMs: () => number;
}

const defaultTimeoutMs = 10_000;

/** Connects, verifies and returns the socket; throws a SallyportError that says the cause and the cure. */
export async function dialTlsSocket(
  options: TlsDialOptions,
  alpnProtocol: string,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { caText = '', caPin = '', roots = new TrustedRoots() } = options;
  const isGivenTrust = caText !== '' || caPin !== '';
  if (isGivenTrust && !roots.areMachineRootsNeeded) {
    try {
      return await dialWith(options, roots.namedContext(caText), alpnProtocol, signal);
    } catch (error) {
      if (!isSallyportError(error, 'certificate-invalid')) throw error;
    }
  }
  const socket = await dialWith(options, roots.wholeContext(caText), alpnProtocol, signal);
  roots.areMachineRootsNeeded = true;
  return socket;
}

function dialWith(
  options: TlsDialOptions,
  secureContext: SecureContext,
  alpnProtocol: string,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const { timeoutMs = defaultTimeoutMs } = options;
  const target = targetOf(options);
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = connect({
      ...connectionOptions(options, alpnProtocol, target.serverName),
      secureContext,
    });
    const fail = (error: unknown): void => {
      settle();
      socket.destroy();
      reject(error as Error);
    };
    const timer = setTimeout(() => fail(timeoutError(target, timeoutMs)), timeoutMs);
    const onAbort = (): void => fail(signal.reason);
    const onError = (error: Error): void => fail(connectError(error, target));
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      // A late error of a socket that was given up must not end the process.
      socket.on('error', () => {});
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError);
    socket.once('secureConnect', () => {
      const refusal = judge(socket, options, alpnProtocol, target);
      if (refusal) return fail(refusal);
      settle();
      resolve(socket);
    });
  });
}

function targetOf(options: TlsDialOptions): DialTarget {
  const { host, serverName = host } = options;
  return { address: formatEdgeAddress(options), serverName, wallMs: options.wallMs() };
}

function connectionOptions(
  options: TlsDialOptions,
  alpnProtocol: string,
  serverName: string,
): ConnectionOptions & { autoSelectFamily: boolean; family: number } {
  const { host, port, ipVersion = 0, bindAddress } = options;
  return {
    host,
    port,
    family: ipVersion,
    autoSelectFamily: ipVersion === 0,
    localAddress: bindAddress,
    // RFC 6066: an IP address is not a server name.
    servername: isIP(serverName) ? '' : serverName,
    ALPNProtocols: [alpnProtocol],
    // The verdict is `judge`'s, which starts from OpenSSL's and knows the pin.
    rejectUnauthorized: false,
    noDelay: true,
    highWaterMark: 262_144,
  } as ConnectionOptions & { autoSelectFamily: boolean; family: number };
}

/** Undefined when the connection may be used. */
function judge(
  socket: TLSSocket,
  options: TlsDialOptions,
  alpnProtocol: string,
  target: DialTarget,
): Error | undefined {
  const { caPin = '' } = options;
  const chain = peerChain(socket);
  let fault: string | undefined = isAuthorized(socket, target.serverName)
    ? undefined
    : String(socket.authorizationError || 'ERR_TLS_CERT_ALTNAME_INVALID');
  if (fault !== undefined && caPin !== '') {
    fault = judgePinnedChain(chain, { caPin, serverName: target.serverName, wallMs: target.wallMs });
  }
  if (fault !== undefined) return certificateError(fault, chain, target);
  return socket.alpnProtocol === alpnProtocol ? undefined : alpnError(target, alpnProtocol);
}

/** OpenSSL's verdict on the chain, and the server name once more, which Node skips for resumed sessions and ''. */
function isAuthorized(socket: TLSSocket, serverName: string): boolean {
  if (!socket.authorized) return false;
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return false;
  return (isIP(serverName) ? leaf.checkIP(serverName) : leaf.checkHost(serverName)) !== undefined;
}
