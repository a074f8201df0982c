// One TCP connection to a port (or a TLS connection passed on unopened), from the client's arrival to the line in the log:
// let in, its service reached, spliced, ended.
import type { Socket } from 'node:net';
import { failure } from '#http/exchange.ts';
import type { ClientAddress, ExchangeFailure } from '#http/exchange.ts';
import type { PortEntry } from '#model/edge-snapshot.ts';
import { encodeProxyV1, encodeProxyV2 } from '#wire/proxy-protocol.ts';
import type { TunnelTarget } from '../tunnels/tunnel-registry.ts';
import type { PortParts } from './port-parts.ts';
import type { PortTally } from './port-tally.ts';
import { SocketSplice } from './socket-splice.ts';
import { type Reached, reachService } from './tunnel-reach.ts';

/** More than this and later requests prefer other tunnel connections. */
const bulkBytes = 1_048_576;

export interface Arrival {
  readonly socket: Socket;
  readonly client: Pick<ClientAddress, 'address' | 'port' | 'localAddress' | 'localPort'>;
  /** The name asked for, where there is one; the entry's hostname may be a wildcard. */
  readonly serverName: string;
  /** What has been read of the client already. */
  readonly early: Buffer | undefined;
}

export class PortConnection {
  readonly #parts: PortParts;
  readonly #tally: PortTally;
  /** As it was when the client came. */
  readonly #entry: PortEntry;
  readonly #arrival: Arrival;
  readonly #onOver: (connection: PortConnection) => void;
  readonly #startedMs: number;
  readonly #requestId: string;
  #openedMs = 0;
  #cancelReach: (() => void) | undefined;
  #splice: SocketSplice | undefined;
  #reached: Reached | undefined;
  #isBulk = false;
  #isOver = false;
  readonly #onEarlyLoss = (): void => this.#clientLeft();

  /** The tally must have let the client in. */
  constructor(
    parts: PortParts,
    tally: PortTally,
    arrival: Arrival,
    onOver: (connection: PortConnection) => void,
  ) {
    this.#parts = parts;
    this.#tally = tally;
    this.#entry = tally.entry;
    this.#arrival = arrival;
    this.#onOver = onOver;
    this.#startedMs = parts.clock.nowMs();
    this.#requestId = parts.newRequestId();
  }

  get entry(): PortEntry {
    return this.#entry;
  }

  start(): void {
    const { socket, client, serverName } = this.#arrival;
    const { tunnelId, hostname } = this.#entry;
    // The close that follows an error says it all.
    socket.on('error', ignoreError);
    socket.once('close', this.#onEarlyLoss);
    this.#cancelReach = reachService(
      this.#parts,
      {
        tunnelId,
        hostname: serverName === '' ? hostname : serverName,
        wantsDatagrams: false,
        client: { address: client.address, port: client.port },
        local: { address: client.localAddress, port: client.localPort },
        requestId: this.#requestId,
      },
      {
        onReached: (reached) => this.#join(reached),
        onFailed: (cause, attempts) => {
          socket.resetAndDestroy();
          this.#over(cause, undefined, attempts);
        },
      },
    );
  }

  /** Applies the limit on silence. */
  sweep(nowMs: number): void {
    const splice = this.#splice;
    if (!splice) return;
    this.#count(splice);
    const { idleMs } = this.#entry;
    if (idleMs > 0 && nowMs - splice.progressMs > idleMs)
      splice.abort('idle-timeout', `no byte for ${idleMs} ms`);
    else if (!this.#isBulk && splice.bytesIn + splice.bytesOut > bulkBytes) {
      this.#isBulk = true;
      this.#reached!.target.slot.bulk += 1;
    }
  }

  /** What has passed since the last call. */
  #count({ bytesIn, bytesOut }: Pick<SocketSplice, 'bytesIn' | 'bytesOut'>): void {
    this.#tally.bytesIn += bytesIn - this.#countedIn;
    this.#tally.bytesOut += bytesOut - this.#countedOut;
    this.#countedIn = bytesIn;
    this.#countedOut = bytesOut;
  }
  #countedIn = 0;
  #countedOut = 0;

  /** Ends it because the edge says so. */
  cut(detail: string): void {
    if (this.#splice) return this.#splice.abort('cancelled', detail);
    this.#cancelReach?.();
    this.#arrival.socket.resetAndDestroy();
    this.#over(failure('draining', detail), undefined, 0);
  }

  #join(reached: Reached): void {
    const { socket, early } = this.#arrival;
    this.#openedMs = this.#parts.clock.nowMs();
    this.#reached = reached;
    socket.off('close', this.#onEarlyLoss);
    const header = this.#proxyHeader(reached.target);
    this.#splice = new SocketSplice({
      ...{ socket, stream: reached.stream },
      first: [header, early].filter((bytes) => bytes !== undefined),
      pool: this.#parts.pool,
      flusher: this.#parts.flusher,
      nowMs: () => this.#parts.clock.nowMs(),
      onOver: (reason, detail) => {
        reached.release();
        if (this.#isBulk) reached.target.slot.bulk -= 1;
        const cause =
          reason === '' || reason === 'client-lost'
            ? undefined
            : failure(
                reason === 'connection-lost' ? 'connector-lost' : 'origin-closed',
                `${reason}: ${detail}`,
              );
        this.#over(cause, reached.target, reached.attempts);
      },
    });
    if (early) this.#splice.bytesIn += early.length;
  }

  /** A rule that sends a header of its own has said it all. */
  #proxyHeader({ rule }: TunnelTarget): Buffer | undefined {
    const { proxyProtocol } = this.#entry;
    if (proxyProtocol === 'off' || rule.isPerClient) return undefined;
    const { address, port, localAddress, localPort } = this.#arrival.client;
    const encode = proxyProtocol === 'v1' ? encodeProxyV1 : encodeProxyV2;
    return encode({ source: { address, port }, destination: { address: localAddress, port: localPort } });
  }

  #clientLeft(): void {
    this.#cancelReach?.();
    this.#over(failure('origin-closed', 'the client left before its service was reached'), undefined, 0);
  }

  #over(cause: ExchangeFailure | undefined, target: TunnelTarget | undefined, attempts: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clock, accessLog } = this.#parts;
    const { bytesIn = 0, bytesOut = 0 } = this.#splice ?? {};
    this.#arrival.socket.off('close', this.#onEarlyLoss);
    this.#count({ bytesIn, bytesOut });
    if (cause && !target) this.#tally.failures += 1;
    this.#tally.leave(this.#arrival.client.address);
    accessLog.addConnection({
      id: this.#requestId,
      client: this.#arrival.client.address,
      port: this.#entry,
      host: this.#arrival.serverName === '' ? this.#entry.hostname : this.#arrival.serverName,
      ...{ bytesIn, bytesOut, attempts, failure: cause },
      ms: clock.nowMs() - this.#startedMs,
      openMs: this.#openedMs > 0 ? this.#openedMs - this.#startedMs : 0,
      target,
    });
    this.#onOver(this);
  }
}

function ignoreError(): void {}
