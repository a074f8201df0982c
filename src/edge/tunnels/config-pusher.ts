// Brings the rules that the edge keeps for a tunnel to the tunnel's connectors, and knows where each of them stands. One
// connection of a connector process is enough; another is tried when no answer comes. A text is cut once for all of them,
// and only so many are under way at once, however many connectors wait.
import type { Clock, Timer } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import type { ConnectorLive } from '#model/live/live.ts';
import {
  encodeConfig,
  type EncodedConfig,
  type PushedConfig,
  releasedConfig,
} from '#tunnel/exchanges/config-exchange.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { ConfigAck } from '#wire/tunnel-versioned-text.ts';

/** Without an answer for this long, the connector's next connection is tried. */
export const answerPatienceMs = 2_000;

/** Before a connector that is ahead of this edge is told to forget it; another edge's news are here long before. */
export const outdatedPatienceMs = 15_000;

/** Connectors that are sent rules at the same moment; more wait for one of them to answer. */
export const maxPushes = 64;

export interface ConfigPusherOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Live connections of a tunnel, by instance. */
  readonly connectionsOf: (tunnelId: string) => ReadonlyMap<string, readonly EdgeConnection[]>;
  readonly tunnelName: (tunnelId: string) => string;
  readonly tell: (
    what: 'config-accepted' | 'config-refused',
    connection: EdgeConnection,
    detail: string,
  ) => void;
}

/** Where one connector process stands. */
interface Standing {
  readonly tunnelId: string;
  readonly instanceId: string;
  /** What it runs or has refused, as far as this edge knows. */
  settled: PushedConfig | undefined;
  refusal: string;
  /** Connections that have yet to answer, and what they were sent. */
  readonly awaited: Map<EdgeConnection, PushedConfig>;
  /** It takes one of the places that `maxPushes` gives. */
  isPushing: boolean;
  timer: Timer | undefined;
}

export class ConfigPusher {
  readonly #options: ConfigPusherOptions;
  #configs: ReadonlyMap<string, PushedConfig>;
  /** By tunnel and instance. */
  readonly #standings = new Map<string, Map<string, Standing>>();
  readonly #encoded = new WeakMap<PushedConfig, EncodedConfig>();
  readonly #waiting = new Set<Standing>();
  #pushing = 0;

  constructor(options: ConfigPusherOptions, tunnels: readonly TunnelEntry[]) {
    this.#options = options;
    this.#configs = configsOf(tunnels, new Map());
  }

  /** A new snapshot; connectors whose rules have changed are sent them. */
  apply(tunnels: readonly TunnelEntry[]): void {
    this.#configs = configsOf(tunnels, this.#configs);
    for (const instances of this.#standings.values()) {
      for (const standing of instances.values()) this.#reconcile(standing);
    }
  }

  /** A connection is up. */
  connected({ tunnelId, instanceId }: EdgeConnection): void {
    const instances = this.#standings.get(tunnelId) ?? new Map<string, Standing>();
    this.#standings.set(tunnelId, instances);
    let standing = instances.get(instanceId);
    if (!standing) {
      standing = {
        tunnelId,
        instanceId,
        settled: undefined,
        refusal: '',
        awaited: new Map(),
        isPushing: false,
        timer: undefined,
      };
      instances.set(instanceId, standing);
    }
    this.#reconcile(standing);
  }

  /** A connection is gone; call it when `connectionsOf` no longer has it. */
  closed(connection: EdgeConnection): void {
    const { tunnelId, instanceId } = connection;
    const instances = this.#standings.get(tunnelId);
    const standing = instances?.get(instanceId);
    if (!instances || !standing) return;
    standing.awaited.delete(connection);
    if (this.#connections(standing).length > 0) return this.#reconcile(standing);
    instances.delete(instanceId);
    if (instances.size === 0) this.#standings.delete(tunnelId);
    standing.timer?.cancel();
    this.#leave(standing);
  }

  acknowledged(connection: EdgeConnection, ack: ConfigAck): void {
    const standing = this.#standings.get(connection.tunnelId)?.get(connection.instanceId);
    const sent = standing?.awaited.get(connection);
    if (!standing || !sent) return;
    standing.awaited.delete(connection);
    const wanted = this.#wanted(standing);
    // An answer that was overtaken by a later push, on another connection, says nothing any more.
    const isStale = sent !== wanted && (standing.settled === wanted || ack.verdict === 'outdated');
    if (!isStale) this.#settle(standing, connection, { sent, ack });
    this.#reconcile(standing);
  }

  #settle(
    standing: Standing,
    connection: EdgeConnection,
    answer: { sent: PushedConfig; ack: ConfigAck },
  ): void {
    const { sent, ack } = answer;
    standing.settled = sent;
    if (ack.verdict === 'outdated') return this.#outdated(standing, connection, ack);
    standing.refusal = ack.verdict === 'refused' ? ack.text : '';
    this.#note(standing, connection, ack);
  }

  /** Where a connector stands, for lists. */
  configOf(tunnelId: string, instanceId: string): ConnectorLive['config'] {
    const standing = this.#standings.get(tunnelId)?.get(instanceId);
    const config = this.#configs.get(tunnelId);
    if (!standing || !config) return { version: 0, state: 'local', detail: '' };
    const { version } = config;
    if (!this.#connections(standing).some(({ takesConfig }) => takesConfig)) {
      return { version: 0, state: 'unsupported', detail: 'It does not take rules from the edge.' };
    }
    if (standing.refusal !== '' && standing.settled === config) {
      return { version, state: 'refused', detail: standing.refusal };
    }
    return { version, state: standing.settled === config ? 'current' : 'pending', detail: '' };
  }

