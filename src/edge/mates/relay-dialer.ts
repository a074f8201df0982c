// Lends a worker's tunnels to the other workers: for each connector process that is connected here and not at another
// worker, a tunnel session is kept to that one's socket file, with the connector's rules; streams that are opened on it are
// joined with streams of a connection that is here. Once the connector has a connection there, the session drains away. So
// in the usual state there are none; after a worker has been replaced they bridge the seconds until connectors have come.
import { connect } from 'node:net';
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { parseAddress } from '#base/net/ip.ts';
import { architecture, version } from '#base/version.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { ConnectorConnection } from '#tunnel/connection.ts';
import { dialConnection, type DrivenConnection } from '#tunnel/driver.ts';
import { deafHandler, type OpenRequest, type TunnelStream } from '#tunnel/stream.ts';
import { localTransport } from '#tunnel/transport/tls-transport.ts';
import type { WindowBudget } from '#tunnel/session/window.ts';
import type { TunnelRegistry, TunnelSlot } from '../tunnels/tunnel-registry.ts';
import { joinStreams } from './joined-streams.ts';
import type { Mates } from './mates.ts';
import { relayCredentials } from './relay-credentials.ts';

export interface RelayDialerOptions {
  readonly mates: Mates;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: TunnelRegistry;
  readonly windows: WindowBudget;
}

/** A session that broke is made anew after this. */
const againMs = 500;

const none: readonly number[] = [];

/** One connector lent to one worker. */
interface Loan {
  driven: DrivenConnection | undefined;
  connection: ConnectorConnection | undefined;
  publishedVersion: number;
  timer: Timer | undefined;
}

export class RelayDialer {
  readonly #options: RelayDialerOptions;
  /** Connector processes that are connected here. */
  #here: ReadonlySet<string> = new Set();
  /** The same of the others, by their number. */
  readonly #there = new Map<number, Set<string>>();
  /** By worker and connector process. */
  readonly #loans = new Map<number, Map<string, Loan>>();
  /** Workers that lack a connector which is here, by the connector's addresses. */
  #lacking: ReadonlyMap<string, readonly number[]> = new Map();
  #isLookDue = false;
  #isClosed = false;

