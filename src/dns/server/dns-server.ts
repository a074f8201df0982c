// The built-in name server: answers for the zones it is given, and for nothing else. UDP and TCP on each address; every
// listener has its own readiness. Zones come as immutable snapshots and are swapped as a whole between two queries.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import { TaskGroup } from '#base/tasks.ts';
import type { ZoneSnapshot } from '#model/dns/zone-snapshot.ts';
import { lowerName } from '#wire/dns-name.ts';
import { rcodeName } from '#wire/dns-numbers.ts';
import type { TsigKey } from '#wire/dns-tsig.ts';
import { Notifier } from './notify.ts';
import type { TsigKeys } from './query-signature.ts';
import { type Answer, respond, type RespondContext } from './respond.ts';
import { defaultResponseRate, ResponseRate, type ResponseRateOptions } from './response-rate.ts';
import { defaultTcpLimits, listenTcp, type TcpLimits, type TcpListener } from './tcp-listener.ts';
import { mayTransfer, type Secondary, transferMessages } from './transfer-out.ts';
import { listenUdp, type UdpListener } from './udp-listener.ts';
import { indexZone, type ZoneIndex } from './zone-index.ts';

/** Where a name server listens, and the sockets that do so already, if the process before this one has handed them over. */
export interface DnsListenAddress {
  readonly host: string | undefined;
  readonly port: number;
  readonly tcpHandle?: number | undefined;
  readonly udpHandle?: number | undefined;
}

export interface DnsServerOptions {
  /** `host` undefined: every address, both families. Port 0: any, the same for UDP and TCP. */
  readonly listen: readonly DnsListenAddress[];
  readonly zones: readonly ZoneSnapshot[];
  readonly keys: readonly TsigKey[];
  readonly secondaries: readonly Secondary[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  readonly rate?: ResponseRateOptions;
  readonly tcp?: TcpLimits;
}

/** State of one socket, in the edge's words. */
export interface DnsListenerState {
  readonly name: string;
  readonly isReady: boolean;
  readonly detail: string;
}

export interface DnsServer {
  /** One for each address of `listen`, in its order. */
  readonly ports: readonly number[];
  /** The sockets of each address of `listen`, to be handed over. */
  handles(): { readonly tcp: number | undefined; readonly udp: number | undefined }[];
  /** Answers from these zones from the next query on; secondaries of those that changed are told. */
  setZones(zones: readonly ZoneSnapshot[]): void;
  zones(): readonly ZoneSnapshot[];
  listeners(): readonly DnsListenerState[];
  /** Open TCP connections. */
  readonly tcpConnections: number;
  close(): Promise<void>;
}

/** Opens every listener, or none. @throws SallyportError 'listen-failed', 'protocol-violation' for a record that is none */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const server = new RunningDnsServer(options);
  await server.open();
  return server;
}

/** A port that is free for TCP may be taken for UDP; with port 0 another one is tried. */
const portTries = 10;

class RunningDnsServer implements DnsServer {
  readonly #options: DnsServerOptions;
  readonly #rate: ResponseRate;
  readonly #cookieSecret: Uint8Array;
  readonly #keys: TsigKeys;
  readonly #notifier: Notifier;
  readonly #tasks = new TaskGroup();
  readonly #pairs: { readonly udp: UdpListener; readonly tcp: TcpListener }[] = [];
  readonly #count: (transport: string, outcome: string) => void;
  #snapshots: readonly ZoneSnapshot[];
  #zones: readonly ZoneIndex[];

  constructor(options: DnsServerOptions) {
    this.#options = options;
    const { random, metrics, secondaries, clock, log } = options;
    this.#rate = new ResponseRate(options.rate ?? defaultResponseRate);
    this.#cookieSecret = random.bytes(32);
    this.#keys = new Map(options.keys.map((key) => [lowerName(key.name), key]));
    this.#notifier = new Notifier({ secondaries, keys: this.#keys, clock, random, log });
    this.#snapshots = options.zones;
    this.#zones = options.zones.map(indexZone);
    const responses = metrics.counter(
      'sallyport_dns_responses_total',
      'Queries by transport and what became of them.',
    );
    metrics.collect(
      'sallyport_dns_tcp_connections',
      'Open TCP connections of the name server.',
      'gauge',
      () => [[{}, this.tcpConnections]],
    );
    this.#count = (transport, outcome) => responses.with({ transport, outcome }).add();
  }

