// The connector's end of a tunnel connection: answers HELLO, publishes rules, is handed streams.
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { frameError, frameName, frameTypes } from '#wire/tunnel-frame.ts';
import { decodeHello, decodeWelcome, encodeAuth } from '#wire/tunnel-message.ts';
import { decodeProbe, encodeProbe } from '#wire/tunnel-probe.ts';
import { decodeAck, decodePiece, encodeConfigAck } from '#wire/tunnel-versioned-text.ts';
import { configLimitBytes, decodeConfigText } from '../exchanges/config-exchange.ts';
import type {
  ConfigAnswer,
  ConnectorConnection,
  ConnectorConnectionHandler,
  DisconnectReason,
} from '../connection.ts';
import { answerHello, type ConnectorIdentity, versionFault } from './handshake.ts';
import { answerValue, maxProbes, type ProbeAnswer, probeRequestSchema } from '../exchanges/probe-exchange.ts';
import { PieceGatherer } from '../exchanges/piece-gatherer.ts';
import { RulesWaiters, splitRules } from '../exchanges/rules-exchange.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { Session, type SessionOptions } from './session.ts';
import type { WorkerSeat } from '../worker-seat.ts';

export interface ConnectorSessionOptions extends SessionOptions {
  readonly identity: ConnectorIdentity;
}

export class ConnectorSession extends Session implements ConnectorConnection {
  readonly index: number;
  edgeConnectionId = '';
  edgeName = '';
  management: 'local' | 'remote' | undefined = undefined;
  seat: WorkerSeat | undefined = undefined;
  clockSkewMs = 0;
  readonly #options: ConnectorSessionOptions;
  readonly #handler: ConnectorConnectionHandler;
  readonly #waiters = new RulesWaiters();
  readonly #configGatherer = new PieceGatherer('CONFIG', configLimitBytes);
  #isHelloSeen = false;
  #isReady = false;

  constructor(options: ConnectorSessionOptions, handler: ConnectorConnectionHandler) {
    super(options, (stream, request) => handler.onStream(stream, request, () => stream.sendOpened()));
    this.#options = options;
    this.#handler = handler;
    this.index = options.identity.index;
  }

  async publish(rules: PublishedRules): Promise<void> {
    const payloads = splitRules(rules);
    if (this.isClosed || !this.#isReady) {
      throw new SallyportError('edge-unreachable', 'The connection to the edge is closed.');
    }
    const acknowledged = this.#waiters.wait(rules.version);
    this.sendPieces(frameTypes.RULES, payloads);
    await acknowledged;
  }

  protected override onHandshakeFrame(type: number, payload: Buffer): void {
    if (type === frameTypes.HELLO && !this.#isHelloSeen) return this.#onHello(payload);
    if (type === frameTypes.WELCOME && this.#isHelloSeen) return this.#onWelcome(payload);
    throw frameError(`${frameName(type)} where ${this.#isHelloSeen ? 'WELCOME' : 'HELLO'} is expected`);
  }

  protected override onRulesFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.RULES_ACK) throw frameError(`${frameName(type)} from an edge`);
    this.#waiters.settle(decodeAck(payload));
  }

  protected override onConfigFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.CONFIG) throw frameError(`${frameName(type)} from an edge`);
    const piece = decodePiece('CONFIG', payload);
    const bytes = this.#configGatherer.add(piece);
    if (!bytes) return;
    const ack = { version: piece.version, ...this.#takeConfig(piece.version, bytes) };
    this.sendControl(frameTypes.CONFIG_ACK, encodeConfigAck(ack));
  }

  #takeConfig(version: number, bytes: Buffer): ConfigAnswer {
    const refused = (text: string): ConfigAnswer => ({ verdict: 'refused', text });
    if (!this.#handler.onConfig) return refused('This connector takes no rules from its edge.');
    const text = decodeConfigText(bytes);
    if (text === undefined) return refused('The rules are not UTF-8 text.');
    try {
      return this.#handler.onConfig(this, { version, text });
    } catch (error) {
      this.#options.onFault?.(error);
      return refused(errorText(error));
    }
  }

  protected override onProbeFrame(type: number, payload: Buffer): void {
    if (type !== frameTypes.PROBE) throw frameError(`${frameName(type)} from an edge`);
    const { number, value } = decodeProbe('PROBE', payload);
    void this.#look(value).then((answer) => {
      if (!this.isClosed)
        this.sendControl(frameTypes.PROBE_RESULT, encodeProbe({ number, value: answerValue(answer) }));
    });
  }

  /** Never rejects: a fault of ours is a refusal. */
  async #look(value: Record<string, unknown>): Promise<ProbeAnswer> {
    const request = probeRequestSchema.safeParse(value);
    if (!request.success) return { refused: 'The question cannot be understood; is this connector too old?' };
    if (!this.#handler.onProbe) return { refused: 'It does not look from outside.' };
    if (this.#looking >= maxProbes) return { refused: `${maxProbes} looks are under way already.` };
    this.#looking += 1;
    try {
      return await this.#handler.onProbe(this, request.data);
    } catch (error) {
      this.#options.onFault?.(error);
      return { refused: errorText(error) };
    } finally {
      this.#looking -= 1;
    }
  }
  #looking = 0;

  protected override onPeerDraining(): void {
    this.#handler.onDraining(this);
  }

  protected override onSessionClosed(reason: DisconnectReason, detail: string): void {
    this.#waiters.rejectAll(reason);
    this.#handler.onClosed(this.#isReady ? this : undefined, reason, detail);
  }

  #onHello(payload: Buffer): void {
    this.#isHelloSeen = true;
    const hello = decodeHello(payload);
    const fault = versionFault(hello.version);
    if (fault) return this.close(fault.reason, fault.detail);
    this.clockSkewMs = hello.wallMs - this.#options.wallMs();
    const auth = answerHello(this.#options.identity, hello, this.#options.exporter);
    this.sendControl(frameTypes.AUTH, encodeAuth(auth));
  }

  #onWelcome(payload: Buffer): void {
    const { connectionId, edgeName, management, worker, workers } = decodeWelcome(payload);
    this.edgeConnectionId = connectionId;
    this.edgeName = edgeName;
    this.management = management;
    if (worker !== undefined && workers !== undefined) this.seat = { number: worker, count: workers };
    this.becomeOpen();
    this.#isReady = true;
    this.#handler.onReady(this);
  }
}
