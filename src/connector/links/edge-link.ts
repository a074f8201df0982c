// One of a connector's connections to its edge, kept up for as long as the connector lives: dial, register, publish the
// rules, and when it ends dial again. While a successor is being made (the edge drains, credentials were renewed)
// the old connection goes on serving.
import { type Clock, sleep } from '#base/clock.ts';
import { formatDuration } from '#base/text/duration.ts';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { PushedConfig } from '#tunnel/exchanges/config-exchange.ts';
import type { ConfigAnswer, ConnectorConnection, DisconnectReason } from '#tunnel/connection.ts';
import { dialConnection, type DialOptions, type DrivenConnection } from '#tunnel/driver.ts';
import type { OpenRequest, TunnelStream } from '#tunnel/stream.ts';
import type { WorkerSeat } from '#tunnel/worker-seat.ts';
import { type ConnectorState, isRefusal, refusalText } from '../connector-state.ts';
import type { EdgeDialer } from './edge-dialer.ts';
import type { OutsideProbes } from '../outside-probes.ts';
import { RetryPace } from './retry-pace.ts';

/** Why there is no connection, as the connector's state. */
export interface LinkFailure {
  readonly state: Extract<ConnectorState, 'unauthorized' | 'unreachable' | 'clock-wrong'>;
  readonly detail: string;
}

/** What a link needs of the connector it belongs to. */
export interface LinkHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dial: EdgeDialer;
  dialOptions(index: number): DialOptions;
  published(): PublishedRules;
  onStream(stream: TunnelStream, request: OpenRequest, opened: () => void): void;
  onConfig(config: PushedConfig): ConfigAnswer;
  /** Looks at hostnames for the edge. */
  readonly probes: OutsideProbes;
  /** Resolves when this link may dial: the first always, the others once the edge has accepted one. */
  admission(index: number, signal: AbortSignal): Promise<void>;
  linkReady(link: EdgeLink, connection: ConnectorConnection): void;
  /** A connection ended that already has a successor, or needs none. */
  linkEnded(link: EdgeLink, reason: DisconnectReason): void;
  /** An attempt failed, or a connection ended that should not have. */
  linkLost(link: EdgeLink, reason: DisconnectReason, detail: string, failure: LinkFailure): void;
}

/** How an attempt came to its end; `failure` is undefined when the connection lives on and a successor is wanted. */
interface Outcome {
  readonly failure: LinkFailure | undefined;
  readonly livedMs: number;
}

export class EdgeLink {
  readonly index: number;
  readonly #host: LinkHost;
  readonly #pace: RetryPace;
  #current: ConnectorConnection | undefined;
  /** Every connection that has not ended, with what ends it. */
  readonly #driven = new Set<DrivenConnection>();
  #idle: (() => void)[] = [];
  /** The connection is well, and its successor was asked for: that is no failure to be paced. */
  #isRenewed = false;
  /** It waits before it tries once more an edge that could not be reached. */
  #isUnreachable = false;
  /** Ends the present wait, whether for a connection to end or between attempts. */
  #wake: (() => void) | undefined;

  constructor(index: number, host: LinkHost) {
    this.index = index;
    this.#host = host;
    this.#pace = new RetryPace(host.random);
  }

  /** The registered connection, if it takes streams. */
  get connection(): ConnectorConnection | undefined {
    return this.#current && !this.#current.isDraining ? this.#current : undefined;
  }

  /** Which of the edge's processes it leads to. */
  get seat(): WorkerSeat | undefined {
    return this.connection?.seat;
  }

  get remoteAddress(): string {
    return this.#current?.remoteAddress ?? '';
  }

  /** Keeps the connection up until the signal fires; connections then still open are left to `drain` or `close`. */
  async run(signal: AbortSignal): Promise<void> {
    const host = this.#host;
    while (!signal.aborted) {
      try {
        await host.admission(this.index, signal);
        const outcome = await this.#connect(signal);
        await this.#pause(outcome, signal);
      } catch (error) {
        if (signal.aborted) return;
        // A fault of ours must not take the connection away for good.
        const failure = { state: 'unreachable', detail: errorText(error) } as const;
        await this.#pause(this.#lost('internal-error', failure.detail, failure, 0), signal);
      }
    }
  }

  /** Makes a successor for the present connection now (renewed credentials), or ends the wait for the next attempt. */
  renew(): void {
    this.#wake?.();
  }