  constructor(options: RelayDialerOptions) {
    this.#options = options;
    const { mates, registry } = options;
    registry.onChange(() => this.#lookSoon());
    mates.hear('connectors', ({ up, down }, from) => {
      const there = this.#there.get(from) ?? new Set();
      this.#there.set(from, there);
      for (const id of up) there.add(id);
      for (const id of down) there.delete(id);
      this.#lookSoon();
    });
    mates.onJoined((number) => {
      this.#forget(number);
      mates.tell('connectors', { up: [...this.#here], down: [] });
      this.#lookSoon();
    });
    mates.onLeft((number) => {
      this.#forget(number);
      this.#lookSoon();
    });
  }

  /** Workers that lack a connector of this address which is connected here. HOT: once per connection of a client. */
  workersWithout(address: string): readonly number[] {
    return this.#lacking.get(address) ?? none;
  }

  /** Sessions that are up, for metrics and tests. */
  get count(): number {
    let sum = 0;
    for (const loans of this.#loans.values())
      for (const { connection } of loans.values()) if (connection) sum += 1;
    return sum;
  }

  close(): void {
    this.#isClosed = true;
    for (const number of [...this.#loans.keys()]) this.#forget(number);
  }

  #forget(number: number): void {
    this.#there.delete(number);
    for (const loan of this.#loans.get(number)?.values() ?? []) end(loan);
    this.#loans.delete(number);
  }

  /** Once for all changes of a turn: a thousand connectors come at a time. */
  #lookSoon(): void {
    if (this.#isLookDue) return;
    this.#isLookDue = true;
    setImmediate(() => {
      this.#isLookDue = false;
      if (!this.#isClosed) this.#look();
    });
  }

  #look(): void {
    const { mates, registry } = this.#options;
    const lent = registry.ownSlots.filter(({ connection }) => !isLocalTunnelId(connection.tunnelId));
    const slots = Map.groupBy(lent, ({ connection }) => connection.instanceId);
    const up = [...slots.keys()].filter((id) => !this.#here.has(id));
    const down = [...this.#here].filter((id) => !slots.has(id));
    this.#here = new Set(slots.keys());
    if (up.length + down.length > 0) mates.tell('connectors', { up, down });
    for (const number of mates.present) this.#lend(number, slots);
    this.#lacking = this.#lackingOf(slots);
  }

  #lackingOf(slots: ReadonlyMap<string, readonly TunnelSlot[]>): Map<string, readonly number[]> {
    const lacking = new Map<string, number[]>();
    for (const number of this.#options.mates.present) {
      const there = this.#there.get(number);
      for (const [instanceId, own] of slots) {
        if (there?.has(instanceId) === true) continue;
        for (const { connection } of own) {
          const address = addressOf(connection.remoteAddress);
          const numbers = lacking.get(address) ?? [];
          lacking.set(address, numbers);
          if (!numbers.includes(number)) numbers.push(number);
        }
      }
    }
    return lacking;
  }

  #lend(number: number, slots: ReadonlyMap<string, readonly TunnelSlot[]>): void {
    const there = this.#there.get(number);
    const loans = this.#loans.get(number) ?? new Map<string, Loan>();
    this.#loans.set(number, loans);
    for (const [instanceId, loan] of loans) {
      if (slots.has(instanceId) && there?.has(instanceId) !== true) continue;
      loans.delete(instanceId);
      takeBack(loan);
    }
    for (const [instanceId, [slot]] of slots) {
      if (there?.has(instanceId) === true) continue;
      const loan = loans.get(instanceId);
      if (loan) this.#publish(loan, slot!);
      else loans.set(instanceId, this.#dial(number, slot!));
    }
  }

  #dial(number: number, slot: TunnelSlot): Loan {
    const { mates, clock, random, log, windows } = this.#options;
    const { tunnelId, instanceId, index } = slot.connection;
    const loan: Loan = {
      driven: undefined,
      connection: undefined,
      publishedVersion: 0,
      timer: undefined,
    };
    const socket = connect(mates.relay.pathOf(number));
    const again = (): void => {
      loan.timer = clock.after(againMs, () => {
        const loans = this.#loans.get(number);
        // Looked at anew: by now the connector may be there, or gone from here.
        if (loans?.get(instanceId) === loan) loans.delete(instanceId);
        this.#lookSoon();
      });
    };
    socket.on('error', () => {});
    socket.once('connect', () => {
      if (this.#loans.get(number)?.get(instanceId) !== loan) return void socket.destroy();
      loan.driven = dialConnection(
        localTransport(socket, mates.relay.secret),
        {
          credentials: relayCredentials(mates.relay.secret, tunnelId),
          ...{ instanceId, index, clock, random, windowBudget: windows },
          info: { version, arch: architecture },
          onFault: (error) => log.error('Fault in a relayed stream', { error: String(error) }),
        },
        {
          onReady: (connection) => {
            loan.connection = connection;
            this.#publish(loan, slot);
          },
          onStream: (stream, request, opened) => this.#open(instanceId, { stream, request, opened }),
          onDraining() {},
          onClosed: () => {
            loan.connection = undefined;
            again();
          },
        },
      );
    });
    socket.once('close', () => {
      if (!loan.driven) again();
    });
    return loan;
  }

  #publish(loan: Loan, { rules }: TunnelSlot): void {
    if (!loan.connection || loan.publishedVersion >= rules.version) return;
    loan.publishedVersion = rules.version;
    loan.connection.publish(rules).catch((error: unknown) => {
      this.#options.log.debug('Rules could not be lent to another worker', { error: String(error) });
    });
  }

  /** A stream of the other worker's: joined with one of a connection of the connector's that is here. */
  #open(
    instanceId: string,
    {
      stream,
      request,
      opened,
    }: { readonly stream: TunnelStream; readonly request: OpenRequest; readonly opened: () => void },
  ): void {
    const slots = this.#options.registry.ownSlots.filter(
      ({ connection }) => connection.instanceId === instanceId && !connection.isDraining,
    );
    const slot = slots.toSorted((a, b) => a.connection.openStreams - b.connection.openStreams)[0];
    try {
      if (!slot) throw new Error('the connector has no connection here any more');
      joinStreams(stream, slot.connection.open(request), opened);
    } catch (error) {
      stream.handler = deafHandler;
      stream.reset('draining', String(error));
    }
  }
}

/** Of `address:port`, in its one spelling. */
function addressOf(endpoint: string): string {
  return parseAddress(endpoint.slice(0, endpoint.lastIndexOf(':'))) ?? '';
}

function end(loan: Loan): void {
  loan.timer?.cancel();
  loan.driven?.close('shutdown');
}

/** Streams that are open go on; no further ones come. */
function takeBack(loan: Loan): void {
  loan.timer?.cancel();
  if (loan.connection) void loan.connection.drain();
  else loan.driven?.close('shutdown');
}