  async open(): Promise<void> {
    try {
      for (const address of this.#options.listen) this.#pairs.push(await this.#openPair(address));
    } catch (error) {
      await this.close();
      throw error;
    }
    for (const zone of this.#zones) this.#announce(zone);
  }

  get ports(): readonly number[] {
    return this.#pairs.map(({ tcp }) => tcp.port);
  }

  handles(): { readonly tcp: number | undefined; readonly udp: number | undefined }[] {
    return this.#pairs.map(({ tcp, udp }) => ({ tcp: tcp.handle, udp: udp.handle }));
  }

  setZones(zones: readonly ZoneSnapshot[]): void {
    const before = new Map(this.#zones.map((zone) => [zone.name, zone.serial]));
    // Zones that are the same object are not indexed again: one of many changes at a time.
    const known = new Map(this.#snapshots.map((snapshot, i) => [snapshot, this.#zones[i]!]));
    const indexed = zones.map((snapshot) => known.get(snapshot) ?? indexZone(snapshot));
    this.#snapshots = zones;
    this.#zones = indexed;
    for (const zone of indexed) if (before.get(zone.name) !== zone.serial) this.#announce(zone);
  }

  zones(): readonly ZoneSnapshot[] {
    return this.#snapshots;
  }

  listeners(): readonly DnsListenerState[] {
    return this.#pairs.flatMap(({ udp, tcp }, i) => {
      const suffix = i === 0 ? '' : `-${i + 1}`;
      return [
        { name: `dns-udp${suffix}`, isReady: udp.isReady, detail: udp.detail },
        { name: `dns-tcp${suffix}`, isReady: tcp.isReady, detail: tcp.detail },
      ];
    });
  }

  get tcpConnections(): number {
    return this.#pairs.reduce((sum, { tcp }) => sum + tcp.connectionCount, 0);
  }

  async close(): Promise<void> {
    for (const { udp } of this.#pairs) udp.close();
    await Promise.all(this.#pairs.map(({ tcp }) => tcp.close()));
    await this.#tasks.close();
  }

  async #openPair({ host, port, tcpHandle, udpHandle }: DnsListenAddress) {
    const { clock, tcp: limits = defaultTcpLimits } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const tcp = await listenTcp({
        ...{ host, port, clock, limits, handle: tcpHandle },
        answer: (bytes, address) => this.#answerTcp(bytes, address),
        onFault: (error) => this.#onFault(error, 'a transfer'),
      });
      try {
        const udp = await listenUdp({
          host,
          port: tcp.port,
          handle: udpHandle,
          answer: (bytes, address) => this.#answerUdp(bytes, address),
        });
        return { udp, tcp };
      } catch (error) {
        await tcp.close();
        if (port !== 0 || attempt >= portTries) throw error;
      }
    }
  }

  #answerUdp(bytes: Uint8Array, address: string): Uint8Array | undefined {
    const answer = this.#respond(bytes, address, 'udp');
    if (!answer) return undefined;
    const decision = answer.isProven
      ? 'send'
      : this.#rate.decide(address, answer.kind, this.#options.clock.nowMs());
    if (decision === 'drop') this.#count('udp', 'dropped');
    else if (decision === 'truncate') this.#count('udp', 'slipped');
    else this.#count('udp', outcomeOf(answer.bytes));
    if (decision === 'drop') return undefined;
    return decision === 'truncate' ? answer.truncated() : answer.bytes;
  }

  #answerTcp(bytes: Uint8Array, address: string): Iterable<Uint8Array> | undefined {
    const answer = this.#respond(bytes, address, 'tcp');
    if (!answer) return undefined;
    const { transfer } = answer;
    if (!transfer || !mayTransfer(transfer, address, this.#options.secondaries)) {
      if (transfer) this.#logTransfer('A zone transfer was refused', transfer.zone, address);
      this.#count('tcp', outcomeOf(answer.bytes));
      return [answer.bytes];
    }
    this.#logTransfer('A zone transfer begins', transfer.zone, address);
    this.#count('tcp', 'transfer');
    return transferMessages(transfer, () => this.#options.clock.wallMs());
  }

  #respond(bytes: Uint8Array, address: string, transport: 'udp' | 'tcp'): Answer | undefined {
    const context: RespondContext = {
      ...{ zones: this.#zones, transport, address, cookieSecret: this.#cookieSecret, keys: this.#keys },
      wallMs: this.#options.clock.wallMs(),
    };
    try {
      const answer = respond(bytes, context);
      if (!answer) this.#count(transport, 'ignored');
      return answer;
    } catch (error) {
      // A fault of ours must not end the process: anybody may send a datagram.
      this.#count(transport, 'fault');
      this.#options.log.error('Fault while answering a DNS query', {
        error: errorText(error),
        client: address,
      });
      return undefined;
    }
  }

  #onFault(error: unknown, client: string): void {
    this.#options.log.error('Fault while answering a DNS query', { error: errorText(error), client });
  }

  #announce(zone: ZoneIndex): void {
    this.#tasks.start(`notify ${zone.name}`, (signal) => this.#notifier.announce(zone, signal));
  }

  #logTransfer(message: string, zone: ZoneIndex, address: string): void {
    this.#options.log.info(message, { zone: zone.name, serial: zone.serial, client: address });
  }
}

/** The response code's name, from an answer's bytes. */
function outcomeOf(bytes: Uint8Array): string {
  return rcodeName(bytes[3]! & 15).toLowerCase();
}