  /** Another link has reached the edge: it is there again, so there is nothing to wait for. */
  edgeIsThere(): void {
    if (this.#isUnreachable && this.#pace.takeShortcut()) this.#wake?.();
  }

  /** Phase one for what is connected; resolves when every connection of this link has ended. */
  async drain(): Promise<void> {
    if (this.#current && !this.#current.isDraining) void this.#current.drain();
    else if (!this.#current) this.close('shutdown');
    await this.#ended();
  }

  close(reason: DisconnectReason, detail?: string): void {
    for (const driven of this.#driven) driven.close(reason, detail);
  }

  /** Until the connection is lost or a successor is wanted. */
  async #connect(signal: AbortSignal): Promise<Outcome> {
    const host = this.#host;
    let transport;
    try {
      transport = await host.dial(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      return this.#lost('transport-error', errorText(error), dialFailure(error), 0);
    }
    return new Promise((resolve) => {
      let readyAtMs = -1;
      let isMoved = false;
      const livedMs = (): number => (readyAtMs < 0 ? 0 : host.clock.nowMs() - readyAtMs);
      const move = (): void => {
        isMoved = true;
        resolve({ failure: undefined, livedMs: livedMs() });
      };
      const options = host.dialOptions(this.index);
      const driven = dialConnection(transport, options, {
        onReady: (connection) => {
          readyAtMs = host.clock.nowMs();
          if (signal.aborted) driven.close('shutdown');
          else void this.#register(connection);
        },
        onStream: (stream, request, opened) => host.onStream(stream, request, opened),
        onConfig: (_connection, config) => host.onConfig(config),
        onProbe: (_connection, request) => host.probes.look(request),
        onDraining: move,
        onClosed: (connection, reason, detail) => {
          this.#forget(driven, connection);
          if (isMoved || signal.aborted) {
            host.linkEnded(this, reason);
            return move();
          }
          const failure = closeFailure(reason, detail, options.credentials.tunnelId);
          resolve(this.#lost(reason, detail, failure, livedMs()));
        },
      });
      this.#driven.add(driven);
      this.#wake = () => {
        this.#isRenewed = true;
        move();
      };
      if (signal.aborted) driven.close('shutdown');
    });
  }

  /** Publishes the rules; only then does the connection count, and a predecessor may go. */
  async #register(connection: ConnectorConnection): Promise<void> {
    const host = this.#host;
    try {
      // Rules may change while the edge still reads those before: the edge pushes its own right after WELCOME.
      for (let rules; rules !== host.published();) {
        rules = host.published();
        await connection.publish(rules);
      }
    } catch (error) {
      if (!isSallyportError(error, 'edge-unreachable')) {
        host.log.error('The edge did not take the ingress rules', {
          connIndex: this.index,
          error: errorText(error),
        });
      }
      return;
    }
    const before = this.#current;
    this.#current = connection;
    if (before && !before.isDraining) void before.drain();
    host.linkReady(this, connection);
  }

  #lost(reason: DisconnectReason, detail: string, failure: LinkFailure, livedMs: number): Outcome {
    this.#host.linkLost(this, reason, detail, failure);
    return { failure, livedMs };
  }

  #forget(driven: DrivenConnection, connection: ConnectorConnection | undefined): void {
    this.#driven.delete(driven);
    if (connection !== undefined && this.#current === connection) this.#current = undefined;
    if (this.#driven.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #ended(): Promise<void> {
    if (this.#driven.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  async #pause(outcome: Outcome, signal: AbortSignal): Promise<void> {
    this.#wake = undefined;
    if (signal.aborted) return;
    const { clock, log } = this.#host;
    const isRenewed = this.#isRenewed && outcome.failure === undefined;
    this.#isRenewed = false;
    const attempt = {
      nowMs: clock.nowMs(),
      livedMs: outcome.livedMs,
      isRefused: outcome.failure?.state === 'unauthorized',
      isMoved: outcome.failure === undefined,
    };
    const waitMs = isRenewed ? 0 : this.#pace.nextMs(attempt);
    const rounded = formatDuration(Math.ceil(waitMs / 1000) * 1000);
    log.info(`Retrying connection in up to ${rounded}`, {
      connIndex: this.index,
      event: 0,
      ip: this.remoteAddress,
    });
    await interruptibleSleep(clock, waitMs, signal, (wake) => {
      this.#wake = wake;
      this.#isUnreachable = outcome.failure?.state === 'unreachable';
    });
    this.#isUnreachable = false;
    this.#wake = undefined;
  }
}

/** Sleeps until the time is up, the signal fires (then it throws) or the given `wake` is called. */
async function interruptibleSleep(
  clock: Clock,
  waitMs: number,
  signal: AbortSignal,
  onWake: (wake: () => void) => void,
): Promise<void> {
  const woken = new AbortController();
  onWake(() => woken.abort());
  try {
    await sleep(clock, waitMs, AbortSignal.any([signal, woken.signal]));
  } catch (error) {
    if (!woken.signal.aborted || signal.aborted) throw error;
  }
}

/** An attempt that did not get as far as the tunnel's handshake. */
function dialFailure(error: unknown): LinkFailure {
  const detail = errorText(error);
  const isEarly = error instanceof SallyportError && causeCode(error) === 'CERT_NOT_YET_VALID';
  return { state: isEarly ? 'clock-wrong' : 'unreachable', detail };
}

function causeCode({ cause }: Error): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
}

function closeFailure(reason: DisconnectReason, detail: string, tunnelId: string): LinkFailure {
  if (isRefusal(reason)) return { state: 'unauthorized', detail: refusalText(reason, tunnelId) };
  return {
    state: 'unreachable',
    detail: `The connection to the edge ended: ${reason}${detail === '' ? '' : ` (${detail})`}`,
  };
}
