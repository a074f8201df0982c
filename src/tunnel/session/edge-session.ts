// The edge's end of a tunnel connection: says HELLO, judges AUTH, takes rules, opens streams.
import type { Random } from '#base/random.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import type { OutsideLook } from '#base/net/outside-look.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { frameError, frameName, frameTypes } from '#wire/tunnel-frame.ts';
import { type ConnectorInfo, decodeAuth, encodeHello, encodeWelcome } from '#wire/tunnel-message.ts';
import { decodeProbe, encodeProbe } from '#wire/tunnel-probe.ts';
import { decodeConfigAck, decodePiece, encodeAck } from '#wire/tunnel-versioned-text.ts';
import { type EncodedConfig, remoteConfigFeature } from '../exchanges/config-exchange.ts';
import type {
  ClaimedIdentity,
  DisconnectReason,
  EdgeConnection,
  EdgeConnectionHandler,
} from '../connection.ts';

import { judgeAuth, protocolVersion, type TunnelKeys } from './handshake.ts';
import { maxProbes, probeFeature, type ProbeRequest, ProbeWaiters } from '../exchanges/probe-exchange.ts';
import type { WorkerSeat } from '../worker-seat.ts';
import { PieceGatherer } from '../exchanges/piece-gatherer.ts';
import { parseRules, rulesLimitBytes } from '../exchanges/rules-exchange.ts';
import { Session, type SessionOptions } from './session.ts';
import type { OpenRequest, TunnelStream } from '../stream.ts';
import { createUuid } from '#base/text/uuid.ts';

export interface EdgeSessionOptions extends SessionOptions {
  readonly edgeName: string;
  readonly random: Random;
  readonly lookupTunnel: (tunnelId: string) => TunnelKeys | undefined;
  /** Which of several processes this one is; told in WELCOME. */
  readonly seat?: WorkerSeat | undefined;
}

export class EdgeSession extends Session implements EdgeConnection {
  readonly id: string;
  tunnelId = '';
  publicKey: Uint8Array = new Uint8Array(0);
  instanceId = '';
  index = 0;
  connectorInfo: ConnectorInfo = { version: '', arch: '' };
  connectedAtMs = 0;
  rules: PublishedRules | undefined = undefined;
  readonly #options: EdgeSessionOptions;
  readonly #handler: EdgeConnectionHandler;
  readonly #nonce: Buffer;
  readonly #gatherer = new PieceGatherer('RULES', rulesLimitBytes);
  /** Versions of pushed configs, in the order in which their acknowledgements must come. */
  readonly #awaitedConfigs: number[] = [];
  readonly #probes = new ProbeWaiters();
  /** Who the peer said to be, known or not. */
  #claim: ClaimedIdentity | undefined;
  #isReady = false;

  constructor(options: EdgeSessionOptions, handler: EdgeConnectionHandler) {
    super(options, undefined);
    this.#options = options;
    this.#handler = handler;
    this.id = createUuid(options.random);
    this.#nonce = options.random.bytes(32);
    const wallMs = options.wallMs();
    this.sendControl(frameTypes.HELLO, encodeHello({ version: protocolVersion, nonce: this.#nonce, wallMs }));
  }

  open(request: OpenRequest): TunnelStream {
    if (this.isDraining) {
      throw new SallyportError('connector-lost', 'The tunnel connection is going away; use another.');
    }
    const stream = this.streams.open(request);
    if (this.streams.isRunningOut) this.#replaceSelf();
    return stream;
  }

  get takesConfig(): boolean {
    return this.connectorInfo.features?.includes(remoteConfigFeature) ?? false;
  }

  pushConfig(config: EncodedConfig): void {
    if (this.isClosed || !this.takesConfig) return;
    this.#awaitedConfigs.push(config.version);
    this.sendPieces(frameTypes.CONFIG, config.payloads);
  }

  get takesProbes(): boolean {
    return this.connectorInfo.features?.includes(probeFeature) ?? false;
  }

  async probe(request: ProbeRequest, signal: AbortSignal): Promise<OutsideLook> {
    if (this.isClosed || !this.takesProbes)
      throw new SallyportError('invalid', 'This connector does not look from outside; update it.');
    if (this.#probes.count >= maxProbes)
      throw new SallyportError('limit-exceeded', `${maxProbes} looks are under way there already.`);
    const { number, answer } = this.#probes.wait(signal);
    this.sendControl(frameTypes.PROBE, encodeProbe({ number, value: request }));
    return await answer;
  }

  protected override onHandshakeFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.AUTH) throw frameError(`${frameName(type)} where AUTH is expected`);
    const auth = decodeAuth(payload);
    this.#claim = { tunnelId: auth.tunnelId, instanceId: auth.instanceId, info: auth.info };
    const keys = this.#options.lookupTunnel(auth.tunnelId);
    const verdict = judgeAuth(auth, this.#nonce, this.#options.exporter, keys);
    if (!verdict.isGood) return this.close(verdict.reason, verdict.detail);
    this.publicKey = verdict.publicKey;
    this.tunnelId = auth.tunnelId;
    this.instanceId = auth.instanceId;
    this.index = auth.index;
    this.connectorInfo = auth.info;
    this.connectedAtMs = this.#options.wallMs();
    this.sendControl(
      frameTypes.WELCOME,
      encodeWelcome({
        connectionId: this.id,
        edgeName: this.#options.edgeName,
        management: keys?.management,
        ...(this.#options.seat && {
          worker: this.#options.seat.number,
          workers: this.#options.seat.count,
        }),
      }),
    );
    this.becomeOpen();
    this.#isReady = true;
    this.#handler.onReady(this);
  }

  protected override onRulesFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.RULES) throw frameError(`${frameName(type)} from a connector`);
    const piece = decodePiece('RULES', payload);
    const json = this.#gatherer.add(piece);
    if (!json) return;
    const text = this.#takeRules(piece.version, json);
    const ack = { version: piece.version, isAccepted: text === '', text };
    this.sendControl(frameTypes.RULES_ACK, encodeAck(ack));
  }

  protected override onConfigFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.CONFIG_ACK) throw frameError(`${frameName(type)} from a connector`);
    const ack = decodeConfigAck(payload);
    if (this.#awaitedConfigs.shift() !== ack.version) {
      throw frameError(`CONFIG_ACK for version ${ack.version}, which was not awaited`);
    }
    this.#handler.onConfigAck?.(this, ack);
  }

  protected override onProbeFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.PROBE_RESULT) throw frameError(`${frameName(type)} from a connector`);
    const { number, value } = decodeProbe('PROBE_RESULT', payload);
    if (!this.#probes.settle(number, value))
      throw frameError(`PROBE_RESULT for number ${number}, which was not asked`);
  }

  protected override onPeerDraining(): void {
    this.#handler.onDraining(this);
  }

  protected override onSessionClosed(reason: DisconnectReason, detail: string): void {
    this.#probes.rejectAll(reason);
    this.#handler.onClosed(this.#isReady ? this : undefined, reason, detail, this.#claim);
  }

  /** After some two thousand million streams: have the connector dial anew while this connection still works. */
  #replaceSelf(): void {
    void this.drain();
    this.#handler.onDraining(this);
  }

  /** Installs new rules; returns why they are refused, or ''. The rules before stay in force when they are. */
  #takeRules(version: number, json: Buffer): string {
    const before = this.rules;
    try {
      if (before && version <= before.version) {
        return `version ${version} is not newer than ${before.version}`;
      }
      this.rules = parseRules(version, json);
      this.#handler.onRules(this, this.rules);
      return '';
    } catch (error) {
      this.rules = before;
      return errorText(error);
    }
  }
}
