// Which tunnel connections are up, and which of them takes the next request. Replicas (connector processes) share
// load by least outstanding requests; within one replica requests are packed onto few connections, because frames
// that leave together cost one write, until a connection is busy enough for the next to help.
import { RuleGuard } from '../access/guards/rule-guard.ts';
import type { DisconnectReason, EdgeConnection } from '#tunnel/connection.ts';
import type { PublishedRule, PublishedRules } from '#model/ingress/published-rules.ts';
import type { RuleMatcher } from '#model/ingress/ingress-match.ts';
import { compileRules } from '#model/ingress/ingress-match.ts';
import type { Member } from '../balance/balancer.ts';
import { OriginPool } from '../origins/origin-pool.ts';

/** One connection with the edge's own bookkeeping. */
export class TunnelSlot {
  readonly connection: EdgeConnection;
  rules: PublishedRules;
  matcher: RuleMatcher;
  /** Rules that ask for access on some paths of a hostname. */
  guard: RuleGuard;
  /** Requests under way through this connection. */
  outstanding = 0;
  /** Those among them that have moved a lot of bytes: they fill the connection's buffers, others wait behind them. */
  bulk = 0;
  /** Requests whose match was older than the connector's rules; they start again when the new ones are here. */
  readonly #awaitingRules = new Set<() => void>();
  /** Idle origin streams by rule index and, where the rule asks for it, host. */
  readonly pool: OriginPool;

  /** This connection's part of every access log line, made once; the rule's index follows. */
  readonly logFields: Buffer;

  constructor(connection: EdgeConnection, rules: PublishedRules) {
    const { tunnelId, instanceId, id } = connection;
    this.logFields = Buffer.from(
      `,"tunnel":"${tunnelId}","connector":"${instanceId}","connection":"${id}","rule":`,
    );
    this.connection = connection;
    this.rules = rules;
    this.matcher = compileRules(rules.rules);
    this.guard = new RuleGuard(rules.rules);
    this.pool = new OriginPool();
  }

  /** Calls `run` once, with the next rules or when the connection is gone; until the returned function is called. */
  awaitRules(run: () => void): () => void {
    this.#awaitingRules.add(run);
    return () => this.#awaitingRules.delete(run);
  }

