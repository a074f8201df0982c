// Opens a stream to the service behind a port: finds the tunnel's connection and rule, waits until the connector has
// reached the service, and tries another connection or replica where one could not. Nothing of the client's has been sent
// by then, so a second try repeats nothing.
import type { Clock, Timer } from '#base/clock.ts';
import type { ExchangeFailure, FailureCode } from '#http/exchange.ts';
import { failure } from '#http/exchange.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import { failureOfReset } from '../failed-tries.ts';
import type { ExpectedTunnels } from '../tunnels/expected-tunnels.ts';
import type { TunnelRegistry, TunnelSlot, TunnelTarget } from '../tunnels/tunnel-registry.ts';

export interface ReachParts {
  readonly clock: Clock;
  readonly registry: TunnelRegistry;
  /** Tunnels that are on their way to this edge, which a client waits for. */
  readonly expected?: ExpectedTunnels | undefined;
}

export interface ReachRequest {
  readonly tunnelId: string;
  /** Which rule: the hostname it is for. */
  readonly hostname: string;
  readonly wantsDatagrams: boolean;
  readonly client: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
  readonly requestId: string;
}

/** A stream whose service has been reached; its handler must be set before the callback returns. */
export interface Reached {
  readonly stream: TunnelStream;
  readonly target: TunnelTarget;
  readonly attempts: number;
  /** To be called once, when the stream is not used any more: it counts against the connection until then. */
  readonly release: () => void;
}

export interface ReachEnds {
  readonly onReached: (reached: Reached) => void;
  readonly onFailed: (failure: ExchangeFailure, attempts: number) => void;
}

/** As many as a request has: the first, and one elsewhere. */
const maxAttempts = 2;
/** Rules that change again and again meanwhile. */
const maxRenewals = 5;
/** How long to wait for rules that a connector says to have. */
const newRulesMs = 5_000;

/** Resets after which another replica may do better. */
const elsewhere: ReadonlySet<ResetReason> = new Set([
  'draining',
  'connection-lost',
  'stream-limit',
  'origin-refused',
  'origin-unreachable',
  'origin-timeout',
]);

/** Begins; exactly one of the two ends follows, now or later, unless the returned function is called first. */
export function reachService(parts: ReachParts, request: ReachRequest, ends: ReachEnds): () => void {
  const reach = new Reach(parts, request, ends);
  reach.start(undefined);
  return () => reach.cancel();
}

class Reach implements StreamHandler {
  readonly #parts: ReachParts;
  readonly #request: ReachRequest;
  readonly #ends: ReachEnds;
  #target: TunnelTarget | undefined;
  #stream: TunnelStream | undefined;
  #attempts = 0;
  #isOver = false;
  #timer: Timer | undefined;
  #leaveQueue: (() => void) | undefined;

  constructor(parts: ReachParts, request: ReachRequest, ends: ReachEnds) {
    this.#parts = parts;
    this.#request = request;
    this.#ends = ends;
  }

