// The connector: keeps several connections to its edge, publishes its ingress rules over them and serves the streams
// the edge opens. It listens on nothing public; at home it dials nothing its rules do not name (outside-probes.ts).
//
//     edge-link.ts (x N)  <->  edge          rule-table.ts -> origin.ts -> origin-pipe.ts  <->  origins
import type { Clock } from '#base/clock.ts';
import { errorText, isSallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import { TaskGroup } from '#base/tasks.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import { type PushedConfig, remoteConfigFeature } from '#tunnel/exchanges/config-exchange.ts';
import type { ConfigAnswer, ConnectorConnection, DisconnectReason } from '#tunnel/connection.ts';
import type { DialOptions } from '#tunnel/driver.ts';
import { probeFeature } from '#tunnel/exchanges/probe-exchange.ts';
import { deafHandler, type OpenRequest, type TunnelStream } from '#tunnel/stream.ts';
import type { TlsDialOptions } from '#tunnel/transport/tls-dial.ts';
import { TrustedRoots } from '#tunnel/transport/trusted-roots.ts';
import { processWindowBudget } from '#tunnel/process-window.ts';
import { Admission, isNews } from './links/admission.ts';
import { collectHostnames, type ConnectorMetrics, createConnectorMetrics } from './connector-metrics.ts';
import {
  clockSkewLimitMs,
  type ConnectorState,
  connectorStates,
  type ConnectorStatus,
} from './connector-state.ts';
import type { CredentialsSource } from './links/credentials-source.ts';
import { type EdgeDialer, edgeDialer, type TunnelProtocol } from './links/edge-dialer.ts';
import { edgeTarget } from './links/edge-target.ts';
import { EdgeLink, type LinkFailure, type LinkHost } from './links/edge-link.ts';
import { createOriginContext } from './origins/origin-context.ts';
import { type RulesDifference, RuleTable } from './rules/rule-table.ts';
import { OutsideProbes } from './outside-probes.ts';
import { RulesInForce } from './rules/rules-in-force.ts';
import { StreamEvents } from './stream-events.ts';
import { WorkerSpread } from './links/worker-spread.ts';
import { createUuid } from '#base/text/uuid.ts';

export interface ConnectorOptions {
  readonly credentials: CredentialsSource;
  /** `host:port` to dial instead of what the credentials say; '' for theirs. */
  readonly edgeAddress: string;
  /** The last matches everything (config/ingress-rules.ts has checked). */
  readonly rules: readonly IngressRule[];
  /** False: `rules` only stand for having none, so that nobody need be told when the edge's replace them. Default true. */
  readonly hasOwnRules?: boolean;
  /**
   * Reads rules that the edge keeps for the tunnel, as config.yml is read; throws one sentence with the line. Absent: the
   * connector takes none.
   */
  readonly readPushedRules?: (text: string) => readonly IngressRule[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  readonly version: string;
  /** `linux_x64` style. */
  readonly arch: string;
  /** Name and system of this machine, for the owner's lists at the edge. */
  readonly machine?: { readonly hostname: string; readonly os: string };
  readonly protocol?: TunnelProtocol;
  /** Default 4. */
  readonly connections?: number;
  /** PEM text of CAs that may vouch for the edge beside the system's. */
  readonly caText?: string;
  /** UUID of this process; drawn when absent. */
  readonly instanceId?: string;
  readonly ipVersion?: 0 | 4 | 6;
  readonly bindAddress?: string;
  /** For tests: reaches the edge in another way. */
  readonly dial?: EdgeDialer;
}

/** A running connector. */
export interface Connector {
  readonly connectorId: string;
  state(): ConnectorStatus;
  readonly rules: readonly IngressRule[];
  /** Resolves when the edge has accepted a first connection (for systemd and the pid file). */
  connected(): Promise<void>;
  /** Puts checked rules in force and publishes them; throws and keeps the old ones if an origin cannot be prepared. */
  reload(rules: readonly IngressRule[]): RulesDifference | undefined;
  /** Tells status and metrics that the configuration file is broken ('' when it is mended). */
  setConfigError(detail: string): void;
  /** No new streams; resolves when those under way have ended, at the latest after the grace period. */
  drain(graceMs: number): Promise<void>;
  close(): Promise<void>;
}

const defaultConnections = 4;

/**
 * Starts a connector; it connects, and stays connected, in the background.
 * @throws SallyportError for rules whose origins cannot be prepared, or when nothing says where the edge is
 */
export async function startConnector(options: ConnectorOptions): Promise<Connector> {
  return new RunningConnector(options);
}

class RunningConnector implements Connector, LinkHost {
  readonly connectorId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly dial: EdgeDialer;
  readonly #options: ConnectorOptions;
  readonly #metrics: ConnectorMetrics;
  readonly #table: RuleTable;
  readonly #rules: RulesInForce;
  readonly #events: StreamEvents;
  readonly #links: EdgeLink[];
  readonly #windows = processWindowBudget();
  readonly #admission = new Admission();
  readonly #tasks = new TaskGroup();
  readonly #roots = new TrustedRoots();
  readonly probes = new OutsideProbes({
    nowMs: () => this.clock.nowMs(),
    edgePort: () => edgeTarget(this.#options, this.#roots).port,
    edgeEndpoints: () => this.#links.map(({ remoteAddress }) => remoteAddress),
  });
  readonly #spread: WorkerSpread;
  readonly #unsubscribe: () => void;
  /** Wall clock. */
  readonly #startedAtMs: number;
  #phase: 'running' | 'draining' | 'stopped' = 'running';
  #failure: LinkFailure | undefined;
  #configError = '';
  #clockSkewMs: number | undefined;

  constructor(options: ConnectorOptions) {
    const { clock, random, log, credentials } = options;
    this.#options = options;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.#startedAtMs = Math.max(0, Math.floor(clock.wallMs()));
    this.connectorId = options.instanceId ?? createUuid(random);
    const target = (): TlsDialOptions => edgeTarget(options, this.#roots);
    target();
    this.dial = options.dial ?? edgeDialer(options.protocol ?? 'auto', target);
    this.#metrics = createConnectorMetrics(options.metrics, options.version);
    this.#events = new StreamEvents(this.#metrics, log, clock);
    this.#table = new RuleTable(options.rules, createOriginContext(clock, this.#events));
    this.#rules = new RulesInForce({
      table: this.#table,
      hasOwnRules: options.hasOwnRules ?? true,
      readPushed: options.readPushedRules,
      log,
      changed: (difference) => this.#rulesChanged(difference),
    });
    collectHostnames(options.metrics, () => this.rules);
    this.#links = Array.from(
      { length: options.connections ?? defaultConnections },
      (_, i) => new EdgeLink(i, this),
    );
    const spread = { links: () => this.#links, addLink: () => this.#addLink() };
    this.#spread = new WorkerSpread({ clock, random, ...spread });
    this.#unsubscribe = credentials.subscribe(() => this.#renew());
    this.#start();
  }

  get rules(): readonly IngressRule[] {
    return this.#table.rules;
  }

  state(): ConnectorStatus {
    const readyConnections = this.#readyCount();
    return {
      state: this.#stateWord(readyConnections),
      detail: this.#detail(readyConnections),
      readyConnections: this.#phase === 'running' ? readyConnections : 0,
      connectorId: this.connectorId,
      tunnelId: this.#options.credentials.current().tunnelId,
      rulesVersion: this.#table.published.version,
      pushedVersion: this.#rules.pushedVersion,
      configError: this.#configError,
      clockSkewMs: this.#clockSkewMs,
      openStreams: this.#events.openStreams,
    };
  }

  connected(): Promise<void> {
    return this.#admission.first();
  }

  reload(rules: readonly IngressRule[]): RulesDifference | undefined {
    return this.#rules.replaceOwn(rules);
  }

  onConfig(config: PushedConfig): ConfigAnswer {
    return this.#rules.take(config);
  }

  #rulesChanged(difference: RulesDifference): void {
    const { version } = this.#table.published;
    this.#metrics.configVersion.set(version);
    this.log.info('Updated to new configuration', { version, ...difference });
    for (const link of this.#links) {
      link.connection?.publish(this.#table.published).catch((error: unknown) => {
        // A connection that ended publishes them when it is back.
        if (isSallyportError(error, 'edge-unreachable')) return;
        this.log.error('The edge did not take the new ingress rules', {
          connIndex: link.index,
          error: errorText(error),
        });
      });
    }
  }

  setConfigError(detail: string): void {
    this.#configError = detail;
    this.#metrics.configPushes.add();
    if (detail !== '') this.#metrics.configErrors.add();
    this.#metrics.configBroken.set(detail === '' ? 0 : 1);
  }

  async drain(graceMs: number): Promise<void> {
    if (this.#phase === 'stopped') return;
    this.#phase = 'draining';
    this.#showState();
    this.log.info('Initiating graceful shutdown', { graceMs, openStreams: this.#events.openStreams });
    const tasksEnded = this.#stopDialing();
    const timer = this.clock.after(graceMs, () => {
      for (const link of this.#links)
        link.close('drain-deadline', `streams were still open after ${graceMs} ms`);
    });
    await Promise.all(this.#links.map((link) => link.drain()));
    timer.cancel();
    await tasksEnded;
    this.#stopped();
  }

  async close(): Promise<void> {
    if (this.#phase === 'stopped') return;
    const tasksEnded = this.#stopDialing();
    for (const link of this.#links) link.close('shutdown');
    await Promise.all(this.#links.map((link) => link.drain()));
    await tasksEnded;
    this.#stopped();
  }

  // What links ask and tell.

  dialOptions(index: number): DialOptions {
    const { credentials, version, arch, machine, clock, random, readPushedRules } = this.#options;
    const features = [...(readPushedRules ? [remoteConfigFeature] : []), probeFeature];
    return {
      credentials: credentials.current(),
      instanceId: this.connectorId,
      index,
      info: { version, arch, features, ...machine, startedAtMs: this.#startedAtMs },
      clock,
      random,
      windowBudget: this.#windows,
      onFault: (error) =>
        this.log.error('A stream failed by a fault of the connector', { error: String(error) }),
    };
  }

  published(): RuleTable['published'] {
    return this.#table.published;
  }

  /** HOT: once per stream. */
  onStream(stream: TunnelStream, request: OpenRequest, opened: () => void): void {
    const origin = this.#table.find(request.rulesVersion, request.ruleIndex);
    if (typeof origin !== 'string') return origin.serve(stream, request, opened);
    stream.handler = deafHandler;
    stream.reset(origin, `rules version ${request.rulesVersion}, index ${request.ruleIndex}`);
  }

  admission(index: number, signal: AbortSignal): Promise<void> {
    return index === 0 ? Promise.resolve() : this.#admission.granted(signal);
  }

  linkReady(link: EdgeLink, connection: ConnectorConnection): void {
    this.#failure = undefined;
    this.#admission.grant();
    for (const other of this.#links) if (other !== link) other.edgeIsThere();
    this.#metrics.registered.add();
    this.#metrics.locations
      .with({ connection_id: String(link.index), edge_location: connection.edgeName })
      .set(1);
    this.#noteClock(connection.clockSkewMs);
    this.#spread.look();
    if (link.index === 0) this.#rules.noteManagement(connection.management);
    this.log.info('Registered tunnel connection', {
      connIndex: link.index,
      connection: connection.edgeConnectionId,
      event: 0,
      ip: connection.remoteAddress,
      ...{ location: connection.edgeName, protocol: connection.transportKind },
      ...(connection.seat && { worker: connection.seat.number }),
    });
    this.#showState();
  }

  linkEnded(link: EdgeLink, reason: DisconnectReason): void {
    this.#metrics.disconnects.with({ reason }).add();
    if (this.#phase === 'running') this.#spread.look();
    this.log.info('Unregistered tunnel connection', { connIndex: link.index, event: 0, reason });
    this.#showState();
  }

  linkLost(link: EdgeLink, reason: DisconnectReason, detail: string, failure: LinkFailure): void {
    if (isNews(this.#failure, failure, link.index)) this.#failure = failure;
    this.#metrics.disconnects.with({ reason }).add();
    if (failure.state === 'unauthorized') this.#admission.revoke();
    this.#metrics.registerFailed.with({ error: failure.state, rpcName: 'registerConnection' }).add();
    const fields = { connIndex: link.index, event: 0, reason, error: detail };
    const isLast = this.#readyCount() === 0;
    const message = failure.state === 'unauthorized' ? failure.detail : 'Lost connection with the edge';
    if (isLast) this.log.error(message, fields);
    else this.log.warn(message, fields);
    this.#showState();
  }

  // Inside.

  #start(): void {
    const { tunnelId } = this.#options.credentials.current();
    this.log.info('Starting tunnel', { tunnelID: tunnelId });
    this.log.info(`Generated Connector ID: ${this.connectorId}`);
    this.#metrics.configVersion.set(this.#table.published.version);
    this.#showState();
    for (const link of this.#links) this.#run(link);
  }

  #run(link: EdgeLink): void {
    this.#tasks.start(`edge connection ${link.index}`, (signal) => link.run(signal));
  }

  /** The edge has more processes than there are connections. */
  #addLink(): void {
    this.#links.push(new EdgeLink(this.#links.length, this));
    this.#run(this.#links.at(-1)!);
  }

  #stopDialing(): Promise<void> {
    this.#unsubscribe();
    this.#spread.close();
    return this.#tasks.close();
  }

  #stopped(): void {
    this.#phase = 'stopped';
    this.#table.close();
    this.#showState();
    this.log.info('Tunnel server stopped');
  }

  /** New credentials: each connection gets a successor made with them, and waits end at once. */
  #renew(): void {
    this.log.info('The tunnel credentials have changed; connecting with the new ones');
    for (const link of this.#links) link.renew();
  }

  #readyCount(): number {
    let count = 0;
    for (const link of this.#links) if (link.connection) count += 1;
    return count;
  }

  #stateWord(readyConnections: number): ConnectorState {
    if (this.#phase !== 'running') return this.#phase;
    if (readyConnections > 0) return 'connected';
    return this.#failure?.state ?? 'connecting';
  }

  #detail(readyConnections: number): string {
    if (this.#failure && (readyConnections === 0 || this.#failure.state === 'unauthorized'))
      return this.#failure.detail;
    return this.#isClockWrong()
      ? `This machine's clock is ${Math.round(this.#clockSkewMs! / 1000)} s off the edge's`
      : '';
  }

  #isClockWrong(): boolean {
    return Math.abs(this.#clockSkewMs ?? 0) > clockSkewLimitMs;
  }

  #noteClock(skewMs: number): void {
    const wasWrong = this.#isClockWrong();
    this.#clockSkewMs = skewMs;
    this.#metrics.clockSkew.set(skewMs / 1000);
    if (this.#isClockWrong() && !wasWrong) {
      this.log.warn("This machine's clock differs from the edge's; is time synchronisation running?", {
        skewMs,
      });
    }
  }

  #showState(): void {
    const readyConnections = this.#readyCount();
    this.#metrics.readyConnections.set(readyConnections);
    const now = this.#stateWord(readyConnections);
    for (const state of connectorStates) this.#metrics.state.with({ state }).set(state === now ? 1 : 0);
  }
}
