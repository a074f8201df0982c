// The ports of an edge: opened, changed and closed as snapshots come, without a restart. Raw TCP and UDP have a port each;
// TLS that is passed on unopened is chosen by server name, on ports of its own or on the https listeners.
//
//   snapshot -> Ports -> StreamPort   -> PortConnection -> tunnel
//                     -> DatagramPort -> sessions       -> tunnel
//   Listener (https) -> `look`        -> PortConnection, or back to the listener's own TLS
import type { Socket } from 'node:net';
import { BufferPool } from '#base/io/buffer-pool.ts';
import { gatherBufferBytes } from '#base/io/gather-writer.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { ClientAddress, ExchangeFailure } from '#http/exchange.ts';
import { failure } from '#http/exchange.ts';
import type { EdgeSnapshot, PortEntry } from '#model/edge-snapshot.ts';
import type { PortLive } from '#model/live/port-live.ts';
import type { ConnectionCensus } from '../mates/connection-census.ts';
import { DatagramPort } from './datagram-port.ts';
import type { PassageEnds } from '../front-door/tls-passage.ts';
import { alerts, readHello, refuseTls } from './hello-reader.ts';
import { type Arrival, PortConnection } from './port-connection.ts';
import { type FindPortHandle, InheritedPorts, type PortHandle } from './port-handles.ts';
import { collectPortMetrics } from './port-metrics.ts';
import type { PortParts } from './port-parts.ts';
import { PortTally, type Refused } from './port-tally.ts';
import { ServerNames } from './server-names.ts';
import { StreamPort } from './stream-port.ts';
import { tryService } from './try-service.ts';

export interface PortsOptions extends Pick<
  PortParts,
  'clock' | 'registry' | 'expected' | 'accessLog' | 'newRequestId'
> {
  readonly metrics: MetricsRegistry;
  readonly snapshot: EdgeSnapshot;
  /** Who is connected to the other workers of the edge; absent: there are none. */
  readonly census?: ConnectionCensus | undefined;
  /** Sockets that a predecessor has handed over. */
  readonly inherited?: FindPortHandle | undefined;
}

/** A port that could not be opened is tried again after so long: the program that has it may be a predecessor of ours. */
const againMs = 5_000;

/** One TCP port with what is behind it: one entry, or several told apart by server name. */
interface Door {
  readonly port: StreamPort;
  entries: readonly PortTally[];
  names: ServerNames<PortTally>;
  triedMs: number;
}

export class Ports {
  readonly #parts: PortParts;
  readonly #inherited: InheritedPorts;
  readonly #census: ConnectionCensus | undefined;
  readonly #tallies = new Map<string, PortTally>();
  /** By address and number. */
  readonly #doors = new Map<string, Door>();
  readonly #datagrams = new Map<string, { readonly port: DatagramPort; triedMs: number }>();
  readonly #connections = new Set<PortConnection>();
  /** Server names on the https listeners. */
  #names = new ServerNames<PortTally>([]);
  #handshakeMs: number;
  #isStopped = false;
  #isLeaving = false;

  constructor(options: PortsOptions) {
    this.#parts = {
      ...options,
      pool: new BufferPool(gatherBufferBytes),
      flusher: new TurnFlusher(setImmediate),
    };
    this.#inherited = new InheritedPorts(options.inherited);
    this.#census = options.census;
    this.#handshakeMs = options.snapshot.timeouts.handshakeMs;
    collectPortMetrics(options.metrics, () => this.#tallies.values());
  }

