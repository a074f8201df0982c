// Joins a session to a transport, a clock and the event loop: bytes in, one flush per turn out, one timer.
import { atOneMoment, type Clock, type Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import type { ConnectorInfo } from '#wire/tunnel-message.ts';
import type { ConnectorConnectionHandler, DisconnectReason, EdgeConnectionHandler } from './connection.ts';
import { ConnectorSession } from './session/connector-session.ts';
import type { TunnelCredentials } from './credentials.ts';
import { EdgeSession } from './session/edge-session.ts';
import { exporterBytes, exporterLabel, type TunnelKeys } from './session/handshake.ts';
import type { Session, SessionOptions } from './session/session.ts';
import { type Gathered, Gathering } from './session/gathering.ts';
import type { Transport } from './transport/transport.ts';
import type { WindowBudget } from './session/window.ts';
import type { WorkerSeat } from './worker-seat.ts';

interface CommonOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: {
    /** Most streams at once on this connection; default 4096. */
    readonly streams?: number;
    /** The highest stream id to use before the connection has itself replaced; default: the protocol's. */
    readonly lastStreamId?: number;
  };
  /** What windows may grow into, for all connections that are given the same; default: each has its own. */
  readonly windowBudget?: WindowBudget;
  /** Told of callbacks that threw (a fault of ours); the stream concerned was reset. */
  readonly onFault?: (error: unknown) => void;
  /** Runs `run` once this turn's events are handled; `setImmediate` unless a test has its own loop. */
  readonly defer?: (run: () => void) => void;
}

export interface AcceptOptions extends CommonOptions {
  /** The edge's own hostname; '' if it has none. */
  readonly edgeName: string;
  /** Undefined for a tunnel that does not exist. Asked at every handshake. */
  lookupTunnel(tunnelId: string): TunnelKeys | undefined;
  /** Which of the edge's processes this is; absent: the only one. */
  readonly seat?: WorkerSeat | undefined;
}

export interface DialOptions extends CommonOptions {
  readonly credentials: TunnelCredentials;
  /** UUID of this connector process. */
  readonly instanceId: string;
  readonly index: number;
  /** For the edge's lists, and what this connector can do. */
  readonly info: ConnectorInfo;
}

/** A connection that is under way, from before its handshake. */
export interface DrivenConnection {
  close(reason: DisconnectReason, detail?: string): void;
}

/** How long the peer may take to read our CLOSE and end its side. */
const lingerMs = 2_000;

/** The same for a peer that has been silent: our CLOSE gets there in a round trip, or waits for what is never acknowledged. */
const silentLingerMs = 500;

/** The edge's end over a transport that a connector has opened. */
export function acceptConnection(
  transport: Transport,
  options: AcceptOptions,
  handler: EdgeConnectionHandler,
): DrivenConnection {
  const { edgeName, random, seat } = options;
  return drive(
    transport,
    options,
    handler,
    (common) =>
      new EdgeSession(
        { ...common, edgeName, random, seat, lookupTunnel: (id) => options.lookupTunnel(id) },
        handler,
      ),
  );
}

/** The connector's end over a transport that it has opened. */
export function dialConnection(
  transport: Transport,
  options: DialOptions,
  handler: ConnectorConnectionHandler,
): DrivenConnection {
  const { credentials, instanceId, index, info } = options;
  const identity = { credentials, instanceId, index, info };
  return drive(
    transport,
    options,
    handler,
    (common) => new ConnectorSession({ ...common, identity }, handler),
  );
}

function drive(
  transport: Transport,
  options: CommonOptions,
  handler: EdgeConnectionHandler | ConnectorConnectionHandler,
  create: (common: SessionOptions) => Session,
): DrivenConnection {
  let exporter: Buffer;
  try {
    exporter = transport.exporter(exporterLabel, exporterBytes);
  } catch (error) {
    return refuse(transport, error, (connection, reason, detail, claim) =>
      handler.onClosed(connection, reason, detail, claim),
    );
  }
  return new Driver(transport, exporter, options, create);
}

