// A tunnel connection whose other end is in this very process: the edge's own dashboard and API answer through it. To
// the proxy it is a connection like any other (routes, rules, pool, log, limits), so no port is opened for them and
// nothing of the data path is written twice.
//
//   Proxy -> TunnelRegistry -> LocalConnection.open() -> Duplex -> server.emit('connection', duplex)
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';
import { architecture, version } from '#base/version.ts';
import { plainRule, type PublishedRules } from '#model/ingress/published-rules.ts';
import type { DisconnectReason, EdgeConnection } from '#tunnel/connection.ts';
import type { OpenRequest, TunnelStream } from '#tunnel/stream.ts';
import { StreamDuplex } from '#tunnel/stream-duplex.ts';
import { type StreamPair, streamPair } from '#tunnel/stream-pair.ts';

/** Something that answers inside the edge's process. */
export interface LocalService {
  /** One of model/local-tunnel.ts; routes name it. */
  readonly tunnelId: string;
  readonly rules: PublishedRules;
  /**
   * Takes a connection; for a node:http server: `server.emit('connection', socket)`. One connection serves many clients
   * one after another, so the client's address stands in X-Forwarded-For (the edge wrote it), not on the socket.
   */
  readonly accept: (socket: Duplex, request: OpenRequest) => void;
}

export interface LocalConnectionOptions {
  readonly service: LocalService;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** It takes no further request. */
  readonly onDraining: (connection: LocalConnection) => void;
  readonly onClosed: (connection: LocalConnection, reason: DisconnectReason, detail: string) => void;
}

/** As a connector's. */
const maxStreams = 4096;

/** Rules with which a service takes every request that a route gives it; `name` is what lists show. */
export function localRules(name: string): PublishedRules {
  const rule: PublishedRules['rules'][number] = {
    ...plainRule,
    service: name,
  };
  return { version: 1, rules: [rule] };
}

export class LocalConnection implements EdgeConnection {
  readonly id: string;
  readonly tunnelId: string;
  readonly publicKey = new Uint8Array(0);
  readonly instanceId: string;
  readonly index = 0;
  readonly connectorInfo = { version, arch: architecture };
  readonly transportKind = 'local';
  readonly remoteAddress = 'local';
  readonly connectedAtMs: number;
  readonly rules: PublishedRules;
  readonly rttMs = 0;
  readonly isQuiet = false;
  readonly #options: LocalConnectionOptions;
  readonly #streams = new Set<StreamPair>();
  #state: 'open' | 'draining' | 'closed' = 'open';
  #deadline: Timer | undefined;
  #nextId = 1;

  constructor(options: LocalConnectionOptions) {
    const { service, clock, random } = options;
    this.#options = options;
    this.id = createUuid(random);
    this.instanceId = createUuid(random);
    this.tunnelId = service.tunnelId;
    this.rules = service.rules;
    this.connectedAtMs = clock.wallMs();
  }

  get isDraining(): boolean {
    return this.#state !== 'open';
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  open(request: OpenRequest): TunnelStream {
    if (this.#state !== 'open') {
      throw new SallyportError('connector-lost', 'The local service is going away; it takes no request.');
    }
    const { service, log } = this.#options;
    const pair = streamPair({
      id: this.#nextId++,
      onFault: (error) => log.error('Fault in a local stream', { error: String(error) }),
      onOver: () => this.#over(pair),
    });
    if (this.#streams.size >= maxStreams) {
      pair.far.reset('stream-limit', `this service already answers ${maxStreams} streams`);
      return pair.near;
    }
    this.#streams.add(pair);
    const socket = new StreamDuplex(pair.far, { destroyReason: 'origin-lost' });
    // Whoever serves it has heard of the end by 'close'; an error nobody listens to would end the process.
    socket.on('error', () => {});
    pair.opened();
    try {
      service.accept(socket, request);
    } catch (error) {
      log.error('A local service did not take a connection', { error: String(error) });
      socket.destroy();
    }
    return pair.near;
  }

  readonly takesConfig = false;

  /** There is nowhere else for it. */
  askToMove(): void {}

  /** Its rules are code. */
  pushConfig(): void {}

  readonly takesProbes = false;

  probe(): Promise<never> {
    return Promise.reject(new SallyportError('invalid', 'A local service looks at nothing.'));
  }

  drain(graceMs = Infinity): Promise<void> {
    if (this.#state !== 'open') return Promise.resolve();
    this.#state = 'draining';
    const { clock, onDraining } = this.#options;
    if (graceMs < Infinity) {
      this.#deadline = clock.after(graceMs, () =>
        this.close('drain-deadline', `${this.#streams.size} streams were still open at the deadline`),
      );
    }
    onDraining(this);
    if (this.#streams.size === 0) this.close('drained');
    return Promise.resolve();
  }

  close(reason: DisconnectReason, detail = ''): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#deadline?.cancel();
    this.#options.onClosed(this, reason, detail);
    const words = detail === '' ? reason : `${reason}: ${detail}`;
    for (const pair of this.#streams) pair.lose('connection-lost', words);
  }

  #over(pair: StreamPair): void {
    this.#streams.delete(pair);
    if (this.#state === 'draining' && this.#streams.size === 0) this.close('drained');
  }
}