  /** The rules are others now, or there will be none. */
  renewed(): void {
    if (this.#awaitingRules.size === 0) return;
    const waiting = [...this.#awaitingRules];
    this.#awaitingRules.clear();
    for (const run of waiting) run();
  }
}

/** Where a request goes. */
export interface TunnelTarget {
  readonly slot: TunnelSlot;
  readonly rule: PublishedRule;
  readonly ruleIndex: number;
  /** Of the rules that the match was made with. */
  readonly rulesVersion: number;
  /** Of a route with several services: which one. */
  readonly member?: Member | undefined;
}

/** A connection is called busy, and the next one gets used too, in steps of this many requests under way. */
const packingStep = 64;

/** One bulk transfer makes a connection less welcome than this many steps of ordinary requests. */
const bulkWeight = 100;

/** Load of the replica that has just failed a request: its other connections are likely to be dying, too. */
const lastResort = Number.MAX_SAFE_INTEGER;

/** Load of a connection that has gone quiet: it may be dead, and everything else is better. */
const quietLoad = Number.MAX_VALUE;

/** All live connections by tunnel. */
export class TunnelRegistry {
  readonly #byTunnel = new Map<string, TunnelSlot[]>();
  /** Of tunnels that end at another worker of this edge; used while there is none of the tunnel's own. */
  readonly #relayed = new Map<string, TunnelSlot[]>();
  readonly #changed: (() => void)[] = [];
  readonly #slots = new Map<EdgeConnection, TunnelSlot>();
  readonly #disconnects = new Map<DisconnectReason, number>();
  readonly #awaited = new Map<string, Set<() => void>>();

  /** Calls `run` whenever a connection of a tunnel's own comes, goes, or has other rules. */
  onChange(run: () => void): void {
    this.#changed.push(run);
  }

  /** A connection counts from its first rules on; later calls replace them. `isRelayed`: it ends at another worker. */
  setRules(connection: EdgeConnection, rules: PublishedRules, isRelayed = false): void {
    if (connection.isDraining) return;
    if (!isRelayed) for (const run of this.#changed) run();
    const known = this.#slots.get(connection);
    if (known) {
      known.rules = rules;
      known.matcher = compileRules(rules.rules);
      known.guard = new RuleGuard(rules.rules);
      known.pool.retire();
      known.renewed();
      return;
    }
    const slot = new TunnelSlot(connection, rules);
    this.#slots.set(connection, slot);
    const lists = isRelayed ? this.#relayed : this.#byTunnel;
    const list = lists.get(connection.tunnelId);
    if (list) list.push(slot);
    else lists.set(connection.tunnelId, [slot]);
    for (const run of [...(this.#awaited.get(connection.tunnelId) ?? [])]) run();
  }

  /** Calls `run` whenever a connection of the tunnel begins to take requests, until the returned function is called. */
  whenOnline(tunnelId: string, run: () => void): () => void {
    const runs = this.#awaited.get(tunnelId) ?? new Set();
    this.#awaited.set(tunnelId, runs.add(run));
    return () => {
      runs.delete(run);
      if (runs.size === 0 && this.#awaited.get(tunnelId) === runs) this.#awaited.delete(tunnelId);
    };
  }

  /** The connection takes no further request; those under way finish. */
  remove(connection: EdgeConnection): void {
    const slot = this.#slots.get(connection);
    if (!slot) return;
    this.#slots.delete(connection);
    const isRelayed = this.#relayed.get(connection.tunnelId)?.includes(slot) === true;
    const lists = isRelayed ? this.#relayed : this.#byTunnel;
    const rest = lists.get(connection.tunnelId)!.filter((other) => other !== slot);
    if (rest.length > 0) lists.set(connection.tunnelId, rest);
    else lists.delete(connection.tunnelId);
    slot.pool.retire();
    slot.renewed();
    if (!isRelayed) for (const run of this.#changed) run();
  }

  /** Whether the connection still takes requests. */
  has({ connection }: TunnelSlot): boolean {
    return this.#slots.has(connection);
  }

  countDisconnect(reason: DisconnectReason): void {
    this.#disconnects.set(reason, (this.#disconnects.get(reason) ?? 0) + 1);
  }

  get disconnects(): ReadonlyMap<DisconnectReason, number> {
    return this.#disconnects;
  }

  /** Without those that end at another worker. */
  get connections(): EdgeConnection[] {
    return this.ownSlots.map(({ connection }) => connection);
  }

  /** Connections of connectors with this process. */
  get ownSlots(): TunnelSlot[] {
    return [...this.#byTunnel.values()].flat();
  }

  get slots(): Iterable<TunnelSlot> {
    return this.#slots.values();
  }

  isOnline(tunnelId: string): boolean {
    return this.#byTunnel.has(tunnelId) || this.#relayed.has(tunnelId);
  }

  /**
   * The connection for the next request to `tunnelId`; after a failure on `except` rather another replica's, then a
   * sibling's; one that has gone quiet only where there is no other. HOT.
   */
  pick(tunnelId: string, except: TunnelSlot | undefined): TunnelSlot | undefined {
    const slots = this.#byTunnel.get(tunnelId) ?? this.#relayed.get(tunnelId);
    if (!slots) return undefined;
    if (slots.length === 1) return slots[0];
    let best: TunnelSlot | undefined;
    let bestReplica = Infinity;
    let bestSteps = Infinity;
    for (const slot of slots) {
      if (slot === except) continue;
      const { instanceId, isQuiet } = slot.connection;
      const isNextToFailed = instanceId === except?.connection.instanceId;
      const load = isNextToFailed ? lastResort : this.#replicaLoad(slots, instanceId);
      const replica = isQuiet ? quietLoad : load;
      const steps = slot.bulk * bulkWeight + Math.floor(slot.outstanding / packingStep);
      if (replica < bestReplica || (replica === bestReplica && steps < bestSteps)) {
        best = slot;
        bestReplica = replica;
        bestSteps = steps;
      }
    }
    return best ?? except;
  }

  /** Whether the tunnel has another replica than the one `slot` belongs to. */
  hasReplicaBeside(slot: TunnelSlot): boolean {
    const { tunnelId, instanceId } = slot.connection;
    return this.#byTunnel.get(tunnelId)?.some((other) => other.connection.instanceId !== instanceId) ?? false;
  }

  /** Requests under way through all connections of one replica. */
  #replicaLoad(slots: readonly TunnelSlot[], instanceId: string): number {
    let sum = 0;
    for (const slot of slots) if (slot.connection.instanceId === instanceId) sum += slot.outstanding;
    return sum;
  }
}