  /** Opens what is new, closes what is gone, and cuts the connections of ports that are gone. */
  apply({ ports = [], timeouts }: EdgeSnapshot): void {
    if (this.#isStopped) return;
    this.#handshakeMs = timeouts.handshakeMs;
    const wanted = new Map(ports.map((entry) => [entry.name, entry]));
    for (const [name, tally] of this.#tallies) {
      if (wanted.has(name)) continue;
      this.#tallies.delete(name);
      for (const connection of this.#connections)
        if (connection.entry.name === name) connection.cut(`the port ${name} was closed`);
      this.#closeDatagrams(tally.entry);
    }
    for (const entry of ports) {
      const tally = this.#tallies.get(entry.name);
      if (!tally) this.#tallies.set(entry.name, new PortTally(entry, this.#census?.of(`port ${entry.name}`)));
      else {
        if (tally.entry.address !== entry.address) this.#closeDatagrams(tally.entry);
        tally.apply(entry);
      }
    }
    this.#applyDoors();
    this.#applyDatagrams();
    const shared = [...this.#tallies.values()].filter(({ entry }) => isShared(entry));
    for (const tally of shared) tally.trouble = '';
    this.#names = new ServerNames(shared);
  }

  get activeCount(): number {
    let sum = this.#connections.size;
    for (const { port } of this.#datagrams.values()) sum += port.sessionCount;
    return sum;
  }

  live(): PortLive[] {
    return [...this.#tallies.values()].map((tally) => tally.live());
  }

  /** Whether https listeners must look at server names at all. HOT: once per connection. */
  looksAt(): boolean {
    return this.#names.size > 0;
  }

  /** Whether a hostname's TLS is passed on, so that plain HTTP may send its visitors to https. */
  passesOn(hostname: string): boolean {
    return this.passing(hostname) !== undefined;
  }

  /** The port that passes on the TLS of a hostname on the https listeners. */
  passing(hostname: string): PortEntry | undefined {
    return this.#names.find(hostname)?.entry;
  }

  /** A port by its name, with what passes now. */
  find(name: string): { readonly entry: PortEntry; readonly live: PortLive } | undefined {
    const tally = this.#tallies.get(name);
    return tally && { entry: tally.entry, live: tally.live() };
  }

  /** Reaches the service behind a port as a client would, and leaves at once; resolves with why it could not. */
  tryService(
    { tunnelId, hostname, protocol }: PortEntry,
    signal: AbortSignal,
  ): Promise<ExchangeFailure | undefined> {
    return tryService(
      this.#parts,
      { tunnelId, hostname, wantsDatagrams: protocol === 'udp', requestId: this.#parts.newRequestId() },
      signal,
    );
  }

  /** Reads the ClientHello of a connection to an https listener, and takes it or gives it back with `own`. */
  look(socket: Socket, client: ClientAddress, ends: PassageEnds): void {
    this.#read(
      socket,
      ({ serverName }, early) => {
        const tally = this.#names.find(serverName);
        if (tally) {
          ends.taken('passed-on');
          this.#enter(tally, { socket, client, serverName, early });
        } else {
          socket.unshift(early);
          ends.own();
        }
      },
      () => ends.taken('tls-failed'),
    );
  }

  /** Applies time limits, and tries again what could not be opened; called about once a second. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) connection.sweep(nowMs);
    for (const { port } of this.#datagrams.values()) port.sweep(nowMs);
    if (this.#isStopped) return;
    for (const each of [...this.#doors.values(), ...this.#datagrams.values()]) {
      if (each.port.isTried || nowMs - each.triedMs < againMs) continue;
      each.triedMs = nowMs;
      each.port.open();
    }
  }

  /** The open sockets, for a successor to take over. */
  handles(): PortHandle[] {
    const all = [...this.#doors.values(), ...this.#datagrams.values()];
    return all.flatMap(({ port: { handle } }) => (handle ? [handle] : []));
  }

  /**
   * A successor has the sockets. Connections go on here; a client of datagrams has its next session there, because whoever
   * reads the socket gets whatever comes.
   */
  leave(): void {
    this.#isLeaving = true;
    this.stop();
    for (const { port } of this.#datagrams.values())
      port.close('another process of the edge took the port over');
    this.#datagrams.clear();
  }

  /** Takes no new client; connections go on. */
  stop(): void {
    this.#isStopped = true;
    for (const { port } of this.#doors.values()) port.close();
    for (const { port } of this.#datagrams.values()) port.drain();
  }

  close(): void {
    this.stop();
    for (const connection of this.#connections) connection.cut('the edge is stopping');
    for (const { port } of this.#datagrams.values()) port.close('the edge is stopping');
    this.#datagrams.clear();
  }

  #applyDoors(): void {
    const wanted = new Map<string, PortTally[]>();
    for (const tally of this.#tallies.values()) {
      const { entry } = tally;
      if (entry.protocol === 'udp' || isShared(entry)) continue;
      const key = `${entry.address} ${entry.port}`;
      wanted.set(key, [...(wanted.get(key) ?? []), tally]);
    }
    for (const [key, { port }] of this.#doors) {
      if (wanted.has(key)) continue;
      port.close();
      this.#doors.delete(key);
    }
    for (const [key, tallies] of wanted) {
      const door = this.#doors.get(key) ?? this.#openDoor(key, tallies[0]!.entry);
      // A newcomer behind a door that is open already.
      const { trouble } = door.entries[0] ?? tallies[0]!;
      for (const tally of tallies) tally.trouble = trouble;
      door.entries = tallies;
      door.names = new ServerNames(tallies.filter(({ entry }) => entry.protocol === 'tls'));
    }
  }

  #openDoor(key: string, { address, port }: PortEntry): Door {
    const door: Door = {
      port: new StreamPort({
        ...{ address, port, inherited: this.#inherited },
        accept: (socket, client) => this.#accept(door, socket, client),
        onState(trouble) {
          for (const tally of door.entries) tally.trouble = trouble;
        },
      }),
      entries: [],
      names: new ServerNames([]),
      triedMs: this.#parts.clock.nowMs(),
    };
    this.#doors.set(key, door);
    door.port.open();
    return door;
  }

  #applyDatagrams(): void {
    for (const [name, tally] of this.#tallies) {
      if (tally.entry.protocol !== 'udp' || this.#datagrams.has(name)) continue;
      const port = new DatagramPort(this.#parts, tally, this.#inherited);
      this.#datagrams.set(name, { port, triedMs: this.#parts.clock.nowMs() });
      port.open();
    }
  }

  #closeDatagrams({ name }: PortEntry): void {
    this.#datagrams.get(name)?.port.close(`the port ${name} was closed`);
    this.#datagrams.delete(name);
  }

  #accept(door: Door, socket: Socket, client: Arrival['client']): void {
    const raw = door.entries.find(({ entry }) => entry.protocol === 'tcp');
    if (raw) return this.#enter(raw, { socket, client, serverName: '', early: undefined });
    socket.on('error', ignoreError);
    this.#read(
      socket,
      ({ serverName }, early) => {
        const tally = door.names.find(serverName);
        if (tally) this.#enter(tally, { socket, client, serverName, early });
        else refuseTls(socket, alerts.unrecognizedName);
      },
      () => {},
    );
  }

  #read(
    socket: Socket,
    onHello: Parameters<typeof readHello>[1]['onHello'],
    onRefused: Parameters<typeof readHello>[1]['onRefused'],
  ): void {
    readHello(socket, { clock: this.#parts.clock, withinMs: this.#handshakeMs, onHello, onRefused });
  }

  #enter(tally: PortTally, arrival: Arrival): void {
    // What this process had accepted when its successor took over is its own to serve.
    const isClosed = this.#isStopped && !this.#isLeaving;
    const refused = isClosed ? 'too-many' : tally.enter(arrival.client.address);
    if (refused) return this.#refuse(tally, arrival, refused);
    const connection = new PortConnection(this.#parts, tally, arrival, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
    connection.start();
  }

  #refuse({ entry }: PortTally, { socket, client, serverName }: Arrival, refused: Refused): void {
    socket.on('error', ignoreError);
    socket.resetAndDestroy();
    const isAllowed = refused === 'too-many';
    this.#parts.accessLog.addConnection({
      id: this.#parts.newRequestId(),
      client: client.address,
      port: entry,
      host: serverName === '' ? entry.hostname : serverName,
      ...{ bytesIn: 0, bytesOut: 0, ms: 0, openMs: 0, attempts: 0, target: undefined },
      failure: isAllowed
        ? failure('overloaded', `the port takes no more connections, or none from this address`)
        : failure('access-denied', 'the address is not among those that may connect'),
    });
  }
}

/** On the https listeners. */
function isShared({ protocol, port }: PortEntry): boolean {
  return protocol === 'tls' && port === 0;
}

function ignoreError(): void {}
