// A listening socket of the edge: takes connections, learns the client's address (from a PROXY header where a trusted
// proxy stands in front), does TLS, and hands the connection to the protocol that ALPN chose.
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { SecureContextOptions, Server as TlsServer, TLSSocket } from 'node:tls';
import { errorText } from '#base/errors.ts';
import type { CidrSet } from '#base/net/ip.ts';
import { parseAddress } from '#base/net/ip.ts';
import { listenHandleOf } from '#base/io/socket-internals.ts';
import type { ClientAddress } from '#http/exchange.ts';
import { decodeProxyHeader } from '#wire/proxy-protocol.ts';
import type { CertificateHosts } from '../access/certificates/certificate-hosts.ts';
import type { CertificateSource } from './certificate-source.ts';
import { challengeProtocol, choicesOf, stapling, ticketKeysOf } from './handshake-choices.ts';
import type { Elsewhere } from '../mates/connection-census.ts';
import { listenFault } from './listen-fault.ts';
import type { PassageEnds, TlsPassage } from './tls-passage.ts';

export interface ListenAddress {
  /** undefined: every address, both families. */
  readonly host: string | undefined;
  readonly port: number;
  /** A socket that listens there already, handed over by the edge before this one. */
  readonly handle?: number;
  /** What plain HTTP does: redirect to HTTPS (the default), or serve. No meaning for HTTPS. */
  readonly mode?: 'redirect' | 'serve';
}

/** A listening socket that can be handed over. */
export interface ListenHandle extends ListenAddress {
  readonly handle: number;
}

export interface ListenerOptions {
  readonly name: string;
  readonly address: ListenAddress;
  /** undefined for plain HTTP. */
  readonly tls:
    | {
        readonly certificates: CertificateSource;
        readonly handshakeMs: number;
        /** On which names clients are asked for a certificate. */
        readonly clients?: () => CertificateHosts;
      }
    | undefined;
  /** Peers that must send, and are believed, a PROXY header. */
  readonly proxies: CidrSet;
  readonly maxConnections: number;
  readonly maxPerAddress: number;
  /** Connections to the same listener in other processes of the edge, which count as well; absent: there are none. */
  readonly elsewhere?: Elsewhere | undefined;
  /** TLS handshakes under way at once, default 2,000; beyond, the oldest is cut. */
  readonly maxHandshakes?: number;
  /** TLS that is not ended here; absent: all of it is. */
  readonly passage?: TlsPassage;
  /** Told of the connection and the ALPN protocol ('' without one). */
  readonly accept: (socket: Socket, client: ClientAddress, protocol: string) => void;
  /**
   * Counts what becomes of connections: accepted, passed-on, moved (to another worker), tls-failed, proxy-failed, too-many;
   * handshake-cut beside tls-failed.
   */
  readonly count: (outcome: string, address?: string) => void;
}

/**
 * A handshake costs 40 KiB and a signature, and takes an honest client two round trips: 2,000 at once are 10,000 a
 * second at 200 ms. Who has had the longest time is cut, not who comes next: in a flood that is most likely the flood.
 */
const defaultMaxHandshakes = 2_000;

/** So many handshakes at once are no ordinary day: at 200 ms each, 320 fresh visitors a second. */
const crowdOfHandshakes = 64;

/** Node's own is made of the command line, and would keep edges from resuming each other's sessions. */
const sessionIdContext = 'sallyport-edge';

/** How long a validator may take to leave. */
const letGoMs = 5_000;