  /** What the connector should be sent; undefined when there is nothing to say. */
  #wanted({ tunnelId, settled }: Standing): PushedConfig | undefined {
    const config = this.#configs.get(tunnelId);
    if (config) return config;
    return settled && settled.version > 0 ? releasedConfig : undefined;
  }

  #connections({ tunnelId, instanceId }: Standing): readonly EdgeConnection[] {
    return this.#options.connectionsOf(tunnelId).get(instanceId) ?? [];
  }

  /** Sends what is wanted, if it is not settled, under way or waiting already. */
  #reconcile(standing: Standing): void {
    const wanted = this.#wanted(standing);
    if (!wanted || wanted === standing.settled) return this.#leave(standing);
    const underWay = [...standing.awaited.values()];
    // What gives rules back must not be overtaken by what follows it.
    if (underWay.includes(wanted) || underWay.includes(releasedConfig)) return;
    const connection = this.#free(standing);
    if (!connection) return;
    if (!standing.isPushing) {
      if (this.#pushing >= maxPushes) {
        this.#waiting.add(standing);
        return;
      }
      standing.isPushing = true;
      this.#pushing += 1;
    }
    this.#push(standing, connection, wanted);
  }

  /** A connection that owes no answer, rather one that is not about to end. */
  #free(standing: Standing): EdgeConnection | undefined {
    const free = this.#connections(standing).filter(
      (each) => each.takesConfig && !standing.awaited.has(each),
    );
    return free.find(({ isDraining }) => !isDraining) ?? free[0];
  }

  #push(standing: Standing, connection: EdgeConnection, config: PushedConfig): void {
    standing.awaited.set(connection, config);
    connection.pushConfig(this.#encode(config));
    standing.timer?.cancel();
    standing.timer = this.#options.clock.after(answerPatienceMs, () => this.#tryAnother(standing));
  }

  /** The connection may be dead and nobody knows yet: the same goes over the next one. */
  #tryAnother(standing: Standing): void {
    const wanted = this.#wanted(standing);
    if (!wanted || wanted === standing.settled) return;
    const next = this.#free(standing);
    if (next) this.#push(standing, next, wanted);
    // Whoever does not answer at all must not keep others waiting.
    else this.#leave(standing);
  }

  /** Nothing is under way to this connector any more; the next one may be sent to. */
  #leave(standing: Standing): void {
    this.#waiting.delete(standing);
    if (!standing.isPushing) return;
    standing.isPushing = false;
    this.#pushing -= 1;
    while (this.#pushing < maxPushes) {
      const [next] = this.#waiting;
      if (!next) return;
      this.#waiting.delete(next);
      this.#reconcile(next);
    }
  }

  /** It runs something that this edge does not have, or has in another form: after a while this edge's word counts. */
  #outdated(standing: Standing, connection: EdgeConnection, ack: ConfigAck): void {
    const sent = standing.settled;
    standing.refusal = `It is ahead of this edge: ${ack.text}.`;
    standing.timer?.cancel();
    standing.timer = this.#options.clock.after(outdatedPatienceMs, () => {
      if (standing.settled !== sent || this.#wanted(standing) !== sent || !sent) return;
      const one = this.#free(standing);
      if (!one) return;
      this.#options.log.warn(
        'A connector is ahead of this edge; it is told to take the rules that are here',
        {
          tunnel: this.#options.tunnelName(standing.tunnelId),
          connector: standing.instanceId,
          version: sent.version,
        },
      );
      // The word that gives the rules back is answered first; then they are sent again.
      standing.settled = undefined;
      this.#push(standing, one, releasedConfig);
    });
    this.#options.tell('config-refused', connection, standing.refusal);
  }

  #note(standing: Standing, connection: EdgeConnection, ack: ConfigAck): void {
    const fields = {
      tunnel: this.#options.tunnelName(standing.tunnelId),
      connector: standing.instanceId,
      version: ack.version,
    };
    if (ack.verdict === 'refused') {
      this.#options.log.warn('A connector refused the rules of its tunnel', { ...fields, error: ack.text });
      this.#options.tell('config-refused', connection, ack.text);
    } else if (ack.version > 0) {
      this.#options.log.info('A connector has put the rules of its tunnel in force', fields);
      this.#options.tell('config-accepted', connection, `version ${ack.version}`);
    }
  }

  #encode(config: PushedConfig): EncodedConfig {
    let encoded = this.#encoded.get(config);
    if (!encoded) {
      encoded = encodeConfig(config);
      this.#encoded.set(config, encoded);
    }
    return encoded;
  }
}

/** Configs by tunnel; one that has not changed stays the same object, so that "the same" is one comparison. */
function configsOf(
  tunnels: readonly TunnelEntry[],
  before: ReadonlyMap<string, PushedConfig>,
): ReadonlyMap<string, PushedConfig> {
  const configs = new Map<string, PushedConfig>();
  for (const { id, config } of tunnels) {
    if (!config) continue;
    const known = before.get(id);
    const isSame = known !== undefined && known.version === config.version && known.text === config.text;
    configs.set(id, isSame ? known : config);
  }
  return configs;
}