  start(except: TunnelSlot | undefined): void {
    const { tunnelId } = this.#request;
    const slot = this.#parts.registry.pick(tunnelId, except);
    if (slot) return this.#startOn(slot);
    if (this.#attempts === 0) {
      this.#leaveQueue = this.#parts.expected?.wait(tunnelId, () => {
        this.#leaveQueue = undefined;
        this.start(undefined);
      });
      if (this.#leaveQueue) return;
    }
    this.#fail('no-connector', `tunnel ${tunnelId} has no connection`);
  }

  #startOn(slot: TunnelSlot): void {
    const { hostname, wantsDatagrams, client, local, requestId } = this.#request;
    this.#attempts += 1;
    const ruleIndex = slot.matcher.match(hostname.replace(/^\*\./, 'x.'), '/');
    const rule = slot.rules.rules[ruleIndex];
    const refusal = rule
      ? refusalOf(rule, wantsDatagrams)
      : 'the connector has published no rule that matches';
    if (!rule || refusal !== '') return this.#fail('no-ingress', refusal);
    const target: TunnelTarget = { slot, rule, ruleIndex, rulesVersion: slot.rules.version };
    this.#target = target;
    try {
      this.#stream = slot.connection.open({
        ...{ rulesVersion: target.rulesVersion, ruleIndex, host: hostname.replace(/^\*\./, 'x.') },
        ...{ client, local, destination: '', requestId },
      });
    } catch (error) {
      return this.#next('draining', String(error));
    }
    slot.outstanding += 1;
    this.#stream.handler = this;
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    if (!this.#stream) return;
    this.#release();
    this.#stream.handler = deafHandler;
    this.#stream.reset('cancelled', 'the client has left');
  }

  onOpened(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    let isHeld = true;
    const { slot } = this.#target!;
    this.#ends.onReached({
      stream: this.#stream!,
      target: this.#target!,
      attempts: this.#attempts,
      release() {
        if (isHeld) slot.outstanding -= 1;
        isHeld = false;
      },
    });
  }

  /** A connector says that the service is reached before it sends anything. */
  onData(chunk: Buffer): void {
    this.#stream!.consume(chunk.length);
    const stream = this.#stream!;
    this.#release();
    this.#stream = undefined;
    stream.handler = deafHandler;
    stream.reset('protocol-error', 'bytes before OPENED');
    this.#fail('origin-closed', 'the connector sent bytes before it had reached the service');
  }

  onEnd(): void {}

  onDrain(): void {}

  onReset(reason: ResetReason, detail: string): void {
    if (this.#isOver) return;
    this.#release();
    this.#stream = undefined;
    this.#next(reason, detail);
  }

  #next(reason: ResetReason, detail: string): void {
    const { slot } = this.#target!;
    if (reason === 'stale-rules' && this.#attempts <= maxRenewals) return this.#renew(slot);
    const { registry } = this.#parts;
    const mayMove = elsewhere.has(reason) && this.#attempts < maxAttempts;
    const isHopeless = reason.startsWith('origin-') && !registry.hasReplicaBeside(slot);
    if (mayMove && !isHopeless) return this.start(slot);
    this.#fail(failureOfReset[reason] ?? 'origin-closed', `${reason}: ${detail}`);
  }

  /** The word that the match is old may overtake the rules themselves. */
  #renew(slot: TunnelSlot): void {
    const { clock, registry } = this.#parts;
    const again = (): void => {
      this.#stopWaiting();
      if (this.#isOver) return;
      if (registry.has(slot)) this.#startOn(slot);
      else this.start(undefined);
    };
    if (slot.rules.version !== this.#target?.rulesVersion) return again();
    this.#leaveQueue = slot.awaitRules(again);
    this.#timer = clock.after(newRulesMs, () => {
      this.#fail('rule-refused', 'the connector has other rules and did not publish them');
    });
  }

  #stopWaiting(): void {
    this.#timer?.cancel();
    this.#leaveQueue?.();
  }

  #release(): void {
    this.#target!.slot.outstanding -= 1;
  }

  #fail(code: FailureCode, detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopWaiting();
    this.#ends.onFailed(failure(code, detail), this.#attempts);
  }
}

/** Why a rule cannot serve a port; '' when it can. */
function refusalOf(rule: PublishedRule, wantsDatagrams: boolean): string {
  if (rule.protocol !== 'tcp')
    return `the rule's service ${rule.service} is not reached by a port; it needs tcp:// or udp://`;
  if ((rule.isDatagram ?? false) === wantsDatagrams)
    return rule.requiresAccess ? 'the rule asks for access, which a port cannot prove' : '';
  return wantsDatagrams
    ? `the rule's service ${rule.service} does not take datagrams; it needs udp://`
    : `the rule's service ${rule.service} takes datagrams only`;
}

const deafHandler: StreamHandler = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