/** The transport cannot carry a tunnel (no TLS 1.3): the owner is told as of any handshake that failed. */
function refuse(
  transport: Transport,
  error: unknown,
  onClosed: (connection: undefined, reason: DisconnectReason, detail: string, claim: undefined) => void,
): DrivenConnection {
  transport.start({ onData() {}, onDrain() {}, onClose() {} });
  transport.destroy();
  queueMicrotask(() => onClosed(undefined, 'handshake-failed', errorText(error), undefined));
  return { close() {} };
}

class Driver implements DrivenConnection, Gathered {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #session: Session;
  #timer: Timer | undefined;
  #timerAtMs = Infinity;
  #isEnded = false;
  #isTransportGone = false;

  constructor(
    transport: Transport,
    exporter: Buffer,
    options: CommonOptions,
    create: (common: SessionOptions) => Session,
  ) {
    this.#transport = transport;
    this.#clock = options.clock;
    const defer = options.defer ?? setImmediate;
    const gathering = new Gathering(defer, this);
    this.#session = create({
      exporter,
      transportKind: transport.kind,
      remoteAddress: transport.remoteAddress,
      nowMs: this.#clock.nowMs(),
      wallMs: () => this.#clock.wallMs(),
      streamLimit: options.limits?.streams,
      lastStreamId: options.limits?.lastStreamId,
      windowBudget: options.windowBudget,
      onFault: options.onFault,
      onFlushWanted: () => gathering.begin(),
      onEnded: (reason) => this.#onEnded(defer, reason),
    });
    transport.start({
      onData: (chunk) => atOneMoment(() => this.#session.receive(chunk, this.#clock.nowMs())),
      // Each chunk's `done` says the same, and more exactly.
      onDrain() {},
      onClose: (error) => this.#onTransportClosed(error),
    });
    this.#arm();
  }

  close(reason: DisconnectReason, detail?: string): void {
    this.#session.close(reason, detail);
  }

  get waitingBytes(): number {
    return this.#session.output.waitingBytes;
  }

  flush(): void {
    const session = this.#session;
    session.flush(this.#clock.nowMs());
    for (let chunk = session.takeChunk(); chunk; chunk = session.takeChunk()) {
      if (this.#isTransportGone) chunk.done();
      else this.#transport.write(chunk.memory.subarray(0, chunk.usedBytes), chunk.done);
    }
    if (session.nextDeadlineMs < this.#timerAtMs) this.#arm();
  }

  /** One timer at the earliest deadline. Deadlines that move later are found out when it fires. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timerAtMs = this.#session.nextDeadlineMs;
    if (this.#timerAtMs === Infinity) return;
    this.#timer = this.#clock.after(Math.max(0, this.#timerAtMs - this.#clock.nowMs()), () => {
      this.#session.tick(this.#clock.nowMs());
      this.#arm();
    });
  }

  /**
   * The CLOSE frame goes out with the last flush, then the transport ends; a peer that lingers is cut off. One that has been silent
   * for long is cut soon and by a reset: where only what comes from him is lost, he hears it, and nothing that is sent in order.
   */
  #onEnded(defer: (run: () => void) => void, reason: DisconnectReason): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    defer(() => {
      this.flush();
      this.#timer?.cancel();
      if (this.#isTransportGone) return;
      if (reason === 'ping-timeout' || reason === 'write-stalled') {
        this.#timer = this.#clock.after(silentLingerMs, () => this.#transport.destroy('reset'));
        return;
      }
      this.#transport.close();
      this.#timer = this.#clock.after(lingerMs, () => this.#transport.destroy());
    });
  }

  #onTransportClosed(error: Error | undefined): void {
    this.#isTransportGone = true;
    this.#session.transportEnded(error);
    this.#timer?.cancel();
  }
}