/** How long a peer may take to send its PROXY header. */
const proxyHeaderMs = 5_000;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #perAddress = new Map<string, number>();
  readonly #sockets = new Set<Socket>();
  /** By endpointKey, oldest first, so that a finished handshake finds what was learnt before it. */
  readonly #handshaking = new Map<string, { readonly socket: Socket; readonly client: ClientAddress }>();
  readonly #tlsServer: TlsServer | undefined;
  #defaultOptions: SecureContextOptions | undefined;
  #ticketKeys: Buffer | undefined;
  #isListening = false;
  #fault = '';

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      this.#onConnection(socket),
    );
    const { tls } = options;
    if (tls) this.#tlsServer = this.#makeTlsServer(tls);
    this.refreshDefault();
  }

  /** Shows the present default certificate to clients without a server name, and staples if need be; called now and then. */
  refreshDefault(): void {
    this.#followStaples();
    this.#followTicketKeys();
    const latest = this.#options.tls?.certificates.defaultOptions();
    if (latest === undefined || latest === this.#defaultOptions) return;
    this.#defaultOptions = latest;
    this.#tlsServer!.setSecureContext({
      ...latest,
      ticketKeys: ticketKeysOf(this.#options.tls!),
      sessionIdContext,
    });
  }

  /** Opens the port. @throws SallyportError 'listen-failed' */
  async open(): Promise<void> {
    const { host, port, handle } = this.#options.address;
    const where = handle === undefined ? { port, host, ipv6Only: false, backlog: 4096 } : { fd: handle };
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(this.#options, error)));
      this.#server.listen(where, () => resolve());
    });
    this.#isListening = true;
    this.#server.removeAllListeners('error');
    this.#server.on('error', (error) => (this.#fault = errorText(error)));
  }

  get name(): string {
    return this.#options.name;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Its socket, to be handed to a successor; undefined when it is not open. */
  get handle(): ListenHandle | undefined {
    const handle = this.#isListening ? listenHandleOf(this.#server) : undefined;
    return handle === undefined ? undefined : { ...this.#options.address, handle };
  }

  get isReady(): boolean {
    return this.#isListening && this.#server.listening && this.#fault === '';
  }

  get detail(): string {
    if (this.#fault !== '') return this.#fault;
    return this.isReady ? `listening on port ${this.port}, ${this.#sockets.size} connections` : 'closed';
  }

  /** What is kept for connections; all of it is 0 when nobody is connected. */
  get held(): { readonly sockets: number; readonly addresses: number; readonly handshakes: number } {
    return {
      sockets: this.#sockets.size,
      addresses: this.#perAddress.size,
      handshakes: this.#handshaking.size,
    };
  }

  /** Takes no further connection. */
  stop(): void {
    if (this.#isListening) this.#server.close();
    this.#isListening = false;
  }

  /** Cuts what is still connected. */
  destroy(): void {
    this.stop();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Serves a connection that another worker has accepted; it is paused, with what has been read put back. */
  adopt(socket: Socket, client: { readonly address: string; readonly port: number }): void {
    const peer = this.#isListening ? this.#enter(socket) : undefined;
    if (peer === undefined) socket.destroy();
    else this.#secure(socket, client, peer);
  }

  #onConnection(socket: Socket): void {
    const peer = this.#enter(socket);
    if (peer === undefined) return;
    if (this.#options.proxies.size > 0 && this.#options.proxies.has(peer))
      this.#readProxyHeader(socket, peer);
    else this.#secure(socket, { address: peer, port: socket.remotePort ?? 0 }, peer);
  }

  /** Its address, once it is counted; undefined, with its end, when it is one too many. */
  #enter(socket: Socket): string | undefined {
    const peer = parseAddress(socket.remoteAddress ?? '') ?? '';
    const count = (this.#perAddress.get(peer) ?? 0) + 1;
    const { elsewhere } = this.#options;
    if (
      this.#sockets.size + (elsewhere?.total ?? 0) >= this.#options.maxConnections ||
      count + (elsewhere?.of(peer) ?? 0) > this.#options.maxPerAddress ||
      peer === ''
    ) {
      this.#options.count('too-many', peer);
      socket.destroy();
      return undefined;
    }
    this.#perAddress.set(peer, count);
    this.#sockets.add(socket);
    elsewhere?.changed(peer, count, this.#sockets.size);
    socket.on('error', ignoreError);
    socket.once('close', () => this.#forget(socket, peer));
    return peer;
  }

  #forget(socket: Socket, peer: string): void {
    this.#sockets.delete(socket);
    const count = (this.#perAddress.get(peer) ?? 1) - 1;
    if (count > 0) this.#perAddress.set(peer, count);
    else this.#perAddress.delete(peer);
    this.#options.elsewhere?.changed(peer, count, this.#sockets.size);
  }

  /** A trusted proxy must say who the client is; without a header its connection is worth nothing. */
  #readProxyHeader(socket: Socket, peer: string): void {
    let gathered = Buffer.alloc(0);
    const fail = (): void => {
      this.#options.count('proxy-failed');
      socket.destroy();
    };
    socket.setTimeout(proxyHeaderMs, fail);
    const onData = (chunk: Buffer): void => {
      gathered = Buffer.concat([gathered, chunk]);
      try {
        const header = decodeProxyHeader(gathered);
        if (header.kind === 'incomplete') return;
        socket.setTimeout(0);
        socket.off('timeout', fail).off('data', onData);
        socket.pause();
        if (gathered.length > header.headerBytes) socket.unshift(gathered.subarray(header.headerBytes));
        const own = { address: peer, port: socket.remotePort ?? 0 };
        this.#secure(socket, header.kind === 'proxied' ? header.source : own, peer);
      } catch {
        fail();
      }
    };
    socket.on('data', onData);
  }

  #secure(socket: Socket, client: { address: string; port: number }, peerAddress: string): void {
    const { tls } = this.#options;
    if (!tls) {
      this.#options.count('accepted');
      this.#options.accept(socket, clientOf(socket, client, peerAddress), '');
      // Reading a PROXY header has left it paused.
      socket.resume();
      return;
    }
    const key = endpointKey(socket);
    this.#handshaking.set(key, { socket, client: clientOf(socket, client, peerAddress) });
    socket.once('close', () => this.#handshaking.delete(key));
    this.#cutOldestHandshake();
    const { passage } = this.#options;
    const isCrowd = this.#handshaking.size > crowdOfHandshakes && !socket.isPaused();
    if (passage?.looksAt(peerAddress) !== true)
      return isCrowd ? this.#awaitHello(socket, tls.handshakeMs) : this.#shakeHands(socket);
    const ends: PassageEnds = {
      own: () => this.#shakeHands(socket),
      taken: (outcome) => {
        this.#handshaking.delete(key);
        this.#options.count(outcome);
      },
    };
    passage.look(socket, clientOf(socket, client, peerAddress), ends, this.name);
  }

  /**
   * TLS begins with the first bytes, so that the silent cost half. In a crowd only: a worker that accepts at no cost accepts all.
   */
  #awaitHello(socket: Socket, silentMs: number): void {
    const fail = (): void => this.#options.count('tls-failed');
    const giveUp = (): void => void socket.destroy();
    socket.allowHalfOpen = false;
    socket.once('close', fail);
    socket.setTimeout(silentMs, giveUp);
    socket.once('data', (chunk: Buffer) => {
      socket.off('close', fail).off('timeout', giveUp).setTimeout(0);
      socket.pause();
      socket.unshift(chunk);
      this.#shakeHands(socket);
    });
  }

  /** Who ends before the handshake is over has left; held open by half he would be kept until its time is over. */
  #shakeHands(socket: Socket): void {
    socket.allowHalfOpen = false;
    this.#tlsServer!.emit('connection', socket);
  }

  #cutOldestHandshake(): void {
    const { maxHandshakes = defaultMaxHandshakes, count } = this.#options;
    if (this.#handshaking.size <= maxHandshakes) return;
    const [key, { socket, client }] = this.#handshaking.entries().next().value!;
    this.#handshaking.delete(key);
    count('handshake-cut', client.address);
    socket.destroy();
  }

  #followTicketKeys(): void {
    const { tls } = this.#options;
    const latest = tls && ticketKeysOf(tls);
    if (latest === undefined || this.#ticketKeys?.equals(latest) === true) return;
    this.#ticketKeys = latest;
    this.#tlsServer!.setTicketKeys(latest);
  }

  /** Node takes the certificate apart for each handshake when somebody listens, so nobody does without need. */
  #followStaples(): void {
    const certificates = this.#options.tls?.certificates;
    if (!certificates || !this.#tlsServer) return;
    const isListening = this.#tlsServer.listenerCount('OCSPRequest') > 0;
    if (isListening === (certificates.needsStaples ?? false)) return;
    if (isListening) this.#tlsServer.removeAllListeners('OCSPRequest');
    else this.#tlsServer.on('OCSPRequest', stapling(certificates));
  }

  /** TLS on sockets that are injected, so that a PROXY header can be read first. */
  #makeTlsServer(tls: NonNullable<ListenerOptions['tls']>): TlsServer {
    const { certificates, handshakeMs, clients } = tls;
    const server = createTlsServer({
      allowHalfOpen: true,
      handshakeTimeout: handshakeMs,
      ticketKeys: ticketKeysOf(tls),
      sessionIdContext,
      ...choicesOf(certificates, (name) => clients?.().asks(name) ?? false),
    });
    server.on('secureConnection', (secured) => this.#onSecured(secured));
    server.on('tlsClientError', (_error, secured) => {
      this.#options.count('tls-failed');
      secured.destroy();
    });
    return server;
  }

  #onSecured(secured: TLSSocket): void {
    const key = endpointKey(secured);
    const known = this.#handshaking.get(key);
    if (!known) return void secured.destroy();
    this.#handshaking.delete(key);
    known.socket.allowHalfOpen = true;
    secured.allowHalfOpen = true;
    secured.on('error', ignoreError);
    if (secured.alpnProtocol === challengeProtocol) return letGo(secured);
    // On a resumed TLS 1.2 session servername is false: the name is unknown then, not trusted.
    const serverName = typeof secured.servername === 'string' ? secured.servername.toLowerCase() : '';
    this.#options.count('accepted');
    const certificate = this.#options.tls!.clients?.().asks(serverName)
      ? secured.getPeerX509Certificate()
      : undefined;
    const client = { ...known.client, serverName, ...(certificate ? { certificate } : {}) };
    this.#options.accept(secured, client, secured.alpnProtocol || '');
  }
}

/** The handshake was all that a validator wanted to see; its last bytes may still be on their way. */
function letGo(secured: TLSSocket): void {
  secured.resume().end();
  secured.once('end', () => secured.destroy());
  secured.setTimeout(letGoMs, () => secured.destroy());
}

function clientOf(
  socket: Socket,
  client: { address: string; port: number },
  peerAddress: string,
): ClientAddress {
  return {
    address: parseAddress(client.address) ?? peerAddress,
    port: client.port,
    peerAddress,
    localAddress: parseAddress(socket.localAddress ?? '') ?? '',
    localPort: socket.localPort ?? 0,
    serverName: '',
  };
}

/** Names a connection among those of one listener, whether seen below or above TLS. */
function endpointKey(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}

/** The close event says it all; an unhandled error event would end the process. */
function ignoreError(): void {}
